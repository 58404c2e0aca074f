"""What an address answers, and how it is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from ringbolt.api.kit.http import Header, Send
from ringbolt.http_body import Receive, Scope

Stream = Callable[[Scope, Receive, Send], Awaitable[None]]
"""An answer that sends itself, such as server-sent events."""

JSON: Final = b"application/json"
PROBLEM: Final = b"application/problem+json"


@dataclass(slots=True)
class Response:
    """``document`` in the family's form; or, with ``content_type``, ``body`` as it is."""

    document: Any = None
    status: int = 200
    headers: list[Header] = field(default_factory=list)
    body: bytes = b""
    content_type: bytes = b""
    cache: bytes = b"no-store"


async def send_body(send: Send, response: Response, *always: Header) -> None:
    """Send a response whose body is encoded, with the headers that every answer has."""
    headers: list[Header] = [*response.headers, *always]
    if response.cache:
        headers.append((b"cache-control", response.cache))
    if response.status not in (204, 304):  # which have neither: RFC 9110, 8.6
        length = str(len(response.body)).encode()
        headers += [(b"content-type", response.content_type), (b"content-length", length)]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
