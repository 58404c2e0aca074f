"""Check a call whose carrier has reported nothing for longer than a call can last."""

from __future__ import annotations

from ringbolt.app.attempts import part_is_gone
from ringbolt.app.calls.charge_call import charge_call
from ringbolt.app.calls.record_outcome import apply_event, skip_event
from ringbolt.app.dead_letters import record_event
from ringbolt.app.jobs import CHECK_CALL
from ringbolt.app.payments.decide_outcome import fail
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks import call_notify
from ringbolt.core.calls.call import CallEvent, CallStatus
from ringbolt.core.errors import Unavailable
from ringbolt.store import calls, jobs, orders
from ringbolt.store.calls import Attempt, AttemptState
from ringbolt.store.engine.db import Tx
from ringbolt.store.jobs import Job
from ringbolt.voice.carrier import SupportsCallLookup, VoiceCarrier

_GONE_AGAIN_MS = 60_000
HANG_UP_AFTER = 4
GIVE_UP_AFTER = 12
"""How many checks of a silent call until we close it: about three minutes. Only checks that the
carrier answered count."""
GIVE_UP_UNANSWERED_AFTER = 240
"""How many checks until we close a call whose carrier answers none: about an hour."""


async def check_call(shop: Shop, job: Job) -> None:
    """Ask the carrier for all events; hang up a call that should be over; in the end, close it."""
    ref = CHECK_CALL.subject_of(job)
    again_ms = CHECK_CALL.backoff.first_ms
    looks = int(job.payload.get("looks", 0)) + 1
    attempt = await shop.db.read(calls.attempt_by_ref, ref)
    if attempt is None or _ended(attempt):
        await shop.db.tx(_finish_if_held, job)
        return
    carrier = shop.carriers.named(attempt.carrier)
    if carrier is None:
        why = part_is_gone(attempt)
        await shop.db.tx(_wait_for_deadline, job, attempt, why)
        return
    try:
        if await _is_over(shop, carrier, ref):
            await shop.db.tx(_finish_if_held, job)
            return
        if looks >= HANG_UP_AFTER:
            await carrier.hang_up(ref)
    except Unavailable as error:
        if job.attempts >= GIVE_UP_UNANSWERED_AFTER:
            await shop.db.tx(_close, job, ref)
        else:
            await shop.db.tx(jobs.retry, job, again_ms, error.message)
        return
    if looks >= GIVE_UP_AFTER:
        await shop.db.tx(_close, job, ref)
    else:
        why = "the call is not over yet"
        await shop.db.tx(jobs.retry, job, again_ms, why, {"looks": looks})


def _wait_for_deadline(tx: Tx, job: Job, attempt: Attempt, why: str) -> None:
    """The carrier is gone from the settings: wait until the order's deadline, then close it."""
    order = orders.by_id(tx, attempt.order_id)
    left_ms = 0 if order is None else (order.deadline_ms or 0) - tx.now_ms
    if left_ms > 0:
        jobs.retry(tx, job, min(_GONE_AGAIN_MS, left_ms), why)
    else:
        _close(tx, job, attempt.ref)


async def _is_over(shop: Shop, carrier: VoiceCarrier, ref: str) -> bool:
    """Whether the call is over, after all events of the carrier were applied. Raises
    ``Unavailable``.

    Our own record decides: the carrier's last event may come without those before it.
    """
    if isinstance(carrier, SupportsCallLookup):
        found = await carrier.find(ref)
        if found is not None:
            await apply_all(shop, carrier.name, found.events)
    return _ended(await shop.db.read(calls.attempt_by_ref, ref))


def _ended(attempt: Attempt | None) -> bool:
    return attempt is None or attempt.state is AttemptState.DONE or attempt.finished_ms is not None


async def apply_all(
    shop: Shop, carrier: str, events: tuple[CallEvent, ...], *, gaps_allowed: bool = False
) -> set[str]:
    """Apply the events of ``carrier`` in order, each in its own transaction. Returns the calls that
    miss earlier events. An event that cannot be applied becomes a dead letter."""
    gaps: set[str] = set()
    for event in events:
        done = await record_event(
            shop.db,
            f"carrier:{carrier}",
            f"{event.ref}/{event.seq}",
            apply_event,
            event,
            shop.policies.calls.charge_on,
            carrier=carrier,
            gaps_allowed=gaps_allowed,
        )
        if done is None:
            await shop.db.tx(skip_event, event, carrier)
        elif not done:
            gaps.add(event.ref)
    return gaps


def _finish_if_held(tx: Tx, job: Job) -> None:
    """Finish the job, unless the last event has cancelled it."""
    if jobs.holds(tx, job):
        jobs.finish(tx, job)


def _close(tx: Tx, job: Job, ref: str) -> None:
    """Close a silent call: an answered call is over, an unanswered one is not charged."""
    jobs.finish(tx, job)
    attempt = calls.attempt_by_ref(tx, ref, lock=True)
    if attempt is None or _ended(attempt):
        return
    cause = "no word from the carrier"
    calls.update_attempt(
        tx, attempt.id, state=AttemptState.DONE, reason=cause, finished_ms=tx.now_ms
    )
    call = calls.call_of(tx, attempt.order_id)
    if call is None or call.attempt_id != attempt.id:
        return
    status = CallStatus.COMPLETED if call.answered_ms is not None else CallStatus.FAILED
    calls.update_call(tx, attempt.order_id, status=status, cause=cause, ended_ms=tx.now_ms)
    call_notify.changed(tx, attempt.order_id)
    fail(tx, attempt.order_id, cause, may_retry=False)
    charge_call(tx, attempt.order_id)
    orders.finish(tx, attempt.order_id)
