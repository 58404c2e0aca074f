"""Ask a carrier to place a call after the intent is stored, and store the answer."""

from __future__ import annotations

from dataclasses import dataclass

from ringbolt.app.attempts import hear, retry_delay_ms
from ringbolt.app.calls.record_outcome import mark_in_progress
from ringbolt.app.calls.render import Rendered
from ringbolt.app.checkout.routes import call_route
from ringbolt.app.jobs import CHECK_CALL, HANG_UP_ATTEMPT, HANG_UP_CALL
from ringbolt.app.part_limits import CALLS
from ringbolt.app.payments.decide_outcome import fail
from ringbolt.app.policies import CallPolicy, ChargeOn
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks import call_notify
from ringbolt.core.calls.call import HUNG_UP, CallStatus
from ringbolt.core.commands import CallOrder
from ringbolt.core.order import NOT_TAKEN, OrderState
from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.store import attempts, calls, jobs, orders
from ringbolt.store.calls import UNANSWERED, Attempt, AttemptState
from ringbolt.store.engine.db import Tx
from ringbolt.store.jobs import Job
from ringbolt.store.orders import Order
from ringbolt.voice.carrier import Accepted, PlaceCall, PlaceResult, VoiceCarrier

_SILENCE_MARGIN_MS = 20_000


async def ask(
    shop: Shop,
    job: Job,
    carrier: VoiceCarrier,
    order: Order,
    attempt: Attempt,
    rendered: Rendered,
) -> None:
    """Ask ``carrier``, the carrier of ``attempt``."""
    command, policy = order.command_as(CallOrder), shop.policies.calls
    jobs.sure(job)
    shop.carriers.asking(attempt.carrier)
    result = await carrier.place(
        PlaceCall(
            ref=attempt.ref,
            to=command.to,
            caller_id=_caller_id(shop, attempt.carrier),
            script=rendered.script,
            ring_timeout_s=command.ring_timeout_s or policy.ring_timeout_s,
            max_duration_s=command.max_duration_s,
            still_wanted=job.still_ours,
        )
    )
    if job.still_ours():
        await hear(shop.db, CALLS, shop.carriers, attempt.carrier, result)
    await write_down(shop, job, order, attempt, result)


def _caller_id(shop: Shop, carrier: str) -> str:
    """The caller ID of calls by ``carrier``: only one that the operator has named for it."""
    own = shop.carriers.terms(carrier).caller_ids
    return own[0] if own else shop.policies.calls.caller_id


async def write_down(
    shop: Shop, job: Job, order: Order, attempt: Attempt, result: PlaceResult
) -> None:
    """Store what the carrier answered, and go on as it says. Raises ``LeaseLost``."""
    command, policy = order.command_as(CallOrder), shop.policies.calls
    route = tuple(carrier.name for carrier in call_route(shop, command))
    terms = _Terms(policy.charge_on, patience_ms(policy, command), route)
    await shop.db.tx(_answered, job, attempt, result, terms)


@dataclass(frozen=True, slots=True)
class _Terms:
    """``patience_ms``: how long a call can take at most. ``route``: the names of the carriers
    that may be asked, in order."""

    charge_on: ChargeOn
    patience_ms: int
    route: tuple[str, ...]


def _answered(tx: Tx, job: Job, attempt: Attempt, result: PlaceResult, terms: _Terms) -> None:
    """Store the carrier's answer."""
    current = calls.attempt_by_ref(tx, attempt.ref, lock=True)
    if current is not None and current.last_seq > 0 and not isinstance(result, Accepted):
        # The carrier reported an event, so there is a call; a refusal must be out of date.
        result = Accepted(current.carrier_id or "")
    match result:
        case Accepted(carrier_id):
            _accepted(tx, attempt, carrier_id, terms)
            jobs.finish(tx, job)
        case Rejected():
            _rejected(tx, job, attempt, result, terms.route)
        case Unknown(reason):
            calls.update_attempt(tx, attempt.id, state=AttemptState.UNKNOWN, reason=reason)
            jobs.retry(tx, job, 1000, reason)


def _rejected(tx: Tx, job: Job, attempt: Attempt, answer: Rejected, route: tuple[str, ...]) -> None:
    """A refusal: ask the next carrier at once, or the same one a little later."""
    attempts.reject(tx, attempt.id, answer)
    why = f"the carrier refused: {answer.reason}"
    asked = calls.asked_in_this_try(tx, attempt.order_id)
    delay_ms = retry_delay_ms(asked, route, answer)
    if delay_ms is None:
        calls.update_call(
            tx,
            attempt.order_id,
            status=CallStatus.FAILED,
            cause=answer.reason,
            ended_ms=tx.now_ms,
        )
        fail(tx, attempt.order_id, why, may_retry=True)
        call_notify.changed(tx, attempt.order_id)
        jobs.finish(tx, job)
    elif HANG_UP_CALL.exists(tx, attempt.order_id):
        give_up(tx, job, attempt.order_id, why, False)
    else:
        orders.move(tx, attempt.order_id, OrderState.PAID, why, only_from=OrderState.DISPATCHING)
        jobs.retry(tx, job, delay_ms, answer.reason)


def _accepted(tx: Tx, attempt: Attempt, carrier_id: str, terms: _Terms) -> None:
    if carrier_id:
        calls.update_attempt(tx, attempt.id, carrier_id=carrier_id)
    current = calls.attempt_by_ref(tx, attempt.ref)
    if current is not None and current.state in UNANSWERED:
        calls.update_attempt(tx, attempt.id, state=AttemptState.ACCEPTED)
    mark_in_progress(tx, attempt.order_id, terms.charge_on, CallStatus.INITIATED)
    if current is not None and current.finished_ms is None:
        run_at_ms = tx.now_ms + terms.patience_ms
        CHECK_CALL.enqueue(tx, attempt.ref, order_id=attempt.order_id, run_at_ms=run_at_ms)


def give_up(tx: Tx, job: Job, order_id: str, why: str, may_retry: bool) -> None:
    """Fail the order before its call is known to be placed; if it was just placed, run the job
    again. If the buyer hung up, that is why the call ends."""
    if not fail(tx, order_id, why, may_retry=may_retry, only_from=NOT_TAKEN):
        jobs.retry(tx, job, 0, why)
        return
    is_unwanted = HANG_UP_CALL.exists(tx, order_id)
    status = CallStatus.CANCELED if is_unwanted else CallStatus.FAILED
    cause = HUNG_UP if is_unwanted else why
    calls.update_call(tx, order_id, status=status, cause=cause, ended_ms=tx.now_ms)
    call_notify.changed(tx, order_id)
    attempt = calls.present_attempt(tx, order_id)
    if attempt is not None and attempt.finished_ms is None:
        calls.update_attempt(tx, attempt.id, finished_ms=tx.now_ms)
        HANG_UP_ATTEMPT.ensure(tx, attempt.ref, order_id)  # it may ring, and is not paid for
    jobs.finish(tx, job)


def patience_ms(policy: CallPolicy, command: CallOrder) -> int:
    """How long a call can take at most, from asking to its last event."""
    ring_s = command.ring_timeout_s or policy.ring_timeout_s
    seconds = ring_s + command.max_duration_s
    return seconds * 1000 + _SILENCE_MARGIN_MS
