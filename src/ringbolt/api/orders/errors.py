"""The family's errors: ``{status: "error", reason}``, with a code and a suggestion beside."""

from __future__ import annotations

from typing import Any, Final

from ringbolt.api.kit.http import Header
from ringbolt.api.orders.words import WORDS
from ringbolt.core.errors import RingboltError

_STATUS_OF: Final = {"IDEMPOTENCY_MISMATCH": 422}
"""Codes with another status than their kind: 422 is the Idempotency-Key draft's, section 2.7."""


def error_document(error: RingboltError) -> dict[str, Any]:
    """Its ``reason`` names the field at fault: it is all that many clients show."""
    worded = WORDS.word(error)
    document: dict[str, Any] = {
        "status": "error",
        "reason": worded.named,
        "error_code": error.code,
        "suggestion": worded.suggestion,
    }
    if worded.field is not None:
        document["field"] = worded.field
    return document


def error_headers(error: RingboltError) -> list[Header]:
    headers: list[Header] = [(b"x-error-code", error.code.encode())]
    if error.retry_after_s is not None:
        headers.append((b"retry-after", str(error.retry_after_s).encode()))
    return headers


def error_status(error: RingboltError, *, as_500: bool) -> int:
    """sms4sats answers every error with 500; clients that count on it get it (``as_500``)."""
    return 500 if as_500 else _STATUS_OF.get(error.code, error.status)
