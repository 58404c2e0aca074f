"""What an order shows of itself: the seed's ``/orderstatus`` document, which webhooks carry too.

The seed's names stand as they are; what is beside them is additive. A key without a value is
absent, never null: clients wait for ``code`` and ``number`` to appear. Sources: the seed, and what
its clients rely on (``number`` is an integer, ``code`` a number in some and a string in others).
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from ringbolt.core.countries import COUNTRIES
from ringbolt.core.money import sats_up
from ringbolt.core.order import OrderState, PaymentMethod
from ringbolt.core.services import SERVICES
from ringbolt.store import messages, orders, received_texts, receptions
from ringbolt.store.db import Tx
from ringbolt.store.messages import Message, MessageStatus
from ringbolt.store.orders import Order
from ringbolt.store.received_texts import ReceivedText
from ringbolt.store.receptions import Lease, Reception

CodeType = Literal["auto", "string", "number"]

LOST = "the payment fell back before it was settled"
"""Why a fulfilled order is returned: the buyer has both, and is told of no error."""
_UNPAID = frozenset({OrderState.AWAITING_PAYMENT, OrderState.EXPIRED})
_EXACT_DIGITS = 15
"""Integers of so many digits are exact in every JSON reader (RFC 8259, section 6)."""


class TextDocument(msgspec.Struct, frozen=True, omit_defaults=True):
    """One text that came. ``timestamp`` in ms UTC; ``code`` as text."""

    timestamp: int
    text: str
    from_: str = msgspec.field(default="", name="from")
    code: str = ""


class OrderDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An order as its buyer sees it. Times in ms UTC, ``amount`` in sats.

    ``code`` and ``order_id`` are filled in by ``to_json`` and ``to_dict`` alone: how a code is
    typed is a setting, and the code itself is ``code_text``.
    """

    status: str = "OK"
    paid: bool
    code: str | int | UnsetType = UNSET
    id: int | str | UnsetType = UNSET
    number: int | UnsetType = UNSET
    timestamp: int | UnsetType = UNSET
    country: str | UnsetType = UNSET
    service: str | UnsetType = UNSET
    sms_status: str | UnsetType = UNSET
    email_status: str | UnsetType = UNSET
    amount: int | UnsetType = UNSET
    error: str | UnsetType = UNSET
    state: str
    code_text: str | UnsetType = UNSET
    sms: str | UnsetType = UNSET
    messages: list[TextDocument] | UnsetType = UNSET
    is_rental: bool | UnsetType = UNSET
    expires_at: int | UnsetType = UNSET
    cancel_after: int | UnsetType = UNSET
    order_id: str | UnsetType = UNSET


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(OrderDocument).decode


def to_json(document: OrderDocument, code_type: CodeType, order_id: str = "") -> bytes:
    """The document as it is told; with ``orderId`` if one is given."""
    return _encode(_told(document, code_type, order_id))


def to_dict(document: OrderDocument, code_type: CodeType, order_id: str = "") -> dict[str, Any]:
    """The same as plain values."""
    values: dict[str, Any] = msgspec.to_builtins(_told(document, code_type, order_id))
    return values


def untyped_json(document: OrderDocument, order_id: str) -> bytes:
    """The same with no ``code`` yet: as it waits to be sent."""
    return _encode(msgspec.structs.replace(document, order_id=order_id))


def type_code(body: bytes, code_type: CodeType) -> bytes:
    """What ``untyped_json`` wrote, with its ``code``; what has one, or needs none, as it is."""
    if b'"codeText"' not in body:
        return body
    document = _decode(body)
    return body if document.code is not UNSET else to_json(document, code_type)


def from_json(body: bytes) -> OrderDocument:
    """A document that was written, without its typed code and ``orderId``."""
    return msgspec.structs.replace(_decode(body), code=UNSET, order_id=UNSET)


def same_news(one: OrderDocument, other: OrderDocument) -> bool:
    """Whether both tell the same, whenever it happened."""
    replace = msgspec.structs.replace
    return replace(one, timestamp=UNSET) == replace(other, timestamp=UNSET)


def _told(document: OrderDocument, code_type: CodeType, order_id: str) -> OrderDocument:
    changes: dict[str, Any] = {}
    if document.code_text is not UNSET:
        changes["code"] = typed_code(document.code_text, code_type)
    if order_id:
        changes["order_id"] = order_id
    return msgspec.structs.replace(document, **changes) if changes else document


def typed_code(code: str, code_type: CodeType) -> str | int:
    """A code as ``compat.code_type`` wants it; a number only where there is one at all."""
    is_number = code.isascii() and code.isdigit() and len(code) <= _EXACT_DIGITS
    if not is_number or code_type == "string":
        return code
    return int(code) if code_type == "number" or str(int(code)) == code else code


def snapshot(tx: Tx, order: Order) -> OrderDocument:
    """The order as its rows have it in this transaction."""
    if order.state in _UNPAID:
        return _unpaid(order)
    moved_ms = orders.last_moved_ms(tx, order.id)
    match order.kind:
        case "activation" | "rental":
            return _reception(tx, order, moved_ms)
        case "sms" | "email":
            message = messages.message_of(tx, order.id)
            assert message is not None, "a message is written down with its order"
            return _message(order, message, moved_ms)
        case _:
            return OrderDocument(
                paid=True,
                timestamp=moved_ms,
                amount=sats_up(order.price_msat),
                error=_error(order),
                state=order.state,
            )


def _unpaid(order: Order) -> OrderDocument:
    expired = order.state is OrderState.EXPIRED
    return OrderDocument(
        paid=False,
        amount=sats_up(order.price_msat) if order.kind == "fund" else UNSET,
        error="The payment request expired before it was paid." if expired else UNSET,
        state=order.state,
        is_rental=_is_rental(order),
        expires_at=_set(order.deadline_ms),
    )


def _reception(tx: Tx, order: Order, moved_ms: int) -> OrderDocument:
    reception = receptions.reception_of(tx, order.id)
    assert reception is not None, "a reception is written down with its order"
    texts = received_texts.of_order(tx, order.id) if reception.texts else []
    last = texts[-1] if texts else None
    return OrderDocument(
        paid=True,
        id=public_number(order.id),
        number=int(reception.number.lstrip("+")) if reception.number else UNSET,
        timestamp=_latest(
            moved_ms,
            reception.assigned_ms,
            last.received_ms if last else None,
            reception.closed_ms,
        ),
        country=_country(reception),
        service=_service(reception.service),
        error=_error(order, no_number=not reception.number),
        state=order.state,
        code_text=reception.code or UNSET,
        sms=(last and last.text) or UNSET,
        messages=[_text(text) for text in texts] or UNSET,
        is_rental=_is_rental(order),
        expires_at=_set(reception.until_ms),
        cancel_after=_cancel_after(tx, order, reception),
    )


def _country(reception: Reception) -> str | UnsetType:
    """The number's country; before there is one, the country that was asked for, if one was."""
    country = COUNTRIES.get(reception.number_country if reception.number else reception.country)
    return UNSET if country is None else country.name


def _service(code: str) -> str:
    service = SERVICES.get(code)
    return code if service is None else service.name


def _text(text: ReceivedText) -> TextDocument:
    return TextDocument(text.at_ms, text.text, text.sender, text.code)


def _cancel_after(tx: Tx, order: Order, reception: Reception) -> int | UnsetType:
    """When it can be cancelled, while it still may be."""
    if order.state is not OrderState.IN_PROGRESS or reception.lease_id is None:
        return UNSET
    lease: Lease | None = receptions.lease_by_id(tx, reception.lease_id)
    return UNSET if lease is None or not lease.cancel_after_ms else lease.cancel_after_ms


def _message(order: Order, message: Message, moved_ms: int) -> OrderDocument:
    error = _error(order)
    status = message.status if error is UNSET else MessageStatus.FAILED
    return OrderDocument(
        paid=True,
        id=message.public_id,
        timestamp=_latest(moved_ms, message.sent_ms, message.delivered_ms, message.failed_ms),
        sms_status=status,
        email_status=status if order.kind == "email" else UNSET,
        error=error,
        state=order.state,
    )


def _error(order: Order, *, no_number: bool = False) -> str | UnsetType:
    """Why the buyer gets the money back, in plain words; unset if the order is well."""
    failed = order.state is OrderState.FAILED
    returned = order.state is OrderState.RETURNED and order.reason != LOST
    if not failed and not returned:
        return UNSET
    is_hold = order.method is PaymentMethod.HOLD
    back = f"Your funds are returned to your {'wallet' if is_hold else 'balance'} automatically."
    if no_number and not order.reason.startswith("cancel"):
        # To the letter what the seed's service says; its clients compare.
        canceled = "payment request" if is_hold else "order"
        return f"No available number, {canceled} is canceled. {back}"
    why = order.reason.strip().rstrip(".") or "it could not be brought about"
    return f"{why[0].upper()}{why[1:]}. {back}"


def public_number(order_id: str) -> int:
    """The ``id`` of a receive order: ten digits that fit 32 bits, as in the seed's sample."""
    return 1_000_000_000 + int(order_id[:12], 16) % 1_147_483_648


def _is_rental(order: Order) -> bool | UnsetType:
    return order.kind == "rental" if order.kind in ("activation", "rental") else UNSET


def _set(value: int | None) -> int | UnsetType:
    return UNSET if value is None else value


def _latest(*times: int | None) -> int:
    return max(time for time in times if time is not None)
