"""End a call for its buyer: take a waiting call out of the queue, hang up one that is up.

The carrier ends a call that it was asked for, and its events decide the order as always: before the
answer nothing is charged, after it the started minutes. Hanging up is a job, because a carrier may
not know a call yet that it is being asked for, or may not answer: the job repeats the request until
the call is over.
"""

from __future__ import annotations

from ringbolt.app.calls.hang_up_attempt import Asked, ask_to_hang_up
from ringbolt.app.jobs import DISPATCH_CALL, HANG_UP_ATTEMPT, HANG_UP_CALL
from ringbolt.app.payments.decide_outcome import fail
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks import call_notify
from ringbolt.core.calls.call import HUNG_UP, CallStatus
from ringbolt.core.errors import NotFound
from ringbolt.core.order import OrderState
from ringbolt.store import calls, jobs
from ringbolt.store.calls import UNANSWERED, Attempt
from ringbolt.store.engine.db import Tx
from ringbolt.store.jobs import Job


async def hang_up_call(shop: Shop, order_id: str) -> None:
    """End the call; does nothing if it is over. Raises ``NotFound``."""
    await shop.db.tx(_hang_up, order_id)


def _hang_up(tx: Tx, order_id: str) -> None:
    call = calls.call_of(tx, order_id)
    if call is None:
        raise NotFound("There is no such call.", code="CALL_NOT_FOUND")
    if call.ended_ms is not None or _take_back(tx, order_id):
        return
    HANG_UP_CALL.ensure(tx, order_id, order_id, at_once=True)


def _take_back(tx: Tx, order_id: str) -> bool:
    """Cancel a call that no carrier is being asked for; False if one is, or was."""
    if not fail(tx, order_id, HUNG_UP, may_retry=False, only_from=OrderState.PAID):
        return False
    calls.update_call(tx, order_id, status=CallStatus.CANCELED, cause=HUNG_UP, ended_ms=tx.now_ms)
    call_notify.changed(tx, order_id)
    # A worker that is preparing its audio finds its lease of the job lost.
    DISPATCH_CALL.cancel(tx, order_id)
    refused = calls.present_attempt(tx, order_id)
    if refused is not None and refused.last_seq:
        # The carrier refused the call, and reported events of it: its phone may ring.
        HANG_UP_ATTEMPT.ensure(tx, refused.ref, order_id)
    return True


async def hang_up(shop: Shop, job: Job) -> None:
    """The job: ask the carrier to hang up, until the call is over. Raises ``LeaseLost``."""
    assert job.order_id is not None
    attempt = await shop.db.tx(_still_up, job, job.order_id)
    if attempt is not None:
        asked = await ask_to_hang_up(shop, attempt)
        await shop.db.tx(_ask_again, job, attempt, asked)


def _still_up(tx: Tx, job: Job, order_id: str) -> Attempt | None:
    """The attempt whose call is to be hung up; None if it is over."""
    call = calls.call_of(tx, order_id)
    assert call is not None, "a call is never removed"
    attempt = calls.present_attempt(tx, order_id)
    if attempt is not None and attempt.finished_ms is None:
        return attempt
    if call.ended_ms is None and not _take_back(tx, order_id):
        jobs.retry(tx, job, HANG_UP_CALL.backoff.first_ms, "a carrier is being asked")
    else:
        jobs.finish(tx, job)
    return None


def _ask_again(tx: Tx, job: Job, before: Attempt, asked: Asked) -> None:
    """Ask again: at once if the carrier has accepted or refused the call since, soon if it answered
    while the call may still be on its way to it."""
    # Locked: on PostgreSQL the carrier's answer may be being stored just now.
    attempt = calls.attempt_by_ref(tx, before.ref, lock=True)
    if attempt is None or attempt.state is not before.state:
        delay_ms = 0
    elif attempt.state in UNANSWERED and not asked.failed:
        delay_ms = HANG_UP_CALL.backoff.first_ms
    else:
        delay_ms = max(asked.at_least_ms, HANG_UP_CALL.backoff.delay_ms(job.attempts - 1))
    jobs.retry(tx, job, delay_ms, asked.failed or "the call is not over yet")
