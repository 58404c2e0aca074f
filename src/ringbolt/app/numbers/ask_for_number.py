"""Ask a provider for a number after the intent is stored, and store the answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from typing import Any, Final

from ringbolt.app.attempts import hear
from ringbolt.app.checkout.reactivate_number import COOL_DOWN_MS, REUSE_AFTER_MS, Claimant
from ringbolt.app.checkout.routes import number_route
from ringbolt.app.numbers.close_lease import (
    close_receiving,
    is_known,
    see_to_giving_back,
    set_timer,
)
from ringbolt.app.numbers.receive_text import receive_early_texts
from ringbolt.app.part_costs import tell_cost
from ringbolt.app.part_limits import NUMBERS
from ringbolt.app.payments.decide_outcome import fail
from ringbolt.app.policies import ReceivingPolicy
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks import notify
from ringbolt.core.commands import ReceiveTexts
from ringbolt.core.order import NOT_TAKEN, OrderState
from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.numbers.provider import Acquired, AcquireNumber, AcquireResult, NumberProvider
from ringbolt.registry.routing import next_asked
from ringbolt.store import attempts, jobs, orders, receiving_orders
from ringbolt.store.attempts import Asked, Attempt, AttemptState
from ringbolt.store.engine.db import Tx
from ringbolt.store.jobs import Job
from ringbolt.store.orders import Order
from ringbolt.store.receiving_orders import NumberLease, ReceivingOrder

MAX_UNFIT: Final = 3
"""After this many unusable numbers in a row, a provider counts as having none."""
_HOUR_MS: Final = 3_600_000
_AGAIN_MS: Final = 1000
_LONGEST_MS: Final = 5000

OPEN = frozenset({AttemptState.INTENT, AttemptState.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Work:
    """An order that needs a number, and the attempt under way, if any."""

    order: Order
    attempt: Attempt | None
    now_ms: int
    asked: Asked

    @property
    def request(self) -> ReceiveTexts:
        return self.order.command_as(ReceiveTexts)


def route_of(shop: Shop, request: ReceiveTexts) -> tuple[str, ...]:
    """The names of the providers of such a number, in the order in which they are asked; not for
    numbers of real telephones."""
    return tuple(provider.name for provider in number_route(shop, request))


def asked_since_last_number(made: Sequence[Attempt]) -> Asked:
    """Who was asked since the order had a number, or at all, by its attempts in their order."""
    rejected = _since_last_number(made)
    refused = frozenset(attempt.carrier for attempt in rejected if attempt.permanent)
    return Asked(Counter(attempt.carrier for attempt in rejected), refused)


def _since_last_number(made: Sequence[Attempt]) -> list[Attempt]:
    return list(takewhile(lambda attempt: attempt.state is AttemptState.REJECTED, reversed(made)))


@dataclass(frozen=True, slots=True)
class Terms:
    """What a provider's answer is judged by. ``route``: the names of those who may be asked for
    the number, in order; of real telephones, who was."""

    policy: ReceivingPolicy
    route: tuple[str, ...]


def terms_of(shop: Shop, order: Order, attempt: Attempt) -> Terms:
    """By which rules, and from whom, the order gets its number."""
    request = order.command_as(ReceiveTexts)
    route = (attempt.carrier,) if request.real else route_of(shop, request)
    return Terms(shop.policies.receiving, route)


def is_late(policy: ReceivingPolicy, order: Order, attempt: Attempt, now_ms: int) -> bool:
    """Whether the buyer has waited for this number long enough."""
    until_ms = attempt.created_ms + policy.number_within_ms
    return now_ms >= min(until_ms, order.deadline_ms or now_ms)


async def ask(
    shop: Shop, job: Job, provider: NumberProvider, order: Order, attempt: Attempt
) -> None:
    """Ask the provider for a number, and store what it answers. Raises ``LeaseLost``."""
    request = order.command_as(ReceiveTexts)
    avoid = set(job.payload.get("avoid", ()))
    if attempt.n > 1:
        avoid |= await shop.db.read(_numbers_had, order.id)
    jobs.sure(job)
    shop.number_providers.asking(attempt.carrier)
    result = await provider.acquire(
        AcquireNumber(
            ref=attempt.ref,
            service=request.service,
            country=request.country,
            hours=request.hours,
            real=request.real,
            avoid=frozenset(avoid),
            again=request.again,
            most=partial(shop.policies.exchange.units, order.price_msat),
            still_wanted=job.still_ours,
        )
    )
    if job.still_ours():
        await hear(shop.db, NUMBERS, shop.number_providers, attempt.carrier, result)
    elif isinstance(result, Acquired):
        await shop.db.tx(_give_back_late, attempt, result)
    await shop.db.tx(answered, terms_of(shop, order, attempt), job, attempt, result)


def _numbers_had(tx: Tx, order_id: str) -> set[str]:
    return {lease.number for lease in receiving_orders.leases_of(tx, order_id)}


def answered(tx: Tx, terms: Terms, job: Job, attempt: Attempt, result: AcquireResult) -> None:
    """Write the provider's answer down."""
    receiving = receiving_orders.receiving_of(tx, attempt.order_id, lock=True)
    current = attempts.by_ref(tx, attempt.ref, lock=True)
    order = orders.by_id(tx, attempt.order_id)
    assert receiving is not None and current is not None and order is not None
    if current.state not in OPEN:
        jobs.finish(tx, job)
        return
    match result:
        case Acquired():
            tell_cost(tx, current, NUMBERS, result.cost)
            _lent(tx, terms, job, order, receiving, current, result)
        case Rejected():
            _none(tx, terms, job, order, current, result)
        case Unknown(reason):
            attempts.update(tx, current.id, state=AttemptState.UNKNOWN, reason=reason)
            jobs.retry(tx, job, _AGAIN_MS, reason)


def _give_back_late(tx: Tx, attempt: Attempt, acquired: Acquired) -> None:
    """Another worker took the job over while this one stood still before it asked. If the attempt
    has been resolved without this lease, nobody would use the number or give it back."""
    receiving_orders.receiving_of(tx, attempt.order_id, lock=True)
    current = attempts.by_ref(tx, attempt.ref, lock=True)
    assert current is not None
    if current.state not in OPEN and not is_known(tx, attempt.carrier, acquired.lease_id):
        _release_number(tx, attempt, acquired)


def give_up(tx: Tx, order_id: str, why: str) -> bool:
    """Fail an order that has no number; False if it is not looking for one any more."""
    if not fail(tx, order_id, why, only_from=NOT_TAKEN):
        return False
    close_receiving(tx, order_id, None, why)
    notify.changed(tx, order_id)
    return True


def _end_attempt(
    tx: Tx,
    attempt: Attempt,
    state: AttemptState,
    why: str,
    lease_id: str | None = None,
    *,
    permanent: bool = False,
) -> None:
    attempts.update(
        tx,
        attempt.id,
        state=state,
        reason=why,
        finished_ms=tx.now_ms,
        carrier_id=lease_id,
        permanent=int(permanent),
    )


def _none(tx: Tx, terms: Terms, job: Job, order: Order, attempt: Attempt, answer: Rejected) -> None:
    """This provider has no number: ask the next one at once, or the same one a little later if it
    did not get the request. If no provider is left, the money goes back."""
    reason = answer.reason
    _end_attempt(tx, attempt, AttemptState.REJECTED, reason, permanent=answer.permanent)
    since_ms = job.payload.get("since_ms", attempt.created_ms)
    until_ms = since_ms + terms.policy.number_within_ms
    asked, following = _following(tx, terms, order)
    is_looking = order.state is OrderState.DISPATCHING and tx.now_ms < until_ms
    if following is not None and is_looking:
        delay_ms = 0
        if following in asked.times:
            delay_ms = min(_LONGEST_MS, _AGAIN_MS * 2 ** min(attempt.n - 1, 3))
            delay_ms = max(delay_ms, answer.retry_after_ms or 0)
        jobs.retry(tx, job, delay_ms, reason, {**job.payload, "since_ms": since_ms})
        return
    give_up(tx, order.id, f"no number is free ({reason})")
    jobs.finish(tx, job)


def _following(tx: Tx, terms: Terms, order: Order) -> tuple[Asked, str | None]:
    """The providers asked since the last number, and the next one."""
    asked = asked_since_last_number(attempts.of_order(tx, order.id))
    return asked, next_asked(terms.route, asked.times, asked.refused)


def _lent(
    tx: Tx,
    terms: Terms,
    job: Job,
    order: Order,
    receiving: ReceivingOrder,
    attempt: Attempt,
    acquired: Acquired,
) -> None:
    if order.state is not OrderState.DISPATCHING:
        why = "it was not wanted any more"
        _end_attempt(tx, attempt, AttemptState.DONE, why, acquired.lease_id)
        _release_number(tx, attempt, acquired)
        jobs.finish(tx, job)
        return
    lease = _lease(order, receiving, attempt, acquired)
    why = acquired.unfit or _unfit(tx, order, lease)
    if not why and not receiving_orders.add_lease(tx, lease):
        why = "another order has it"
    if why:
        _refuse(tx, terms, job, order, attempt, acquired, why)
    else:
        _assign(tx, terms.policy, order, receiving, lease, acquired)
        jobs.finish(tx, job)


def _lease(
    order: Order, receiving: ReceivingOrder, attempt: Attempt, acquired: Acquired
) -> NumberLease:
    return NumberLease(
        id=attempt.id,
        order_id=order.id,
        provider=attempt.carrier,
        provider_id=acquired.lease_id,
        number=acquired.number,
        service=receiving.service,
        from_ms=attempt.created_ms,
        until_ms=acquired.until_ms,
        cancel_after_ms=acquired.cancel_after_ms,
        ended_ms=None,
        why="",
    )


def _unfit(tx: Tx, order: Order, lease: NumberLease) -> str:
    """Why this buyer cannot have the number; '' if they can."""
    again = order.command_as(ReceiveTexts).again
    if lease.until_ms <= tx.now_ms:
        return "its time is over already"
    if again and lease.number != again:
        return "it is not the number that was asked for"
    for before in receiving_orders.leases_of_number(tx, lease.number, tx.now_ms - REUSE_AFTER_MS):
        if before.order_id == order.id:
            return "this order had it before"
        if not again and before.service == lease.service:
            return "it was used for the same service recently"
        is_cool = before.ended_ms is None or tx.now_ms - before.ended_ms >= COOL_DOWN_MS
        if not is_cool and not (again and Claimant.of(order).had(tx, before)):
            return "another buyer had it a moment ago"
    return ""


def _refuse(
    tx: Tx,
    terms: Terms,
    job: Job,
    order: Order,
    attempt: Attempt,
    acquired: Acquired,
    why: str,
) -> None:
    """Give back a number that cannot be used, and ask for another."""
    again = bool(order.command_as(ReceiveTexts).again)
    before = _since_last_number(attempts.of_order(tx, order.id)[:-1])
    unfit = [each for each in before if each.carrier == attempt.carrier and each.carrier_id]
    is_last = again or len(unfit) + 1 >= MAX_UNFIT
    _end_attempt(tx, attempt, AttemptState.REJECTED, why, acquired.lease_id, permanent=is_last)
    if receiving_orders.lease_of_provider(tx, attempt.carrier, acquired.lease_id) is None:
        _release_number(tx, attempt, acquired)
    avoid = [*job.payload.get("avoid", ()), acquired.number]
    if _following(tx, terms, order)[1] is None:
        give_up(tx, order.id, f"no number is free ({why})")
        jobs.finish(tx, job)
    else:
        jobs.retry(tx, job, 0, why, {**job.payload, "avoid": avoid})


def _release_number(tx: Tx, attempt: Attempt, acquired: Acquired) -> None:
    see_to_giving_back(tx, attempt.order_id, attempt.carrier, acquired.lease_id, acquired.until_ms)


def _assign(
    tx: Tx,
    policy: ReceivingPolicy,
    order: Order,
    receiving: ReceivingOrder,
    lease: NumberLease,
    acquired: Acquired,
) -> None:
    """Assign the number to the buyer."""
    attempts.update(tx, lease.id, state=AttemptState.ACCEPTED, carrier_id=lease.provider_id)
    why, source = "a number is assigned", OrderState.DISPATCHING
    orders.move(tx, order.id, OrderState.IN_PROGRESS, why, only_from=source)
    changes: dict[str, Any] = {"until_ms": lease.until_ms}
    if receiving.is_rental:
        changes["until_ms"] = tx.now_ms + receiving.hours * _HOUR_MS
        set_timer(tx, order.id, tx.now_ms + policy.rental_trial_ms)
    receiving_orders.update_receiving(
        tx,
        order.id,
        lease_id=lease.id,
        number=lease.number,
        number_country=acquired.country,
        assigned_ms=tx.now_ms,
        numbers_tried=receiving.numbers_tried + 1,
        **changes,
    )
    receive_early_texts(tx, lease)
    notify.changed(tx, order.id)
