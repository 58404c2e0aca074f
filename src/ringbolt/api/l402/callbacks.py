"""What the receiver of a call is sent, with the names that this family's answers have."""

from __future__ import annotations

from typing import Any

from ringbolt.api.kit.call_callbacks import CallRenderer
from ringbolt.core.notices import CallNotice


class PaidCallRenderer(CallRenderer):
    """As the voice family has it, and ``call_id`` and ``sid`` beside."""

    def status(self, notice: CallNotice, sequence: int) -> dict[str, Any]:
        document = super().status(notice, sequence)
        return {**document, "call_id": notice.order_id, "sid": notice.sid}
