"""Place a paid call: prepare its audio, store the intent, ask a carrier, store the answer.

A worker may die between any two lines. It leaves an attempt with an intent, which the next worker
resolves (``recover_attempt``).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from ringbolt.app.calls.ask_carrier import ask, give_up, write_down
from ringbolt.app.calls.call_pacing import Pacing, began, has_line, keeps_rate, may_start, pacing_of
from ringbolt.app.calls.recover_attempt import Work, recover
from ringbolt.app.calls.render import Rendered, render
from ringbolt.app.checkout.routes import call_route
from ringbolt.app.jobs import HANG_UP_CALL
from ringbolt.app.limits.count_order import Refused, count_order
from ringbolt.app.limits.destination_limits import Limits, limits_of_order
from ringbolt.app.limits.spend_limits import is_counted, uncount_sale
from ringbolt.app.part_costs import begin_cost
from ringbolt.app.part_limits import (
    CALLS,
    Route,
    Wait,
    choose_part,
    estimate_of,
    has_turn,
    keep_turn,
    wait_for_part,
)
from ringbolt.app.policies import LimitPolicy, Policies
from ringbolt.app.shop import Shop
from ringbolt.core.calls.call import HUNG_UP
from ringbolt.core.commands import CallOrder
from ringbolt.core.errors import AudioBusy, AudioUnplayable, RateLimited, SpeechBusy, SpeechFailed
from ringbolt.core.humanise import span
from ringbolt.core.order import OrderState, PaymentMethod
from ringbolt.registry.routing import next_to_ask
from ringbolt.store import calls, jobs, orders, suppressions
from ringbolt.store.attempts import Asked
from ringbolt.store.calls import Attempt, AttemptState
from ringbolt.store.engine.db import Tx
from ringbolt.store.jobs import Job
from ringbolt.store.orders import Order
from ringbolt.voice.carrier import Accepted

_CONCURRENCY_RETRY_MS = 500
_SPEECH_RETRY_MS = 1000
_NO_CARRIER = "no carrier of this shop calls this number any more"
_UNWANTED = "the called person asked to get no calls from us"


def _load(tx: Tx, order_id: str) -> Work | None:
    order = orders.by_id(tx, order_id)
    if order is None:
        return None
    is_asked = order.state is OrderState.DISPATCHING
    is_unwanted = is_asked and HANG_UP_CALL.exists(tx, order_id)
    asked = calls.asked_in_this_try(tx, order_id)
    return Work(order, calls.present_attempt(tx, order_id), tx.now_ms, asked, is_unwanted)


@dataclass(frozen=True, slots=True)
class _Limits:
    """``lines``: calls up at the same time, 0 = any number. ``to_hash``: the called number, as the
    suppression list has it. ``counted``: the limits that the call counts for, besides those of
    sales. ``pacing``: that of the account."""

    lines: int
    to_hash: str
    counted: Limits
    policy: LimitPolicy
    pacing: Pacing | None = None


def _limits(policies: Policies, order: Order, command: CallOrder) -> _Limits:
    return _Limits(
        policies.calls.lines,
        policies.limits.hash_of(command.to),
        limits_of_order(policies.limits, order),
        policies.limits,
        pacing_of(policies, order),
    )


async def dispatch_call(shop: Shop, job: Job) -> None:
    """The job behind every placed call; safe to run again at any point. Raises ``LeaseLost``."""
    assert job.order_id is not None
    work = await shop.db.read(_load, job.order_id)
    if work is not None and work.order.state is OrderState.PAID:
        await _first(shop, job, work)
    elif work is not None and work.order.state is OrderState.DISPATCHING and work.attempt:
        await recover(shop, job, work, work.attempt)
    elif work is not None and work.attempt and work.attempt.state is AttemptState.ACCEPTED:
        # Its events came before its answer was stored, and may stop coming.
        await write_down(shop, job, work.order, work.attempt, Accepted(""))
    else:
        await shop.db.tx(jobs.finish, job)


async def _first(shop: Shop, job: Job, work: Work) -> None:
    """PAID: make the audio, store the intent, ask."""
    order = work.order
    command = order.command_as(CallOrder)
    limits = _limits(shop.policies, order, command)
    # No audio is fetched for a call that cannot be placed now.
    if work.is_late:
        await shop.db.tx(give_up, job, order.id, _too_late(order), True)
        return
    route = _route(shop, command)
    if not next_to_ask(route.names, work.asked.times, work.asked.refused):
        await shop.db.tx(give_up, job, order.id, _NO_CARRIER, True)
        return
    if not await _may_begin(shop, job, work, limits):
        return
    if route.limited:
        kept = await shop.db.tx(_get_turn, job, work, route)
        if kept is None:
            return
        job = kept
    rendered = await _rendered(shop, job, order.id, command)
    if rendered is None:
        return
    attempt = await shop.db.tx(
        _intend,
        job,
        order.id,
        route,
        secrets.token_hex(16),
        rendered.notes,
        limits,
    )
    carrier = None if attempt is None else shop.carriers.named(attempt.carrier)
    if attempt is not None and carrier is not None:
        await ask(shop, job, carrier, order, attempt, rendered)


def _route(shop: Shop, command: CallOrder) -> Route:
    names = [carrier.name for carrier in call_route(shop, command)]
    return Route.of(CALLS, shop.carriers, names, estimate_of(shop.policies.exchange, command))


def _get_turn(tx: Tx, job: Job, work: Work, route: Route) -> Job | None:
    """The job with a turn at a carrier; None if it comes back later: no audio is made until then,
    except the one time that its turn has passed meanwhile."""
    order = work.order
    found = choose_part(tx, job, route, work.asked, order.deadline_ms)
    match found:
        case Wait():
            wait_for_part(tx, job, found, order.deadline_ms)
            return None
        case None:
            return job
        case _:
            return keep_turn(tx, job, found, work.asked)


async def _rendered(shop: Shop, job: Job, order_id: str, command: CallOrder) -> Rendered | None:
    """The audio of a call; None if there is none now: the job comes back, or the order failed."""
    script = command.script(shop.policies.calls.linger_ms)
    try:
        return await render(shop, script, command.max_play_ms)
    except (SpeechBusy, AudioBusy) as error:  # its turn may come before it is too late
        await shop.db.tx(jobs.retry, job, _SPEECH_RETRY_MS, error.message)
    except (SpeechFailed, AudioUnplayable) as error:
        await shop.db.tx(give_up, job, order_id, f"{error.code}: {error.message}", True)
    return None


async def _may_begin(shop: Shop, job: Job, work: Work, limits: _Limits) -> bool:
    """Whether there is a line for the call; if not, its job comes back later."""
    if limits.pacing is not None and work.attempt is None:
        return await shop.db.tx(_may_start, job, work.order, limits.pacing, limits.lines)
    if limits.lines and await shop.db.read(calls.open_attempts) >= limits.lines:
        return await shop.db.tx(_has_line, job, work.order, limits)
    return True


def _may_start(tx: Tx, job: Job, order: Order, pacing: Pacing, lines: int) -> bool:
    """A call that has waited for its carrier had its turn in the account before."""
    if has_turn(tx, job):
        return has_line(tx, job, order, pacing, lines)
    return may_start(tx, job, order, pacing, lines)


def _has_line(tx: Tx, job: Job, order: Order, limits: _Limits) -> bool:
    if limits.pacing is not None:
        return has_line(tx, job, order, limits.pacing, limits.lines)
    if not limits.lines or calls.open_attempts(tx) < limits.lines:
        return True
    jobs.retry(tx, job, _CONCURRENCY_RETRY_MS, "waiting for a free line")
    return False


def _too_late(order: Order) -> str:
    if order.method is not PaymentMethod.BALANCE:
        return "no carrier could take the call in time"
    waited = span((order.deadline_ms or order.created_ms) - order.created_ms)
    return f"its turn did not come within {waited}, as long as a call may wait"


def _is_held_back(tx: Tx, job: Job, order: Order, limits: _Limits) -> bool:
    """Whether the call cannot begin at this moment; its job then comes back."""
    # The pace first: its row keeps another machine from counting the same lines meanwhile.
    if limits.pacing is not None and not keeps_rate(tx, job, order, limits.pacing):
        return True
    return not _has_line(tx, job, order, limits)


def _hold_off(tx: Tx, job: Job, order: Order, refused: Refused) -> None:
    """The number was called too often recently: try again later, or give up."""
    wait_ms = refused.may_wait_ms
    if wait_ms and tx.now_ms + wait_ms < (order.deadline_ms or 0):
        jobs.retry(tx, job, wait_ms, refused.why)
    else:
        give_up(tx, job, order.id, refused.why, True)


def _choose(tx: Tx, job: Job, order: Order, route: Route, asked: Asked) -> str | None:
    """The carrier to ask; None if none may be asked now: the job comes back, or has given up."""
    found = choose_part(tx, job, route, asked, order.deadline_ms)
    if isinstance(found, Wait):
        wait_for_part(tx, job, found, order.deadline_ms)
        return None
    if found is None:
        give_up(tx, job, order.id, _NO_CARRIER, True)
    return found


def _refused(tx: Tx, order: Order, limits: _Limits) -> Refused | None:
    """Why the call must not be placed now; None, and the call is counted, if it may."""
    if suppressions.holds(tx, "sms", limits.to_hash):
        return Refused(_UNWANTED, RateLimited(_UNWANTED))
    refused = count_order(tx, limits.policy, order, limits.counted)
    if refused is not None and is_counted(limits.policy, order.kind):
        uncount_sale(tx, order, tx.now_ms)
    return refused


def _is_wanted(tx: Tx, job: Job, order: Order, limits: _Limits, asked: Asked) -> bool:
    """Whether nobody objects to the call; at its first attempt it counts for the limits."""
    if asked.times:
        # A hang-up is kept only once a carrier was asked: the first attempt needs no look.
        if HANG_UP_CALL.exists(tx, order.id):
            give_up(tx, job, order.id, HUNG_UP, False)
            return False
        return True
    refused = _refused(tx, order, limits)
    if refused is not None:
        _hold_off(tx, job, order, refused)
    return refused is None


def _intend(
    tx: Tx,
    job: Job,
    order_id: str,
    route: Route,
    ref: str,
    notes: tuple[str, ...],
    limits: _Limits,
) -> Attempt | None:
    """PAID -> DISPATCHING with an attempt written down; None if there is nothing to ask now."""
    order = orders.by_id(tx, order_id)
    assert order is not None, "an order is never removed"
    if order.deadline_ms is not None and tx.now_ms >= order.deadline_ms:
        give_up(tx, job, order_id, _too_late(order), True)
        return None
    if _is_held_back(tx, job, order, limits):
        return None
    asked = calls.asked_in_this_try(tx, order_id)
    carrier = _choose(tx, job, order, route, asked)  # before it counts: it may have to wait
    if carrier is None:
        return None
    if not _is_wanted(tx, job, order, limits, asked):
        return None
    if not orders.move(tx, order_id, OrderState.DISPATCHING, f"asking {carrier}", part=carrier):
        jobs.finish(tx, job)
        return None
    jobs.check(tx, job)
    calls.update_call(tx, order_id, notes=notes)
    if limits.pacing is not None:
        began(tx, limits.pacing)
    attempt = calls.add_attempt(tx, order_id, attempt_id=ref, carrier=carrier, ref=ref)
    begin_cost(tx, route, attempt)
    return attempt
