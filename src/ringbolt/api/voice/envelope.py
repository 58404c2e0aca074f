"""The one form of every answer of the family: CEQUENS' reply envelope.

``replyCode`` is 0 for success, else the HTTP status; ``requestTime`` is UTC, without a zone, as
CEQUENS writes it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, Final

from ringbolt.api.kit import http
from ringbolt.api.kit.http import Header
from ringbolt.api.kit.words import Worded
from ringbolt.core.errors import RingboltError, Unauthorized
from ringbolt.core.timestamps import without_zone

HANDLED: Final = "Request handled successfully"
NO_CLIENT_ID: Final = 0
MAX_CLIENT_ID_CHARS: Final = 128
_MAX_EXACT: Final = 2**53
_STATUS_OF: Final = {"IDEMPOTENCY_MISMATCH": 422}
"""Codes with another status than their kind: 422 is the Idempotency-Key draft's, section 2.7."""

ClientId = int | str


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered, inside the envelope; or, with ``content_type``, ``body`` without one."""

    data: Any = None
    status: int = 200
    headers: tuple[Header, ...] = ()
    body: bytes = b""
    content_type: bytes = b""


def client_id(value: Any) -> ClientId:
    """The client's own name for its request as it is echoed; 0 for none, and for what is none."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _MAX_EXACT:
        return value
    if isinstance(value, str) and len(value) <= MAX_CLIENT_ID_CHARS and value.isprintable():
        return value or NO_CLIENT_ID
    return NO_CLIENT_ID


def moment(ms: int | None) -> str | None:
    """Milliseconds UTC as the envelope writes a time: ``2021-02-16T10:47:40.296``."""
    return None if ms is None else without_zone(ms)


def success(data: Any, client: ClientId, now_ms: int) -> dict[str, Any]:
    return _envelope(0, HANDLED, client, now_ms, data, None)


def failure(error: RingboltError, worded: Worded, client: ClientId, now_ms: int) -> dict[str, Any]:
    """The sentence stands in ``replyMessage``, and with code, field and suggestion inside."""
    details: dict[str, Any] = {"code": error.code, "details": worded.named}
    if worded.field is not None:
        details["field"] = worded.field
    if worded.suggestion:
        details["suggestion"] = worded.suggestion
    status = status_of(error)
    described = {"status": status, "description": error.title, "internalErrors": [details]}
    return _envelope(status, worded.named, client, now_ms, None, described)


def status_of(error: RingboltError) -> int:
    return _STATUS_OF.get(error.code, error.status)


def error_headers(error: RingboltError) -> list[Header]:
    headers: list[Header] = [(b"x-error-code", error.code.encode())]
    if error.retry_after_s is not None:
        headers.append((b"retry-after", str(error.retry_after_s).encode()))
    if isinstance(error, Unauthorized):  # RFC 6750, 3
        headers.append((b"www-authenticate", b'Bearer realm="voice"'))
    return headers


def encode(document: dict[str, Any]) -> bytes:
    return http.encode(document)


def _envelope(
    code: int,
    message: str,
    client: ClientId,
    now_ms: int,
    data: Any,
    error: dict[str, Any] | None,
) -> dict[str, Any]:
    return {
        "replyCode": code,
        "replyMessage": message,
        "requestId": str(uuid.uuid4()),
        "clientRequestId": client,
        "requestTime": moment(now_ms),
        "data": data,
        "error": error,
    }
