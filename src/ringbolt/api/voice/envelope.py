"""The one form of every answer of the family: CEQUENS' reply envelope.

``replyCode`` is 0 for success, else the HTTP status; ``requestTime`` is UTC, without a zone, as
CEQUENS writes it.
"""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Final

import msgspec

from ringbolt.api.kit.request import Request
from ringbolt.api.kit.schema import about
from ringbolt.api.voice.names import CLIENT_REQUEST_ID, fold
from ringbolt.core.timestamps import iso

HANDLED: Final = "Request handled successfully"
NO_CLIENT_ID: Final = 0
MAX_CLIENT_ID_CHARS: Final = 128
_MAX_EXACT: Final = 2**53
_CLIENT_ID: Final = fold(CLIENT_REQUEST_ID)
_CLIENT_ID_HEADERS: Final = (b"clientrequestid", b"client-request-id", b"x-client-request-id")

ClientId = int | str


class InternalError(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """What is wrong. ``code`` is stable, the sentence is not."""

    code: Annotated[str, about("", "OUT_OF_RANGE")]
    details: Annotated[str, about("", "reps must be between 1 and 10, not 11.")]
    field: Annotated[str | None, about("The field at fault, as it was written.")] = None
    suggestion: str | None = None


class Fault(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """An error inside the envelope."""

    status: Annotated[int, about("", 400)]
    description: str
    internal_errors: list[InternalError]


class Envelope(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The reply envelope of every answer."""

    reply_code: Annotated[int, about("0 for success, else the HTTP status.")]
    reply_message: str
    request_id: Annotated[str, about("A UUID of this request.")]
    client_request_id: Annotated[
        int | str, about("clientRequestId of the body, query or header; 0 without one.")
    ]
    request_time: Annotated[str, about("UTC.", "2021-02-16T10:47:40.296")]


class Failure(Envelope):
    """A request that failed."""

    data: None
    error: Fault


class Success(Envelope):
    """A request that was handled."""

    data: Any
    error: None


def success(data: Any, client: ClientId, now_ms: int) -> Success:
    """A successful answer in CEQUENS' envelope."""
    return Success(0, HANDLED, str(uuid.uuid4()), client, iso(now_ms, zone=""), data, None)


def failure(fault: Fault, client: ClientId, now_ms: int) -> Failure:
    """The sentence is in ``replyMessage``, and again inside, with code, field and suggestion."""
    message = fault.internal_errors[0].details
    time = iso(now_ms, zone="")
    return Failure(fault.status, message, str(uuid.uuid4()), client, time, None, fault)


def client_id(request: Request[Any]) -> ClientId:
    """The client's own name for its request, to be echoed: from body or query, else a header."""
    for name, value in request.document.items():
        if fold(name[:64]) == _CLIENT_ID and _valid(value):
            return _valid(value)
    for header in _CLIENT_ID_HEADERS:
        value = request.header(header).strip()
        if value:
            is_number = value.isascii() and value.isdigit() and len(value) <= 15
            return _valid(int(value) if is_number and str(int(value)) == value else value)
    return NO_CLIENT_ID


def _valid(value: Any) -> ClientId:
    """The value if it can be a client's name for a request, else 0."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _MAX_EXACT:
        return value
    if isinstance(value, str) and len(value) <= MAX_CLIENT_ID_CHARS and value.isprintable():
        return value or NO_CLIENT_ID
    return NO_CLIENT_ID
