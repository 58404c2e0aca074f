"""Reads what the far end tells of a call: its resource, and the forms of callbacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Any, Final

from ringbolt.core.calls.call import CallStatus
from ringbolt.core.pricing.amount import Amount

_STATUSES: Final = MappingProxyType(
    {
        **{status.value: status for status in CallStatus},
        "answered": CallStatus.IN_PROGRESS,  # Telnyx
        "cancelled": CallStatus.CANCELED,
        "no_answer": CallStatus.NO_ANSWER,
    }
)
_REASONS: Final = MappingProxyType(
    {
        "403": "Forbidden",
        "404": "Not Found",
        "408": "Request Timeout",
        "410": "Gone",
        "480": "Temporarily Unavailable",
        "484": "Address Incomplete",
        "486": "Busy Here",
        "487": "Request Terminated",
        "488": "Not Acceptable Here",
        "500": "Server Internal Error",
        "503": "Service Unavailable",
        "600": "Busy Everywhere",
        "603": "Decline",
        "604": "Does Not Exist Anywhere",
        "607": "Unwanted",
    }
)
"""RFC 3261, 21, and RFC 8197: the far end tells the code of the called network only."""
_LONGEST_S: Final = 7 * 86_400
_MOST_CHARS: Final = 64


@dataclass(frozen=True, slots=True)
class StatusReport:
    """``status``: None for one that is not known. ``at_ms``: when it happened, None if it is not
    told. ``talked_ms``: how long the call was up, None if it is not told."""

    status: CallStatus | None
    at_ms: int | None = None
    talked_ms: int | None = None
    cause: str = ""


def report_of_callback(form: Mapping[str, str]) -> StatusReport:
    """What a status callback tells of a call."""
    seconds = _whole(form.get("CallDuration"))
    return StatusReport(
        _STATUSES.get(form.get("CallStatus", "")),
        time_ms(form.get("Timestamp")),
        None if seconds is None else seconds * 1000,
        _cause(form),
    )


def report_of_resource(document: Mapping[str, Any]) -> StatusReport:
    """The resource of a call."""
    status = _STATUSES.get(str(document.get("status")))
    seconds = _whole(document.get("duration"))
    is_over = status is not None and status.is_final
    at_ms = time_ms(document.get("end_time")) if is_over else None
    talked_ms = None if seconds is None or not is_over else seconds * 1000
    return StatusReport(status, at_ms, talked_ms)


def cost_in(document: Mapping[str, Any]) -> Amount | None:
    """What a call cost; None as long as the vendor has not priced it."""
    return Amount.read(document.get("price"), document.get("price_unit"))


def time_ms(text: object) -> int | None:
    """A time as RFC 2822 (Twilio) or ISO 8601 (Telnyx) writes it; None for anything else."""
    if not isinstance(text, str) or not text or len(text) > _MOST_CHARS:
        return None
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            time = read(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        time = time if time.tzinfo else time.replace(tzinfo=UTC)
        return max(0, int(time.timestamp() * 1000))
    return None


def _whole(value: object) -> int | None:
    """Seconds, written as a number or as a text."""
    text = str(value) if isinstance(value, int | float | str) else ""
    text = text.partition(".")[0]
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        return None
    return min(int(text), _LONGEST_S)


def _cause(form: Mapping[str, str]) -> str:
    code = form.get("SipResponseCode", "").strip()
    if code in _REASONS:
        return f"{code} {_REASONS[code]}"
    return code if code.isascii() and code.isdigit() and len(code) == 3 and code > "299" else ""
