"""What the receivers of a call are sent: the same for every family that sells calls."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from ringbolt.api.kit import http
from ringbolt.core.notices import CallNotice, DigitsNotice, Notice
from ringbolt.core.timestamps import iso

STATUS_FIELDS: Final = frozenset(
    {
        "callId", "to", "status", "sequence", "timestamp", "digits", "dtmf", "duration", "cause",
        "metaData",
    }
)  # fmt: skip
DIGITS_FIELDS: Final = frozenset({"callId", "to", "dtmf", "status", "metaData"})
"""What is sent of each by GET: in a receiver's own query these names are not kept."""


class CallRenderer:
    """Calls in the words of the voice family."""

    def render(self, notice: Notice, sequence: int) -> bytes:
        match notice:
            case CallNotice():
                return http.encode(self.status(notice, sequence))
            case DigitsNotice():
                return http.encode(_digits(notice))
            case _:
                raise TypeError(f"a call is not described by a {type(notice).__name__}")

    def finish(self, body: bytes) -> bytes:
        """What earlier versions wrote down is sent as it is."""
        return body

    def status(self, notice: CallNotice, sequence: int) -> dict[str, Any]:
        return {
            "callId": notice.sid,
            "to": notice.to,
            "status": notice.status,
            "sequence": sequence,
            "timestamp": iso(notice.at_ms),
            # By the name of the status document, and by that of the GET.
            "digits": notice.digits,
            "dtmf": notice.digits,
            "duration": -(-notice.talked_ms // 1000),
            "cause": notice.cause,
            "metaData": _raw(notice.metadata),
        }


def _digits(notice: DigitsNotice) -> dict[str, Any]:
    return {
        "callId": notice.sid,
        "to": notice.to,
        "dtmf": notice.digits,
        "status": notice.status,
        "metaData": _raw(notice.metadata),
    }


def _raw(metadata: str) -> msgspec.Raw | None:
    """The buyer's own JSON, as they wrote it."""
    return msgspec.Raw(metadata.encode()) if metadata else None
