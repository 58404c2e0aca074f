"""What a carrier reports about a call, turned into states and money in one transaction.

Fulfilled or failed is decided here, once, by the compare-and-swap on the order's state.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ringbolt.app.calls import call_pacing
from ringbolt.app.calls.charge_call import charge_call
from ringbolt.app.calls.recordings import expect_recordings
from ringbolt.app.jobs import CHECK_CALL, HANG_UP_ATTEMPT
from ringbolt.app.part_costs import tell_cost
from ringbolt.app.part_limits import CALLS
from ringbolt.app.payments.decide_outcome import fail, fulfil
from ringbolt.app.policies import ChargeOn
from ringbolt.app.webhooks import call_notify
from ringbolt.core.calls.call import TIME_WAS_UP, CallEvent, CallStatus
from ringbolt.core.order import NOT_DELIVERED, OrderState
from ringbolt.core.sanitise import clamp_count, clamp_ms, sanitise
from ringbolt.store import calls, orders
from ringbolt.store.calls import UNANSWERED, Attempt, AttemptState
from ringbolt.store.engine.db import Tx

MAX_DIGITS = 256
"""Keys kept of one call: enough for any menu, not enough to fill the store."""

MAX_RECORDINGS = 100
"""Of one call: more than any plan asks for."""

MESSAGE_CUT = "message_cut"
"""The note on a call whose time was up before its script was over."""


CAUSES = {
    CallStatus.BUSY: "the line was busy or the call was declined",
    CallStatus.NO_ANSWER: "nobody answered",
    CallStatus.FAILED: "the call failed",
    CallStatus.CANCELED: "the call was canceled",
}


def apply_event(
    tx: Tx, event: CallEvent, charge_on: ChargeOn, *, carrier: str, gaps_allowed: bool = False
) -> bool:
    """Apply one event that ``carrier`` reports of a call; repeats are harmless, and so is what it
    reports of another carrier's call.

    False if events before it are missing (the caller asks the carrier for all of them), unless
    ``gaps_allowed``: the missing events cannot be had any more.
    """
    event = _storable(event)
    attempt = calls.attempt_by_ref(tx, event.ref, lock=True)
    if attempt is None or attempt.carrier != carrier or event.seq <= attempt.last_seq:
        return True
    if event.seq != attempt.last_seq + 1 and not gaps_allowed:
        return False
    calls.update_attempt(tx, attempt.id, last_seq=event.seq)
    tell_cost(tx, attempt, CALLS, event.cost)
    if attempt.state is AttemptState.DONE:
        return True  # its end was reported, and an ended call stays ended
    if attempt.state in UNANSWERED:
        calls.update_attempt(tx, attempt.id, state=AttemptState.ACCEPTED)
    if event.status.is_final:
        _end_attempt(tx, attempt, event)
    is_present = _update_status(tx, attempt, event)
    if is_present:
        _apply(tx, attempt, event, charge_on)
    if attempt.finished_ms is not None and not event.status.is_final:
        _hang_up_if_unpaid(tx, attempt, is_present)
    return True


def _apply(tx: Tx, attempt: Attempt, event: CallEvent, charge_on: ChargeOn) -> None:
    """Apply an event of the order's present attempt."""
    if event.status is CallStatus.IN_PROGRESS:
        _answered(tx, attempt)
    elif event.status.is_final:
        _end(tx, attempt, event, charge_on)
    else:
        mark_in_progress(tx, attempt.order_id, charge_on, event.status)
    call_notify.changed(tx, attempt.order_id, event.at_ms)


def _hang_up_if_unpaid(tx: Tx, attempt: Attempt, is_present: bool) -> None:
    """A call is up that was given up or refused: hang it up, unless the order can be paid by it."""
    order = orders.by_id(tx, attempt.order_id)
    assert order is not None, "an attempt has its order"
    if not is_present or order.state in NOT_DELIVERED:
        HANG_UP_ATTEMPT.ensure(tx, attempt.ref, attempt.order_id)


def skip_event(tx: Tx, event: CallEvent, carrier: str) -> None:
    """Skip an event of ``carrier`` that cannot be applied, if it is the next one of its call."""
    attempt = calls.attempt_by_ref(tx, sanitise(event.ref), lock=True)
    is_theirs = attempt is not None and attempt.carrier == carrier
    if attempt is not None and is_theirs and event.seq == attempt.last_seq + 1:
        calls.update_attempt(tx, attempt.id, last_seq=event.seq)


def _storable(event: CallEvent) -> CallEvent:
    return replace(
        event,
        ref=sanitise(event.ref),
        seq=clamp_count(event.seq),
        at_ms=clamp_ms(event.at_ms),
        digits=sanitise(event.digits),
        cause=sanitise(event.cause),
        heard_ms=clamp_count(event.heard_ms),
        recordings=min(clamp_count(event.recordings), MAX_RECORDINGS),
        talked_ms=None if event.talked_ms is None else clamp_count(event.talked_ms),
    )


def _answered(tx: Tx, attempt: Attempt) -> None:
    if fulfil(tx, attempt.order_id, "answered") and attempt.state is AttemptState.REJECTED:
        # The carrier had said no. The call is up all the same, and has yet to end.
        calls.update_attempt(tx, attempt.id, state=AttemptState.ACCEPTED, finished_ms=None)


def mark_in_progress(tx: Tx, order_id: str, charge_on: ChargeOn, status: CallStatus) -> None:
    """The carrier has the call."""
    orders.move(tx, order_id, OrderState.IN_PROGRESS, status, only_from=OrderState.DISPATCHING)
    if charge_on == "placed":
        fulfil(tx, order_id, "placed")


def _update_status(tx: Tx, attempt: Attempt, event: CallEvent) -> bool:
    """Keep the call's own record, whatever becomes of the order; False if the call is being
    tried, or was tried, in another attempt since."""
    call = calls.call_of(tx, attempt.order_id)
    if call is None or call.attempt_id != attempt.id:
        return False
    if call.ended_ms is not None and not event.status.is_final:
        return True  # it was reported as given up; only its real end is news
    changes: dict[str, Any] = {"status": event.status}
    if event.status is CallStatus.RINGING:
        changes["ringing_ms"] = event.at_ms
    if event.status is CallStatus.IN_PROGRESS and call.answered_ms is None:
        changes["answered_ms"] = event.at_ms
    if event.digits:
        changes["digits"] = (call.digits + event.digits)[:MAX_DIGITS]
    if event.status.is_final:
        changes |= {"ended_ms": event.at_ms, "cause": event.cause, "heard_ms": event.heard_ms}
        changes["talked_ms"] = event.talked_ms
        if event.cause == TIME_WAS_UP:
            changes["notes"] = dict.fromkeys((*call.notes, MESSAGE_CUT))
    calls.update_call(tx, attempt.order_id, **changes)
    return True


def _end_attempt(tx: Tx, attempt: Attempt, event: CallEvent) -> None:
    calls.update_attempt(
        tx, attempt.id, state=AttemptState.DONE, finished_ms=tx.now_ms, reason=event.cause
    )
    CHECK_CALL.cancel(tx, attempt.ref)


def _end(tx: Tx, attempt: Attempt, event: CallEvent, charge_on: ChargeOn) -> None:
    if event.status is CallStatus.COMPLETED:
        fulfil(tx, attempt.order_id, "answered")
    elif charge_on == "placed":
        fulfil(tx, attempt.order_id, "placed")
    else:
        why = CAUSES[event.status] + (f" ({event.cause})" if event.cause else "")
        fail(tx, attempt.order_id, why, may_retry=True)
    expect_recordings(tx, attempt, event.recordings)
    charge_call(tx, attempt.order_id)
    orders.finish(tx, attempt.order_id)
    order = orders.by_id(tx, attempt.order_id)
    assert order is not None, "an attempt has its order"
    call_pacing.ended(tx, order)
