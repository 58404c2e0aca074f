"""The handler of each kind of job: the use case that runs it, and what happens if it keeps
failing."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import structlog

from ringbolt.app.calls.charge_call import charge_call
from ringbolt.app.calls.check_call import check_call
from ringbolt.app.calls.dispatch import dispatch_call
from ringbolt.app.calls.hang_up_attempt import hang_up_attempt
from ringbolt.app.calls.hang_up_call import hang_up
from ringbolt.app.calls.recordings import fetch_recordings
from ringbolt.app.jobs import (
    BOOK_COSTS,
    CHECK_CALL,
    CLOSE_HOLD,
    DISPATCH_CALL,
    DISPATCH_MESSAGE,
    DISPATCH_RECEIVING,
    DISPATCH_SPEECH,
    END_RECEIVING,
    FETCH_RECORDINGS,
    HANG_UP_ATTEMPT,
    HANG_UP_CALL,
    LOOK_AFTER_HOLDS,
    MATCH_TEXTS,
    MESSAGE_DEADLINE,
    PAY_REFERRAL,
    PAY_REFUND,
    RELEASE_NUMBER,
    SEND_WEBHOOK,
    SWEEP,
    WITHDRAW,
    GiveUp,
    JobKind,
)
from ringbolt.app.messages.close_message import abandon_message, message_deadline
from ringbolt.app.messages.send_message import begin_message, dispatch_message
from ringbolt.app.numbers.acquire_number import dispatch_receiving
from ringbolt.app.numbers.end_receiving import abandon_receiving, end_receiving
from ringbolt.app.numbers.receive_text import match_texts
from ringbolt.app.numbers.release_number import release_number
from ringbolt.app.operator.sweep import sweep
from ringbolt.app.part_costs import book_costs
from ringbolt.app.payments.close_hold import close_hold, order_to_close
from ringbolt.app.payments.decide_outcome import fail
from ringbolt.app.payments.expire_order import look_after_holds
from ringbolt.app.payments.pay_referral import pay_referral
from ringbolt.app.payments.refund import pay_refund
from ringbolt.app.payments.withdraw import pay_withdrawal
from ringbolt.app.shop import Shop
from ringbolt.app.speech.speak_text import abandon_speech, speak_text
from ringbolt.app.webhooks import call_notify
from ringbolt.app.webhooks.send_webhook import next_webhook, send_webhook
from ringbolt.core.calls.call import CallStatus
from ringbolt.store import calls, jobs, orders
from ringbolt.store.calls import AttemptState
from ringbolt.store.engine.db import Tx
from ringbolt.store.jobs import Job, Look
from ringbolt.worker.loop import Abandon, Begin, Handler, Run

log = structlog.get_logger("ringbolt.worker")


async def _return_money(shop: Shop, job: Job, why: str) -> None:
    """Give up a call because of an internal fault: the buyer gets the money back."""
    await shop.db.tx(_fail_order, job, why)


def _fail_order(tx: Tx, job: Job, why: str) -> None:
    """Close order, attempt and call; a call that may still be up is hung up."""
    jobs.bury(tx, job, why)
    if job.order_id is None:
        return
    fail(tx, job.order_id, "an internal fault", may_retry=False)
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
        return
    calls.update_attempt(
        tx, attempt.id, state=AttemptState.DONE, reason="an internal fault", finished_ms=tx.now_ms
    )
    if job.uniq != CHECK_CALL.key(attempt.ref):
        CHECK_CALL.cancel(tx, attempt.ref)
    HANG_UP_ATTEMPT.ensure(tx, attempt.ref, attempt.order_id)


_RUNS: dict[JobKind, Run] = {
    DISPATCH_CALL: dispatch_call,
    CHECK_CALL: check_call,
    HANG_UP_CALL: hang_up,
    HANG_UP_ATTEMPT: hang_up_attempt,
    FETCH_RECORDINGS: fetch_recordings,
    DISPATCH_MESSAGE: dispatch_message,
    MESSAGE_DEADLINE: message_deadline,
    DISPATCH_RECEIVING: dispatch_receiving,
    END_RECEIVING: end_receiving,
    RELEASE_NUMBER: release_number,
    MATCH_TEXTS: match_texts,
    DISPATCH_SPEECH: speak_text,
    CLOSE_HOLD: close_hold,
    LOOK_AFTER_HOLDS: look_after_holds,
    PAY_REFUND: pay_refund,
    PAY_REFERRAL: pay_referral,
    WITHDRAW: pay_withdrawal,
    SEND_WEBHOOK: send_webhook,
    BOOK_COSTS: book_costs,
    SWEEP: sweep,
}
_FAIL_ORDER: dict[JobKind, Abandon] = {
    DISPATCH_CALL: _return_money,
    CHECK_CALL: _return_money,
    DISPATCH_MESSAGE: abandon_message,
    MESSAGE_DEADLINE: abandon_message,
    DISPATCH_RECEIVING: abandon_receiving,
    END_RECEIVING: abandon_receiving,
    DISPATCH_SPEECH: abandon_speech,
}
"""How each kind with ``GiveUp.FAIL_ORDER`` fails its order and returns the money."""
_BEGINS: dict[JobKind, Begin] = {DISPATCH_MESSAGE: begin_message}
_LOOKS: dict[JobKind, Look] = {CLOSE_HOLD: order_to_close, SEND_WEBHOOK: next_webhook}


def handlers() -> Mapping[str, Handler]:
    """The handlers of all kinds of jobs, by the kind's stored name."""
    return {
        kind.name: Handler(run, _abandon(kind), _LOOKS.get(kind), _BEGINS.get(kind))
        for kind, run in _RUNS.items()
    }


def _abandon(kind: JobKind) -> Abandon:
    if kind.give_up is GiveUp.FAIL_ORDER:
        return _FAIL_ORDER[kind]
    return partial(_keep_trying, kind.give_up.value)


async def _keep_trying(delay_ms: int, shop: Shop, job: Job, why: str) -> None:
    log.error("a job keeps failing", kind=job.kind, job=job.id, order=job.order_id, why=why)
    await shop.db.tx(jobs.retry, job, delay_ms, why, None, failed=True)
