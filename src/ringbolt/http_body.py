"""Request bodies with a limit in size and time, for every server of the project."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from ringbolt.core.errors import RingboltError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

HAS_ARRIVED: Final = "ringbolt.body_has_arrived"
"""The key in the scope that our server sets once the body is there: reading it then needs no time
limit, which costs as much as the rest of reading."""
BODY_TIMEOUT_S: Final = 20.0
"""How long a whole body may take to arrive, from the moment it is first asked for."""


class BodyTooLarge(RingboltError):
    status = 413
    title = "The body is too large"
    default_code = "BODY_TOO_LARGE"


class BodyTooSlow(RingboltError):
    status = 408
    title = "The body did not come in time"
    default_code = "BODY_TOO_SLOW"
    retryable = True


class ClientGone(Exception):
    """The client closed the connection before its request was read."""


class BoundedBody:
    """An ASGI ``receive`` of at most ``limit`` bytes, which must all arrive in ``within_s``.

    Raises ``BodyTooLarge`` as soon as more is announced or received, and ``BodyTooSlow``. After the
    body it waits without limit, for the end of the connection.
    """

    def __init__(
        self, scope: Scope, receive: Receive, limit: int, within_s: float = BODY_TIMEOUT_S
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._limit = limit
        self._within_s = within_s
        self._size = 0
        self._due_s: float | None = None
        self._is_whole = False

    async def __call__(self) -> MutableMapping[str, Any]:
        if self._is_whole:
            return await self._receive()
        if self._due_s is None:
            self._refuse_announced()
            self._due_s = asyncio.get_running_loop().time() + self._within_s
        try:
            if HAS_ARRIVED in self._scope:
                message = await self._receive()
            else:
                async with asyncio.timeout_at(self._due_s):
                    message = await self._receive()
        except TimeoutError:
            raise BodyTooSlow(
                f"The request body did not come within {self._within_s:.0f} seconds.",
                suggestion="Send the request again. Nothing was charged.",
            ) from None
        self._size += len(message.get("body", b""))
        if self._size > self._limit:
            raise too_large(self._limit)
        self._is_whole = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    def _refuse_announced(self) -> None:
        declared = header(self._scope, b"content-length")
        is_number = declared.isascii() and declared.isdigit()  # '²' is a digit that int() refuses
        if is_number and (len(declared) > 18 or int(declared) > self._limit):
            raise too_large(self._limit)


def too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"The request body is over {limit} bytes.", suggestion="Send only the documented fields."
    )


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The whole body. Raises ``BodyTooLarge``, ``BodyTooSlow`` and ``ClientGone``."""
    if HAS_ARRIVED in scope:
        message = await receive()
        body: bytes = message.get("body", b"")
        if message["type"] != "http.request":
            raise ClientGone
        if len(body) > limit:
            raise too_large(limit)
        return body
    bounded = BoundedBody(scope, receive, limit)
    chunks: list[bytes] = []
    is_more = True
    while is_more:
        message = await bounded()
        if message["type"] != "http.request":
            raise ClientGone
        chunks.append(message.get("body", b""))
        is_more = message.get("more_body", False)
    return b"".join(chunks)


def header(scope: Scope, name: bytes) -> str:
    """The first header of that (lower-case) name, or ''."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value).decode("latin-1")
    return ""
