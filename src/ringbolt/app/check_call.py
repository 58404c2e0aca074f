"""Look after a call whose carrier has said nothing for longer than a call can take."""

from __future__ import annotations

import secrets

from ringbolt.app.record_outcome import apply_event, fail
from ringbolt.app.shop import Shop
from ringbolt.core.call import CallEvent, CallStatus
from ringbolt.core.errors import Unavailable
from ringbolt.store import calls, jobs, orders
from ringbolt.store.calls import AttemptState
from ringbolt.store.db import Tx
from ringbolt.store.jobs import Job
from ringbolt.voice.carrier import SupportsCallLookup

_AGAIN_MS = 15_000
HANG_UP_AFTER = 4
GIVE_UP_AFTER = 12
"""Looks at a silent call before it is closed: about three minutes."""


async def check_call(shop: Shop, job: Job) -> None:
    """Ask the carrier for all it knows; hang up what should be over; at last, close the call."""
    assert job.order_id is not None
    attempt = await shop.db.read(calls.present_attempt, job.order_id)
    if attempt is None or attempt.state is AttemptState.DONE:
        await shop.db.tx(jobs.finish, job)
        return
    try:
        events = await _events(shop, attempt.ref)
    except Unavailable as error:
        await shop.db.tx(jobs.retry, job, _AGAIN_MS, error.message)
        return
    await apply_all(shop, events)
    if events and events[-1].status.is_final:
        await shop.db.tx(_finish_if_held, job)
    elif job.attempts >= GIVE_UP_AFTER:
        await shop.db.tx(_close, job, attempt.id, secrets.token_hex(32))
    else:
        if job.attempts >= HANG_UP_AFTER:
            await shop.carrier.hang_up(attempt.ref)
        await shop.db.tx(jobs.retry, job, _AGAIN_MS, "the call is not over yet")


async def _events(shop: Shop, ref: str) -> tuple[CallEvent, ...]:
    if not isinstance(shop.carrier, SupportsCallLookup):
        return ()
    found = await shop.carrier.find(ref)
    return found.events if found is not None else ()


async def apply_all(shop: Shop, events: tuple[CallEvent, ...]) -> None:
    """Apply a call's events in order, each in a transaction of its own."""
    for event in events:
        await shop.db.tx(apply_event, event, shop.settings.calls.charge_on, secrets.token_hex(32))


def _finish_if_held(tx: Tx, job: Job) -> None:
    """The last event cancelled this very job; if not, it ends here."""
    if jobs.holds(tx, job):
        jobs.finish(tx, job)


def _close(tx: Tx, job: Job, attempt_id: str, k1: str) -> None:
    """No word any more: an answered call is over, an unanswered one is not charged."""
    assert job.order_id is not None
    call = calls.call_of(tx, job.order_id)
    assert call is not None
    cause = "no word from the carrier"
    status = CallStatus.COMPLETED if call.answered_ms is not None else CallStatus.FAILED
    calls.update_call(tx, job.order_id, status=status, cause=cause, ended_ms=tx.now_ms)
    calls.update_attempt(
        tx, attempt_id, state=AttemptState.DONE, reason=cause, finished_ms=tx.now_ms
    )
    fail(tx, job.order_id, cause, may_retry=False, k1=k1)
    orders.finish(tx, job.order_id)
    jobs.finish(tx, job)
