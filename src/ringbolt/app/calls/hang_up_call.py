"""End a call for its buyer: take a waiting call out of the queue, hang up one that is up.

The carrier ends a call that it was asked for, and its events decide the order as always: before the
answer nothing is charged, after it the started minutes. Hanging up is a job, because a carrier may
not know a call yet that it is being asked for, or may not answer: the job repeats the request until
the call is over.
"""

from __future__ import annotations

from typing import Final

from ringbolt.app.attempts import part_is_gone
from ringbolt.app.jobs import DISPATCH_CALL, HANG_UP_CALL
from ringbolt.app.payments.decide_outcome import fail
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks import call_notify
from ringbolt.core.calls.call import CallStatus
from ringbolt.core.errors import NotFound, Unavailable
from ringbolt.core.order import OrderState
from ringbolt.store import calls, jobs
from ringbolt.store.calls import Attempt
from ringbolt.store.engine.db import Tx
from ringbolt.store.jobs import Job

WHY: Final = "hung up by the buyer"


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
    if not fail(tx, order_id, WHY, may_retry=False, only_from=OrderState.PAID):
        return False
    calls.update_call(tx, order_id, status=CallStatus.CANCELED, cause=WHY, ended_ms=tx.now_ms)
    call_notify.changed(tx, order_id)
    # A worker that is preparing its audio finds its lease of the job lost.
    DISPATCH_CALL.cancel(tx, order_id)
    return True


async def hang_up(shop: Shop, job: Job) -> None:
    """The job: ask the carrier to hang up, until the call is over. Raises ``LeaseLost``."""
    assert job.order_id is not None
    attempt = await shop.db.tx(_still_up, job, job.order_id)
    if attempt is None:
        return
    why = "the call is not over yet"
    carrier = shop.carriers.named(attempt.carrier)
    if carrier is None:
        why = part_is_gone(attempt)
    else:
        try:
            await carrier.hang_up(attempt.ref)
        except Unavailable as error:
            why = error.message
    delay_ms = HANG_UP_CALL.backoff.delay_ms(job.attempts - 1)
    await shop.db.tx(jobs.retry, job, delay_ms, why)


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
