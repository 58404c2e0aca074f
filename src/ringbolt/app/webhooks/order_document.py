"""What an order shows of itself: the seed's ``/orderstatus`` document, which webhooks carry too.

The seed's names stand as they are; what is beside them is additive. A key without a value is
absent, never null: clients wait for ``code`` and ``number`` to appear. Sources: the seed, and what
its clients rely on (``number`` is an integer, ``code`` a number in some and a string in others).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from ringbolt.core.countries import COUNTRIES
from ringbolt.core.order import DELIVERED, UNPAID, OrderKind, OrderState, PaymentMethod
from ringbolt.core.pricing.money import sats_up
from ringbolt.core.services import SERVICES
from ringbolt.core.texts.codes import code_as_number
from ringbolt.core.texts.redact import masked
from ringbolt.store import messages, orders, received_texts, receiving_orders
from ringbolt.store.engine.db import Tx
from ringbolt.store.messages import Message, MessageStatus
from ringbolt.store.orders import Order
from ringbolt.store.received_texts import ReceivedText
from ringbolt.store.receiving_orders import ReceivingOrder

CodeType = Literal["auto", "string", "number"]

LOST = "the payment fell back before it was settled"
"""Why a fulfilled order is returned: the buyer has both, and is told of no error."""
CANCEL_AFTER_S = 120
"""After its assignment a number may be cancelled, seconds; the default of the setting."""
TEXTS_A_PAGE = 20
"""So many texts a document tells of, the latest ones; one of every text would be written down again
with every further text."""
LAST_PAGE = -(-received_texts.MOST_OF_ORDER // TEXTS_A_PAGE) + 1
_DRAFT = b'"draft":true'


class TextDocument(msgspec.Struct, frozen=True, omit_defaults=True):
    """One text that came. ``timestamp`` in ms UTC; ``code`` as text."""

    timestamp: int
    text: str
    from_: str = msgspec.field(default="", name="from")
    code: str = ""


class OrderDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An order as its buyer sees it. Times in ms UTC, ``amount`` in sats.

    ``code`` and ``order_id`` are filled in when it is told: how a code is typed is a setting, and
    the code itself is ``code_text``. So is our own part of ``cancel_after``, from when on the
    number may be cancelled. ``draft``: not filled in yet. ``text_masked``: what is worth something
    in the texts is not shown yet, because it is not paid for. ``messages_count``: how many texts
    there are, if ``messages`` has not all. ``messages_not_kept``: how many came beyond those.
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
    messages_count: int | UnsetType = UNSET
    messages_not_kept: int | UnsetType = UNSET
    text_masked: bool | UnsetType = UNSET
    is_rental: bool | UnsetType = UNSET
    expires_at: int | UnsetType = UNSET
    assigned_at: int | UnsetType = UNSET
    cancel_after: int | UnsetType = UNSET
    draft: bool | UnsetType = UNSET
    order_id: str | UnsetType = UNSET


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(OrderDocument).decode


def to_json(
    document: OrderDocument,
    code_type: CodeType,
    order_id: str = "",
    cancel_after_s: int = CANCEL_AFTER_S,
) -> bytes:
    """The document as it is told; with ``orderId`` if one is given.

    ``code_type`` and ``cancel_after_s`` are the settings of those names.
    """
    return _encode(_told(document, code_type, order_id, cancel_after_s))


def to_draft(document: OrderDocument, order_id: str) -> bytes:
    """What waits to be told: without what the settings decide."""
    return _encode(msgspec.structs.replace(document, draft=True, order_id=order_id))


def from_draft(body: bytes, code_type: CodeType, cancel_after_s: int) -> bytes:
    """A draft as it is told; anything else as it is."""
    if _DRAFT not in body:
        return body
    return _encode(_told(_decode(body), code_type, "", cancel_after_s))


def is_news(document: OrderDocument, body: bytes) -> bool:
    """Whether the document tells more than ``body``, a draft or told, did; when is no news."""
    last = _decode(body)
    # What is typed or computed follows from what is compared
    return _news_of(document) != _news_of(last)


def _news_of(document: OrderDocument) -> OrderDocument:
    return msgspec.structs.replace(
        document, code=UNSET, order_id=UNSET, draft=UNSET, timestamp=UNSET, cancel_after=UNSET
    )


def _told(
    document: OrderDocument, code_type: CodeType, order_id: str, cancel_after_s: int
) -> OrderDocument:
    changes: dict[str, Any] = {}
    if document.code_text is not UNSET:
        changes["code"] = typed_code(document.code_text, code_type)
    if order_id:
        changes["order_id"] = order_id
    if document.draft:
        changes["draft"] = UNSET
    if document.assigned_at is not UNSET and document.state == OrderState.IN_PROGRESS:
        own_ms = document.assigned_at + cancel_after_s * 1000
        changes["cancel_after"] = max(own_ms, document.cancel_after or 0)
    return msgspec.structs.replace(document, **changes) if changes else document


def typed_code(code: str, code_type: CodeType) -> str | int:
    """A code as ``compat.code_type`` wants it; a number only where there is one at all."""
    if code_type == "string":
        return code
    digits = code.lstrip("0") or "0" if code_type == "number" else code
    number = code_as_number(digits) if code else None
    return code if number is None else number


def snapshot(tx: Tx, order: Order, page: int = 1) -> OrderDocument:
    """The order as its rows have it in this transaction; ``page`` 2 has the texts that came before
    the latest 20, and so on."""
    if order.state in UNPAID:
        return _unpaid(order)
    match order.kind:
        case OrderKind.ACTIVATION | OrderKind.RENTAL:
            return _reception(tx, order, orders.last_moved_ms(tx, order.id), page)
        case OrderKind.SMS | OrderKind.EMAIL:
            found = messages.message_and_move(tx, order.id)
            assert found is not None, "a message is written down with its order"
            return _message(order, *found)
        case _:
            return OrderDocument(
                paid=True,
                timestamp=orders.last_moved_ms(tx, order.id),
                amount=sats_up(order.price_msat),
                error=_error(order),
                state=order.state,
            )


def _unpaid(order: Order) -> OrderDocument:
    return OrderDocument(
        paid=False,
        amount=sats_up(order.price_msat) if order.kind is OrderKind.FUND else UNSET,
        error=_never_paid(order) if order.state is OrderState.EXPIRED else UNSET,
        state=order.state,
        is_rental=_is_rental(order),
        expires_at=_set(order.deadline_ms),
    )


def _never_paid(order: Order) -> str:
    if order.reason.startswith("cancel"):
        return "The order was cancelled before it was paid."
    return "The payment request expired before it was paid."


def _reception(tx: Tx, order: Order, moved_ms: int, page: int) -> OrderDocument:
    receiving = receiving_orders.receiving_of(tx, order.id)
    assert receiving is not None, "a reception is written down with its order"
    is_delivered = _is_delivered(order)
    is_masked = not (is_delivered or receiving.is_rental)
    latest = _texts(tx, receiving, 1, is_masked=is_masked)
    texts = latest if page == 1 else _texts(tx, receiving, page, is_masked=is_masked)
    last = latest[-1] if latest else None
    kept = _kept(tx, receiving)
    return OrderDocument(
        paid=True,
        id=public_number(order.id),
        number=int(receiving.number.lstrip("+")) if receiving.number else UNSET,
        timestamp=_latest(
            moved_ms,
            receiving.assigned_ms,
            last.received_ms if last else None,
            receiving.closed_ms,
        ),
        country=_country(receiving),
        service=_service(receiving.service),
        error=_error(order, no_number=_had_no_number(order, receiving)),
        state=order.state,
        code_text=receiving.code or UNSET,
        sms=(last and last.text) or UNSET,
        messages=[_text(text) for text in texts] or UNSET,
        messages_count=kept if kept > TEXTS_A_PAGE else UNSET,
        messages_not_kept=(receiving.texts - kept) or UNSET,
        text_masked=(is_masked and bool(latest)) or UNSET,
        is_rental=_is_rental(order),
        expires_at=_expires_at(order, receiving, is_delivered=is_delivered),
        assigned_at=_set(receiving.assigned_ms),
        cancel_after=_provider_waits(tx, order, receiving),
    )


def _is_delivered(order: Order) -> bool:
    """Whether what was ordered was shown, or may be."""
    fell_back = order.state is OrderState.RETURNED and order.reason == LOST
    return order.state in DELIVERED or fell_back


def _kept(tx: Tx, receiving: ReceivingOrder) -> int:
    """How many texts there are. Only a flood makes the order's count and theirs differ."""
    if receiving.texts <= received_texts.MOST_OF_ORDER:
        return receiving.texts
    return received_texts.kept_of_order(tx, receiving.order_id)


def _texts(tx: Tx, receiving: ReceivingOrder, page: int, *, is_masked: bool) -> list[ReceivedText]:
    """The texts as they may be shown: with the text of an activation that is not paid for, its
    buyer could do what they want to, and cancel."""
    if not receiving.texts:
        return []
    skip = (page - 1) * TEXTS_A_PAGE
    texts = received_texts.of_order(tx, receiving.order_id, TEXTS_A_PAGE, skip)
    return [replace(each, text=masked(each.text)) for each in texts] if is_masked else texts


def _expires_at(order: Order, receiving: ReceivingOrder, *, is_delivered: bool) -> int | UnsetType:
    """Until when texts are waited for: an activation without a code ends at its deadline, even if
    it got another number late."""
    if receiving.until_ms is None:
        return UNSET
    if is_delivered or receiving.is_rental or order.deadline_ms is None:
        return receiving.until_ms
    return min(receiving.until_ms, order.deadline_ms)


def _country(receiving: ReceivingOrder) -> str | UnsetType:
    """The number's country; before there is one, the country that was asked for, if one was."""
    country = COUNTRIES.get(receiving.number_country if receiving.number else receiving.country)
    return UNSET if country is None else country.name


def _service(code: str) -> str:
    service = SERVICES.get(code)
    return code if service is None else service.name


def _text(text: ReceivedText) -> TextDocument:
    return TextDocument(text.at_ms, text.text, text.sender, text.code)


def _provider_waits(tx: Tx, order: Order, receiving: ReceivingOrder) -> int | UnsetType:
    """Until when the number's provider refuses a cancel, if it does and one may be asked for."""
    if order.state is not OrderState.IN_PROGRESS or receiving.lease_id is None:
        return UNSET
    lease = receiving_orders.lease_by_id(tx, receiving.lease_id)
    return UNSET if lease is None or not lease.cancel_after_ms else lease.cancel_after_ms


def _message(order: Order, message: Message, moved_ms: int) -> OrderDocument:
    error = _error(order)
    status = message.status if error is UNSET else MessageStatus.FAILED
    return OrderDocument(
        paid=True,
        id=message.public_id,
        timestamp=_latest(moved_ms, message.sent_ms, message.delivered_ms, message.failed_ms),
        sms_status=status,
        email_status=status if order.kind is OrderKind.EMAIL else UNSET,
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
    if no_number:
        # To the letter what the seed's service says; its clients compare.
        canceled = "payment request" if is_hold else "order"
        return f"No available number, {canceled} is canceled. {back}"
    why = order.reason.strip().rstrip(".") or "it could not be brought about"
    return f"{why[0].upper()}{why[1:]}. {back}"


def public_number(order_id: str) -> int:
    """The ``id`` of a receive order: ten digits that fit 32 bits, as in the seed's sample."""
    return 1_000_000_000 + int(order_id[:12], 16) % 1_147_483_648


def _is_rental(order: Order) -> bool | UnsetType:
    return order.kind is OrderKind.RENTAL if order.kind.is_received else UNSET


def _had_no_number(order: Order, receiving: ReceivingOrder) -> bool:
    """Whether the order failed for want of a number, the first or another one."""
    never = not receiving.number and not order.reason.startswith("cancelled")
    return never or order.reason.startswith("no number")


def _set(value: int | None) -> int | UnsetType:
    return UNSET if value is None else value


def _latest(*times: int | None) -> int:
    return max(time for time in times if time is not None)
