"""Ask a carrier for a paid call: write the intent down, ask, write the answer down.

A worker may die between any two lines. What it leaves behind is an attempt with an intent; the
next worker resolves it as the carrier allows (``Recovery``), and never calls a person twice.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from ringbolt.app import call_order
from ringbolt.app.record_outcome import apply_event, check_uniq, fail, mark_in_progress
from ringbolt.app.render import Rendered, render
from ringbolt.app.shop import Shop
from ringbolt.core.call import CallStatus
from ringbolt.core.errors import AudioUnplayable, SpeechFailed, Unavailable
from ringbolt.core.order import OrderState
from ringbolt.store import calls, jobs, orders
from ringbolt.store.calls import Attempt, AttemptState
from ringbolt.store.db import Tx
from ringbolt.store.jobs import Job
from ringbolt.store.orders import Order
from ringbolt.voice.carrier import (
    Accepted,
    PlaceCall,
    PlaceResult,
    Recovery,
    Rejected,
    SupportsCallLookup,
    Unknown,
)

CHECK_CALL = "check_call"
MAX_ATTEMPTS = 4
"""How often a carrier is asked anew after it refused for now."""
_CONCURRENCY_RETRY_MS = 500
_SILENCE_MARGIN_MS = 20_000


@dataclass(frozen=True, slots=True)
class _Work:
    order: Order
    attempt: Attempt | None


def _load(tx: Tx, order_id: str) -> _Work | None:
    order = orders.by_id(tx, order_id)
    return _Work(order, calls.present_attempt(tx, order_id)) if order is not None else None


async def dispatch_call(shop: Shop, job: Job) -> None:
    """The job behind every placed call; safe to run again at any point. Raises ``LeaseLost``."""
    assert job.order_id is not None
    work = await shop.db.read(_load, job.order_id)
    if work is not None and work.order.state is OrderState.PAID:
        await _first(shop, job, work.order)
    elif work is not None and work.order.state is OrderState.DISPATCHING and work.attempt:
        await _recover(shop, job, work.order, work.attempt)
    else:
        await shop.db.tx(jobs.finish, job)


async def _first(shop: Shop, job: Job, order: Order) -> None:
    """PAID: make the audio, write the intent, ask."""
    command = call_order.from_json(order.request)
    try:
        rendered = await render(shop, command.script(_linger_ms(shop)))
    except (SpeechFailed, AudioUnplayable) as error:
        await shop.db.tx(_give_up, job, order.id, f"{error.code}: {error.message}", True, _k1())
        return
    attempt = await shop.db.tx(
        _intend,
        job,
        order.id,
        shop.carrier.name,
        secrets.token_hex(16),
        rendered.notes,
        shop.settings.calls.max_concurrent if shop.limits else 0,
        _k1(),
    )
    if attempt is not None:
        await _ask(shop, job, order, attempt, rendered)


def _intend(
    tx: Tx,
    job: Job,
    order_id: str,
    carrier: str,
    ref: str,
    notes: tuple[str, ...],
    max_concurrent: int,
    k1: str,
) -> Attempt | None:
    """PAID -> DISPATCHING with an attempt written down; None if there is nothing to ask now."""
    order = orders.by_id(tx, order_id)
    if order is not None and order.deadline_ms is not None and tx.now_ms >= order.deadline_ms:
        _give_up(tx, job, order_id, "no carrier could take the call in time", True, k1)
        return None
    if max_concurrent and calls.open_attempts(tx) >= max_concurrent:
        jobs.retry(tx, job, _CONCURRENCY_RETRY_MS, "waiting for a free line")
        return None
    if not orders.move(tx, order_id, OrderState.DISPATCHING, f"asking {carrier}"):
        jobs.finish(tx, job)
        return None
    jobs.check(tx, job)
    calls.update_call(tx, order_id, notes=notes)
    return calls.add_attempt(tx, order_id, attempt_id=ref, carrier=carrier, ref=ref)


async def _ask(shop: Shop, job: Job, order: Order, attempt: Attempt, rendered: Rendered) -> None:
    command = call_order.from_json(order.request)
    linger_ms = _linger_ms(shop)
    result = await shop.carrier.place(
        PlaceCall(
            ref=attempt.ref,
            to=command.to,
            caller_id=shop.settings.calls.caller_id,
            script=rendered.script,
            ring_timeout_s=shop.settings.calls.ring_timeout_s,
            max_duration_s=command.max_duration_s(linger_ms),
        )
    )
    await shop.db.tx(
        _answered, job, attempt, result, shop.settings.calls.charge_on, _patience_ms(shop, command),
        _k1(),
    )  # fmt: skip


def _answered(
    tx: Tx,
    job: Job,
    attempt: Attempt,
    result: PlaceResult,
    charge_on: str,
    patience_ms: int,
    k1: str,
) -> None:
    """Write the carrier's answer down."""
    match result:
        case Accepted(carrier_id):
            _accepted(tx, attempt, carrier_id, charge_on, patience_ms)
            jobs.finish(tx, job)
        case Rejected(reason, permanent):
            calls.update_attempt(
                tx,
                attempt.id,
                state=AttemptState.REJECTED,
                reason=reason,
                finished_ms=tx.now_ms,
            )
            why = f"the carrier refused: {reason}"
            if permanent or attempt.n >= MAX_ATTEMPTS:
                calls.update_call(
                    tx, attempt.order_id, status=CallStatus.FAILED, cause=reason,
                    ended_ms=tx.now_ms,
                )  # fmt: skip
                fail(tx, attempt.order_id, why, may_retry=True, k1=k1)
                jobs.finish(tx, job)
            else:
                orders.move(tx, attempt.order_id, OrderState.PAID, why,
                            only_from=frozenset({OrderState.DISPATCHING}))  # fmt: skip
                jobs.retry(tx, job, 1000 * 2 ** (attempt.n - 1), reason)
        case Unknown(reason):
            calls.update_attempt(tx, attempt.id, state=AttemptState.UNKNOWN, reason=reason)
            jobs.retry(tx, job, 1000, reason)


def _accepted(tx: Tx, attempt: Attempt, carrier_id: str, charge_on: str, patience_ms: int) -> None:
    calls.update_attempt(tx, attempt.id, carrier_id=carrier_id)
    current = calls.attempt_by_ref(tx, attempt.ref)
    if current is not None and current.state in (AttemptState.INTENT, AttemptState.UNKNOWN):
        calls.update_attempt(tx, attempt.id, state=AttemptState.ACCEPTED)
    mark_in_progress(tx, attempt.order_id, charge_on, CallStatus.INITIATED)
    if current is not None and current.state is not AttemptState.DONE:
        jobs.enqueue(
            tx,
            kind=CHECK_CALL,
            lane="dispatch",
            uniq=check_uniq(attempt.ref),
            order_id=attempt.order_id,
            run_at_ms=tx.now_ms + patience_ms,
        )


async def _recover(shop: Shop, job: Job, order: Order, attempt: Attempt) -> None:
    """DISPATCHING: somebody asked, or was about to ask, and did not write down the answer."""
    command = call_order.from_json(order.request)
    terms = (shop.settings.calls.charge_on, _patience_ms(shop, command), _k1())
    if attempt.state in (AttemptState.ACCEPTED, AttemptState.DONE):
        await shop.db.tx(_answered, job, attempt, Accepted(attempt.carrier_id or ""), *terms)
        return
    out_of_time = order.deadline_ms is not None and shop.clock.now_ms() >= order.deadline_ms
    carrier = shop.carrier
    if carrier.recovery is Recovery.LOOKUP and isinstance(carrier, SupportsCallLookup):
        try:
            found = await carrier.find(attempt.ref)
        except Unavailable as error:
            await _wait_or_give_up(shop, job, order, attempt, out_of_time, error.message)
            return
        if found is not None:
            await shop.db.tx(_answered, job, attempt, Accepted(found.carrier_id), *terms)
            for event in found.events:
                await shop.db.tx(apply_event, event, shop.settings.calls.charge_on, _k1())
            return
        if out_of_time:
            await shop.db.tx(_give_up, job, order.id, "no carrier took the call", True, _k1())
            return
    elif carrier.recovery is Recovery.NONE:
        await _wait_or_give_up(
            shop, job, order, attempt, out_of_time, "the carrier's answer is not known"
        )
        return
    # Definitely absent, or the same reference makes it the same call: ask (again).
    try:
        rendered = await render(shop, command.script(_linger_ms(shop)))
    except (SpeechFailed, AudioUnplayable) as error:
        await shop.db.tx(_give_up, job, order.id, f"{error.code}: {error.message}", True, _k1())
        return
    await shop.db.tx(jobs.check, job)
    await _ask(shop, job, order, attempt, rendered)


async def _wait_or_give_up(
    shop: Shop, job: Job, order: Order, attempt: Attempt, out_of_time: bool, why: str
) -> None:
    if out_of_time:
        # The phone may have rung: the money goes back, but nothing is tried again.
        await shop.db.tx(_give_up, job, order.id, f"the outcome is not known: {why}", False, _k1())
    else:
        await shop.db.tx(jobs.retry, job, min(30_000, 1000 * 2 ** min(job.attempts, 5)), why)


def _give_up(tx: Tx, job: Job, order_id: str, why: str, may_retry: bool, k1: str) -> None:
    """Fail the order before its call came about."""
    if fail(tx, order_id, why, may_retry=may_retry, k1=k1):
        calls.update_call(tx, order_id, status=CallStatus.FAILED, cause=why, ended_ms=tx.now_ms)
    attempt = calls.present_attempt(tx, order_id)
    if attempt is not None and attempt.finished_ms is None:
        calls.update_attempt(tx, attempt.id, finished_ms=tx.now_ms)
    jobs.finish(tx, job)


def _linger_ms(shop: Shop) -> int:
    return round(shop.settings.calls.linger_s * 1000)


def _patience_ms(shop: Shop, command: call_order.CallOrder) -> int:
    """How long a call can take at most, from asking to its last event."""
    seconds = shop.settings.calls.ring_timeout_s + command.max_duration_s(_linger_ms(shop))
    return seconds * 1000 + _SILENCE_MARGIN_MS


def _k1() -> str:
    return secrets.token_hex(32)
