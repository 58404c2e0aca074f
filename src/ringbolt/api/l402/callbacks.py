"""The documents of callbacks, with the names of this family's answers too."""

from __future__ import annotations

from typing import Any

from ringbolt.api.kit import http
from ringbolt.api.kit.call_callbacks import CallRenderer
from ringbolt.api.l402.number_documents import number_status
from ringbolt.core.notices import CallNotice, Notice, NumberNotice, OrderNotice
from ringbolt.core.order import DELIVERED, NOT_DELIVERED, OrderKind
from ringbolt.core.timestamps import iso


class PaidRenderer(CallRenderer):
    """Calls: the voice family's documents with ``call_id`` and ``sid`` added. Everything else: as
    its status document has it."""

    def render(self, notice: Notice, sequence: int) -> bytes:
        if isinstance(notice, OrderNotice):
            return http.encode(_document(notice, sequence))
        return super().render(notice, sequence)

    def status(self, notice: CallNotice, sequence: int) -> dict[str, Any]:
        document = super().status(notice, sequence)
        return {**document, "call_id": notice.order_id, "sid": notice.sid}


def _document(notice: OrderNotice, sequence: int) -> dict[str, Any]:
    if notice.receiving is not None:
        return _number(notice, notice.receiving, sequence)
    return (_speech if notice.kind is OrderKind.SPEECH else _message)(notice, sequence)


def _number(notice: OrderNotice, receiving: NumberNotice, sequence: int) -> dict[str, Any]:
    return {
        "orderId": notice.order_id,
        "status": number_status(notice.state, receiving),
        "order_state": notice.state,
        "phone": receiving.number or None,
        "code": receiving.code or None,
        "sms": receiving.latest or None,
        "reason": notice.fault or "",
        "sequence": sequence,
        "timestamp": None if notice.changed_ms is None else iso(notice.changed_ms),
    }


def _message(notice: OrderNotice, sequence: int) -> dict[str, Any]:
    assert notice.sent is not None, "a call has notices of its own"
    return {
        "order_id": notice.order_id,
        "sid": notice.sent.public_id,
        "status": notice.sent.status,
        "order_state": notice.state,
        "reason": notice.fault or "",
        "sequence": sequence,
        "timestamp": iso(notice.changed_ms),
    }


def _speech(notice: OrderNotice, sequence: int) -> dict[str, Any]:
    ended = "failed" if notice.state in NOT_DELIVERED else "queued"
    return {
        "order_id": notice.order_id,
        "status": "ready" if notice.state in DELIVERED else ended,
        "order_state": notice.state,
        "reason": notice.fault or "",
        "sequence": sequence,
        "timestamp": iso(notice.changed_ms),
    }
