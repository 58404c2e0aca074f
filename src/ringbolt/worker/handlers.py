"""Which use case runs which kind of job, and what becomes of one that keeps failing."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

import structlog

from ringbolt.app.calls.ask_carrier import CHECK_CALL
from ringbolt.app.calls.charge_call import charge_call
from ringbolt.app.calls.check_call import check_call
from ringbolt.app.calls.dispatch import dispatch_call
from ringbolt.app.calls.hang_up_call import HANG_UP_CALL, hang_up
from ringbolt.app.calls.record_outcome import check_uniq
from ringbolt.app.calls.recordings import FETCH_RECORDINGS, fetch_recordings
from ringbolt.app.jobs import DISPATCH_CALL, DISPATCH_MESSAGE, DISPATCH_RECEIVING
from ringbolt.app.messages.close_message import MESSAGE_DEADLINE, abandon_message, message_deadline
from ringbolt.app.messages.send_message import dispatch_message
from ringbolt.app.numbers.acquire_number import dispatch_receiving
from ringbolt.app.numbers.close_lease import END_RECEIVING, RELEASE_NUMBER
from ringbolt.app.numbers.end_receiving import abandon_receiving, end_receiving
from ringbolt.app.numbers.receive_text import MATCH_TEXTS, match_texts
from ringbolt.app.numbers.release_number import release_number
from ringbolt.app.operator.sweep import SWEEP, sweep
from ringbolt.app.payments.close_hold import close_hold, order_to_close
from ringbolt.app.payments.decide_outcome import CLOSE_HOLD, fail
from ringbolt.app.payments.expire_order import LOOK_AFTER_HOLDS, look_after_holds
from ringbolt.app.payments.pay_referral import pay_referral
from ringbolt.app.payments.refer import PAY_REFERRAL
from ringbolt.app.payments.refund import PAY_REFUND, pay_refund
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks import call_notify
from ringbolt.app.webhooks.notify import SEND_WEBHOOK
from ringbolt.app.webhooks.send_webhook import next_webhook, send_webhook
from ringbolt.core.calls.call import CallStatus
from ringbolt.store import calls, jobs, orders
from ringbolt.store.calls import AttemptState
from ringbolt.store.engine.db import Tx
from ringbolt.store.jobs import Job
from ringbolt.worker.loop import Handler

log = structlog.get_logger("ringbolt.worker")

_HOUR_MS = 3_600_000
_MINUTE_MS = 60_000


async def _return_money(shop: Shop, job: Job, why: str) -> None:
    """A call that we cannot bring about, for a fault of our own: the buyer gets the money back."""
    ref = await shop.db.tx(_fail_order, job, secrets.token_hex(32), why)
    if ref is not None:
        await shop.carrier.hang_up(ref)


def _fail_order(tx: Tx, job: Job, k1: str, why: str) -> str | None:
    """Close order, attempt and call; returns the attempt that may still be up."""
    jobs.bury(tx, job, why)
    if job.order_id is None:
        return None
    fail(tx, job.order_id, "an internal fault", may_retry=False, k1=k1)
    attempt = calls.present_attempt(tx, job.order_id)
    call = calls.call_of(tx, job.order_id)
    if call is not None and not call.status.is_final:
        calls.update_call(
            tx,
            job.order_id,
            status=CallStatus.FAILED,
            cause="an internal fault",
            ended_ms=tx.now_ms,
        )
        call_notify.changed(tx, job.order_id)
    charge_call(tx, job.order_id)
    orders.finish(tx, job.order_id)
    if attempt is None or attempt.finished_ms is not None:
        return None
    calls.update_attempt(
        tx, attempt.id, state=AttemptState.DONE, reason="an internal fault", finished_ms=tx.now_ms
    )
    if job.uniq != check_uniq(attempt.ref):
        jobs.cancel(tx, check_uniq(attempt.ref))
    return attempt.ref


async def _again_soon(shop: Shop, job: Job, why: str) -> None:
    """What a payment depends on: it is tried for ever, every minute, and logged."""
    log.error("a job keeps failing", kind=job.kind, job=job.id, order=job.order_id, why=why)
    await shop.db.tx(jobs.retry, job, _MINUTE_MS, why, None, failed=True)


async def _again_in_an_hour(shop: Shop, job: Job, why: str) -> None:
    """What must happen some day, however often it fails: it is tried for ever, and logged."""
    log.error("a job keeps failing", kind=job.kind, job=job.id, order=job.order_id, why=why)
    await shop.db.tx(jobs.retry, job, _HOUR_MS, why, None, failed=True)


def handlers() -> Mapping[str, Handler]:
    return {
        DISPATCH_CALL: Handler(dispatch_call, _return_money),
        CHECK_CALL: Handler(check_call, _return_money),
        HANG_UP_CALL: Handler(hang_up, _again_soon),
        PAY_REFUND: Handler(pay_refund, _again_in_an_hour),
        CLOSE_HOLD: Handler(close_hold, _again_soon, order_to_close),
        LOOK_AFTER_HOLDS: Handler(look_after_holds, _again_soon),
        DISPATCH_MESSAGE: Handler(dispatch_message, abandon_message),
        MESSAGE_DEADLINE: Handler(message_deadline, abandon_message),
        DISPATCH_RECEIVING: Handler(dispatch_receiving, abandon_receiving),
        END_RECEIVING: Handler(end_receiving, abandon_receiving),
        RELEASE_NUMBER: Handler(release_number, _again_in_an_hour),
        MATCH_TEXTS: Handler(match_texts, _again_in_an_hour),
        SEND_WEBHOOK: Handler(send_webhook, _again_in_an_hour, next_webhook),
        PAY_REFERRAL: Handler(pay_referral, _again_in_an_hour),
        FETCH_RECORDINGS: Handler(fetch_recordings, _again_in_an_hour),
        SWEEP: Handler(sweep, _again_in_an_hour),
    }
