"""The documents of callbacks, with the names of this family's answers too."""

from __future__ import annotations

from typing import Any

from ringbolt.api.kit import http
from ringbolt.api.kit.call_callbacks import CallRenderer
from ringbolt.core.notices import CallNotice, Notice, OrderNotice
from ringbolt.core.order import DELIVERED, NOT_DELIVERED, OrderKind
from ringbolt.core.timestamps import iso


class PaidRenderer(CallRenderer):
    """Calls: the voice family's documents with ``call_id`` and ``sid`` added. Texts, e-mails and
    spoken texts: as their status document has it."""

    def render(self, notice: Notice, sequence: int) -> bytes:
        if isinstance(notice, OrderNotice):
            render = _speech if notice.kind is OrderKind.SPEECH else _message
            return http.encode(render(notice, sequence))
        return super().render(notice, sequence)

    def status(self, notice: CallNotice, sequence: int) -> dict[str, Any]:
        document = super().status(notice, sequence)
        return {**document, "call_id": notice.order_id, "sid": notice.sid}


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
