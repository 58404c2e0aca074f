"""The family's errors: ``{status: "error", reason}``, with a code and a suggestion beside."""

from __future__ import annotations

from typing import Any

from ringbolt.api.http import Header
from ringbolt.core.errors import RingboltError, Unavailable

_RETRY_UNAVAILABLE_S = 5


def error_document(error: RingboltError) -> dict[str, Any]:
    document: dict[str, Any] = {
        "status": "error",
        "reason": error.message,
        "error_code": error.code,
        "suggestion": error.suggestion,
    }
    if error.field is not None:
        document["field"] = error.field
    return document


def error_headers(error: RingboltError) -> list[Header]:
    headers: list[Header] = [(b"x-error-code", error.code.encode("latin-1", "replace"))]
    retry_after_s = error.retry_after_s
    if retry_after_s is None and isinstance(error, Unavailable):
        retry_after_s = _RETRY_UNAVAILABLE_S
    if retry_after_s is not None:
        headers.append((b"retry-after", str(retry_after_s).encode()))
    return headers


def error_status(error: RingboltError, *, as_500: bool) -> int:
    """sms4sats answers every error with 500; clients that count on it get it (``as_500``)."""
    return 500 if as_500 else error.status
