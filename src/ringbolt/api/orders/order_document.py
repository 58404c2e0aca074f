"""The seed's ``/orderstatus`` document, which webhooks carry too.

The seed's names are unchanged; all others are additive. A key without a value is absent, never
null: clients wait for ``code`` and ``number`` to appear. Sources: the seed, and what
its clients rely on (``number`` is an integer, ``code`` a number in some and a string in others).
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from ringbolt.api.orders.documents import OrderStatus, ReceivedText
from ringbolt.app.webhooks.order_notice import TEXTS_A_PAGE
from ringbolt.core.countries import COUNTRIES
from ringbolt.core.notices import CalledNotice, Notice, NumberNotice, OrderNotice, TextNotice
from ringbolt.core.order import UNPAID, OrderKind, OrderState, PaymentMethod
from ringbolt.core.pricing.money import sats_up
from ringbolt.core.services import SERVICES
from ringbolt.core.texts.codes import code_as_number
from ringbolt.settings import Settings

CodeType = Literal["auto", "string", "number"]

_DRAFT = b'"draft":true'
"""Marks a document that an earlier version stored without what the settings decide."""


class _Draft(OrderStatus, forbid_unknown_fields=False):
    """A document that an earlier version stored; it has fields that no longer exist."""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Draft).decode


class OrderRenderer:
    """The family's document of an order: for webhooks, and at ``/orderstatus``."""

    def __init__(self, settings: Settings) -> None:
        self._code_type: CodeType = settings.compat.code_type
        self._cancel_after_ms = settings.orders.cancel_after_s * 1000

    def render(self, notice: Notice, sequence: int) -> bytes:
        """The document for webhooks, which has the ``orderId``."""
        assert isinstance(notice, OrderNotice), "no other notices in this family"
        document = self._finished(order_document(notice))
        return _encode(msgspec.structs.replace(document, order_id=notice.order_id))

    def finish(self, body: bytes) -> bytes:
        """A draft of an earlier version completed; anything else unchanged."""
        return _encode(self._finished(_decode(body))) if _DRAFT in body else body

    def status(self, notice: OrderNotice) -> bytes:
        """The document at ``/orderstatus``."""
        return _encode(self._finished(order_document(notice)))

    def _finished(self, document: OrderStatus) -> OrderStatus:
        """The document with what the settings decide."""
        changes: dict[str, Any] = {}
        if document.code_text is not None:
            changes["code"] = typed_code(document.code_text, self._code_type)
        if document.assigned_at is not None and document.state == OrderState.IN_PROGRESS:
            own_ms = document.assigned_at + self._cancel_after_ms
            changes["cancel_after"] = max(own_ms, document.cancel_after or 0)
        return msgspec.structs.replace(document, **changes) if changes else document


def typed_code(code: str, code_type: CodeType) -> str | int:
    """A code as ``compat.code_type`` wants it; a number only where there is one at all."""
    if code_type == "string":
        return code
    digits = code.lstrip("0") or "0" if code_type == "number" else code
    number = code_as_number(digits) if code else None
    return code if number is None else number


def order_document(notice: OrderNotice) -> OrderStatus:
    """The order as the seed shows it, without what the settings decide."""
    if notice.state in UNPAID:
        return _unpaid(notice)
    if notice.receiving is not None:
        return _receiving(notice, notice.receiving)
    document = OrderStatus(
        paid=True, timestamp=notice.changed_ms, error=_error(notice), state=notice.state
    )
    if notice.called is not None:
        return _called(document, notice.called)
    if notice.sent is None:
        return msgspec.structs.replace(document, amount=sats_up(notice.price_msat))
    status = notice.sent.status
    return msgspec.structs.replace(
        document,
        id=notice.sent.public_id,
        sms_status=status,
        email_status=status if notice.kind is OrderKind.EMAIL else None,
    )


def _called(document: OrderStatus, called: CalledNotice) -> OrderStatus:
    return msgspec.structs.replace(
        document,
        id=called.sid,
        call_status=called.status,
        digits=called.digits or None,
        call_duration=-(-called.talked_ms // 1000) or None,
        heard_seconds=called.heard_ms // 1000 or None,
        cause=called.cause or None,
        notes=list(called.notes) or None,
    )


def _unpaid(notice: OrderNotice) -> OrderStatus:
    is_top_up = notice.kind is OrderKind.FUND
    return OrderStatus(
        paid=False,
        amount=sats_up(notice.price_msat) if is_top_up else None,
        error=_never_paid(notice) if notice.state is OrderState.EXPIRED else None,
        state=notice.state,
        is_rental=_is_rental(notice),
        expires_at=notice.expires_ms,
    )


def _never_paid(notice: OrderNotice) -> str:
    if notice.is_cancelled:
        return "The order was cancelled before it was paid."
    return "The payment request expired before it was paid."


def _receiving(notice: OrderNotice, receiving: NumberNotice) -> OrderStatus:
    country = COUNTRIES.get(receiving.country)
    service = SERVICES.get(receiving.service)
    kept = receiving.texts_kept
    return OrderStatus(
        paid=True,
        id=public_number(notice.order_id),
        number=int(receiving.number.lstrip("+")) if receiving.number else None,
        timestamp=notice.changed_ms,
        country=None if country is None else country.name,
        service=receiving.service if service is None else service.name,
        error=_error(notice),
        state=notice.state,
        code_text=receiving.code or None,
        sms=receiving.latest or None,
        messages=[_text(text) for text in receiving.texts] or None,
        messages_count=kept if kept > TEXTS_A_PAGE else None,
        messages_not_kept=receiving.texts_lost or None,
        text_masked=receiving.is_masked or None,
        is_rental=_is_rental(notice),
        expires_at=notice.expires_ms,
        assigned_at=receiving.assigned_ms,
        cancel_after=receiving.cancel_after_ms or None,
    )


def _text(text: TextNotice) -> ReceivedText:
    return ReceivedText(
        timestamp=text.at_ms, text=text.text, from_=text.sender or None, code=text.code or None
    )


def _error(notice: OrderNotice) -> str | None:
    """Why the buyer gets the money back, in plain words; None if the order did not fail."""
    if notice.fault is None:
        return None
    is_hold = notice.method is PaymentMethod.HOLD
    back = f"Your funds are returned to your {'wallet' if is_hold else 'balance'} automatically."
    if notice.method is PaymentMethod.L402:
        back = "Your funds can be withdrawn: see the refund in the order's L402 status."
    if notice.has_no_number:
        # Exactly the sentence of the seed's service; its clients compare it.
        canceled = "payment request" if is_hold else "order"
        return f"No available number, {canceled} is canceled. {back}"
    why = notice.fault.strip().rstrip(".") or "it could not be fulfilled"
    return f"{why[0].upper()}{why[1:]}. {back}"


def public_number(order_id: str) -> int:
    """The ``id`` of a receive order: ten digits that fit 32 bits, as in the seed's sample."""
    return 1_000_000_000 + int(order_id[:12], 16) % 1_147_483_648


def _is_rental(notice: OrderNotice) -> bool | None:
    return notice.kind is OrderKind.RENTAL if notice.kind.is_received else None
