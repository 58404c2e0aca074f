"""The documents that a call's callbacks send: the same for every family that sells calls."""

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
"""The fields that a GET adds to the receiver's URL; they replace those of its own query."""


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
        """What earlier versions stored is sent unchanged."""
        return body

    def status(self, notice: CallNotice, sequence: int) -> dict[str, Any]:
        return {
            "callId": notice.sid,
            "to": notice.to,
            "status": notice.status,
            "sequence": sequence,
            "timestamp": iso(notice.at_ms),
            # The same under two names: that of the status document, and that of the GET.
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
