"""The documents of a call's callbacks, with the names of this family's answers too."""

from __future__ import annotations

from typing import Any

from ringbolt.api.kit.call_callbacks import CallRenderer
from ringbolt.core.notices import CallNotice


class PaidCallRenderer(CallRenderer):
    """The voice family's documents with ``call_id`` and ``sid`` added."""

    def status(self, notice: CallNotice, sequence: int) -> dict[str, Any]:
        document = super().status(notice, sequence)
        return {**document, "call_id": notice.order_id, "sid": notice.sid}
