"""What a carrier reports about a text, turned into its status and the order's money in one
transaction.

A text is sent when all its parts are sent, and delivered when all are delivered; one failed part
fails it. Receipts may come twice, in any order, and before the carrier's answer: a part only moves
forward, and its first final status stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from msgspec import structs

from ringbolt.app.jobs import MESSAGE_DEADLINE
from ringbolt.app.part_costs import tell_cost
from ringbolt.app.part_limits import SMS
from ringbolt.app.payments.decide_outcome import fail, fulfil
from ringbolt.app.policies import SettleOn
from ringbolt.app.webhooks import notify
from ringbolt.core.order import OrderState
from ringbolt.core.pricing.amount import Amount
from ringbolt.core.sanitise import clamp_count, clamp_ms, sanitise, storable_name
from ringbolt.sms.carrier import DeliveryReceipt, ReceiptState
from ringbolt.store import attempts, inbox, messages, orders
from ringbolt.store.attempts import Attempt, AttemptState
from ringbolt.store.engine.db import Tx
from ringbolt.store.messages import Message, MessageStatus, Part, PartState
from ringbolt.store.orders import Order
from ringbolt.store.part_costs import WHOLE

_PARKED_AT_MOST = 100
_MAX_RAW = 200
_STATES = {
    ReceiptState.ENROUTE: PartState.ACCEPTED,
    ReceiptState.SENT: PartState.SENT,
    ReceiptState.DELIVERED: PartState.DELIVERED,
    ReceiptState.FAILED: PartState.FAILED,
}
_FORWARD = {
    PartState.ACCEPTED: frozenset({PartState.SENT, PartState.DELIVERED, PartState.FAILED}),
    PartState.SENT: frozenset({PartState.DELIVERED, PartState.FAILED}),
    PartState.DELIVERED: frozenset[PartState](),
    PartState.FAILED: frozenset[PartState](),
}
_FINAL = frozenset({MessageStatus.DELIVERED, MessageStatus.FAILED})


@dataclass(frozen=True, slots=True)
class _Place:
    """Which part of which attempt a receipt is about."""

    order_id: str
    attempt_id: str
    n: int


def record_receipts(
    tx: Tx, carrier: str, receipts: Sequence[DeliveryReceipt], settle_on: SettleOn
) -> None:
    """Apply receipts as they came; repeats and receipts for messages of others are harmless."""
    for receipt in receipts:
        record_receipt(tx, carrier, receipt, settle_on)


def record_receipt(tx: Tx, carrier: str, receipt: DeliveryReceipt, settle_on: SettleOn) -> None:
    """Apply one receipt, or keep it until the carrier's answer names the part that it is about."""
    receipt = _storable(receipt)
    place = _place_of(tx, carrier, receipt)
    if place is None and receipt.state is not ReceiptState.ENROUTE:
        messages.claim_names(tx, carrier, [receipt.part_id])
        place = _place_of(tx, carrier, receipt)
        if place is None:
            inbox.accept(tx, _parked(carrier, receipt.part_id), receipt.event_id, _kept(receipt))
    if place is not None:
        _apply(tx, carrier, place, receipt, settle_on)


def record_answer(
    tx: Tx,
    order_id: str,
    ref: str,
    carrier: str,
    part_ids: tuple[str, ...],
    settle_on: SettleOn,
    *,
    sent: bool = False,
) -> None:
    """The carrier has the text: store its names of the parts, and apply receipts that came before.
    ``sent``: the carrier has handed it to the mobile network. Harmless if done before."""
    message = messages.lock(tx, order_id)
    attempt = attempts.by_ref(tx, ref)
    assert message is not None and attempt is not None, "both are written down before the asking"
    messages.claim_names(tx, carrier, part_ids)
    state = PartState.SENT if sent else PartState.ACCEPTED
    for n, part_id in enumerate(part_ids, 1):
        messages.add_part(tx, attempt.id, carrier, n, part_id, state)
    _taken(tx, attempt, part_ids[0] if part_ids else None)
    parts = messages.parts_of(tx, attempt.id)
    if sent:
        parts = [_moved(tx, part, PartState.SENT, part.raw) for part in parts]
    if message.attempt_id == attempt.id:
        _reckon(tx, message, attempt.id, parts, settle_on, tx.now_ms)
    for part_id in part_ids:
        for event in inbox.unapplied(tx, _parked(carrier, part_id), _PARKED_AT_MOST):
            inbox.mark_applied(tx, event.source, event.event_id)
            record_receipt(tx, carrier, _receipt(event.event_id, event.payload), settle_on)


def is_told_of(tx: Tx, attempt_id: str) -> bool:
    """Whether the carrier is known to have the text, whatever it answers."""
    return bool(messages.parts_of(tx, attempt_id))


def close(tx: Tx, order_id: str, attempt_id: str | None) -> None:
    """End the wait for this message."""
    if attempt_id is not None:
        attempts.update(tx, attempt_id, state=AttemptState.DONE, finished_ms=tx.now_ms)
    MESSAGE_DEADLINE.cancel(tx, order_id)
    orders.finish(tx, order_id)


def _place_of(tx: Tx, carrier: str, receipt: DeliveryReceipt) -> _Place | None:
    found = messages.part_named(tx, carrier, receipt.part_id)
    if found is not None:
        part, order_id = found
        return _Place(order_id, part.attempt_id, part.n)
    attempt = attempts.by_ref(tx, receipt.ref) if receipt.ref else None
    if attempt is None or attempt.carrier != carrier or attempt.state is AttemptState.REJECTED:
        return None
    message = messages.message_of(tx, attempt.order_id)
    if message is None or _is_about_another(attempt, receipt):
        return None
    n = receipt.n or (1 if message.parts == 1 or receipt.is_whole else 0)
    return _Place(attempt.order_id, attempt.id, n) if 1 <= n <= message.parts else None


def _is_about_another(attempt: Attempt, receipt: DeliveryReceipt) -> bool:
    """Whether a receipt that names our reference is about a message with another id all the same:
    the far end mistook one for the other, or has a copy of the request."""
    known = attempt.carrier_id if receipt.is_whole else None
    return known is not None and receipt.part_id not in (known, receipt.ref)


def _apply(
    tx: Tx, carrier: str, place: _Place, receipt: DeliveryReceipt, settle_on: SettleOn
) -> None:
    message = messages.lock(tx, place.order_id)
    parts = _by_number(tx, place.attempt_id)
    if place.n not in parts:  # the receipt is faster than the answer, and names our reference
        messages.add_part(tx, place.attempt_id, carrier, place.n, receipt.part_id)
        attempt = attempts.by_id(tx, place.attempt_id)
        assert attempt is not None
        parts = _by_number(tx, place.attempt_id)
        _taken(tx, attempt, receipt.part_id if receipt.is_whole else None)
    if receipt.cost is not None:
        _tell_cost(tx, place, receipt, is_one=message is not None and message.parts == 1)
    moved = _moved(tx, parts[place.n], _STATES[receipt.state], receipt.raw)
    if moved is parts[place.n]:
        return
    parts[place.n] = moved
    if message is not None and message.attempt_id == place.attempt_id:
        _reckon(tx, message, place.attempt_id, list(parts.values()), settle_on, receipt.at_ms)


def _tell_cost(tx: Tx, place: _Place, receipt: DeliveryReceipt, *, is_one: bool) -> None:
    attempt = attempts.by_id(tx, place.attempt_id)
    assert attempt is not None, "an attempt is never removed"
    n = WHOLE if receipt.is_whole or is_one else place.n
    tell_cost(tx, attempt, SMS, receipt.cost, n)


def _by_number(tx: Tx, attempt_id: str) -> dict[int, Part]:
    return {part.n: part for part in messages.parts_of(tx, attempt_id)}


def _moved(tx: Tx, part: Part, state: PartState, raw: str) -> Part:
    """The part in its new state, or unchanged if that would be a step back."""
    if state not in _FORWARD[part.state]:
        return part
    moved = structs.replace(part, state=state, raw=raw)
    messages.update_part(tx, part, moved.state, moved.raw)
    return moved


def _taken(tx: Tx, attempt: Attempt, carrier_id: str | None = None) -> None:
    """The carrier has it, under its own name ``carrier_id``."""
    changes: dict[str, Any] = {}
    if carrier_id is not None and attempt.carrier_id is None:
        changes["carrier_id"] = carrier_id
    is_news = attempt.state in (AttemptState.INTENT, AttemptState.UNKNOWN)
    if is_news:
        changes["state"] = AttemptState.ACCEPTED
    if changes:
        attempts.update(tx, attempt.id, **changes)
    if is_news:
        why, source = "the carrier has the text", OrderState.DISPATCHING
        orders.move(tx, attempt.order_id, OrderState.IN_PROGRESS, why, only_from=source)


def _reckon(
    tx: Tx, message: Message, attempt_id: str, parts: list[Part], settle_on: SettleOn, at_ms: int
) -> None:
    """What the parts make of the whole."""
    status = _whole(parts, _all_named(tx, message, attempt_id, len(parts)))
    if message.status in _FINAL or status in (message.status, MessageStatus.CREATED):
        return
    failed = [part for part in parts if part.state is PartState.FAILED]
    changes: dict[str, Any] = {"status": status, f"{status}_ms": at_ms}
    if failed:
        changes["cause"] = failed[0].raw
    elif message.sent_ms is None:
        changes["sent_ms"] = at_ms
    messages.update_message(tx, message.order_id, **changes)
    fulfilled: Order | None = None
    if failed:
        fail(tx, message.order_id, _why_failed(failed[0].raw))
    elif status is MessageStatus.DELIVERED or settle_on == "sent":
        fulfilled = fulfil(tx, message.order_id, f"the text was {status}")
    if status in _FINAL:
        close(tx, message.order_id, attempt_id)
    notify.changed(tx, message.order_id, fulfilled, structs.replace(message, **changes))


def _all_named(tx: Tx, message: Message, attempt_id: str, count: int) -> bool:
    """Whether every part is known. A carrier may have one name for a text of several parts: its
    answer says so."""
    if count >= message.parts:
        return True
    attempt = attempts.by_id(tx, attempt_id)
    return attempt is not None and attempt.carrier_id is not None


def _whole(parts: list[Part], all_named: bool) -> MessageStatus:
    states = {part.state for part in parts}
    if PartState.FAILED in states:
        return MessageStatus.FAILED
    if not all_named or not states or PartState.ACCEPTED in states:
        return MessageStatus.CREATED
    if PartState.SENT in states:
        return MessageStatus.SENT
    return MessageStatus.DELIVERED


def _why_failed(raw: str) -> str:
    return "the text was not delivered" + (f" ({raw})" if raw else "")


def _parked(carrier: str, part_id: str) -> str:
    """The inbox source of receipts that came before the part was known."""
    return f"sms:{carrier}:{part_id}"


def _storable(receipt: DeliveryReceipt) -> DeliveryReceipt:
    return replace(
        receipt,
        event_id=storable_name(receipt.event_id),
        part_id=storable_name(receipt.part_id),
        ref=sanitise(receipt.ref),
        raw=sanitise(receipt.raw[:_MAX_RAW]),
        n=clamp_count(receipt.n),
        at_ms=clamp_ms(receipt.at_ms),
    )


def _kept(receipt: DeliveryReceipt) -> dict[str, Any]:
    return {
        "part_id": receipt.part_id,
        "ref": receipt.ref,
        "n": receipt.n,
        "state": receipt.state,
        "raw": receipt.raw,
        "at_ms": receipt.at_ms,
        "cost": None if receipt.cost is None else [receipt.cost.micros, receipt.cost.currency],
        "is_whole": receipt.is_whole,
    }


def _receipt(event_id: str, kept: dict[str, Any]) -> DeliveryReceipt:
    return DeliveryReceipt(
        event_id=event_id,
        part_id=kept["part_id"],
        ref=kept["ref"],
        n=kept["n"],
        state=ReceiptState(kept["state"]),
        raw=kept["raw"],
        at_ms=kept["at_ms"],
        cost=Amount(*kept["cost"]) if kept.get("cost") else None,
        is_whole=kept.get("is_whole", False),
    )
