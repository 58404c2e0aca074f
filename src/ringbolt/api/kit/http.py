"""The parts of ASGI and HTTP that every address needs: bodies, headers, addresses."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

from ringbolt.core.errors import RingboltError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Header = tuple[bytes, bytes]

CORS: tuple[Header, ...] = (
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        b"WWW-Authenticate, Payment-Receipt, X-Error-Code, Idempotent-Replayed, Retry-After",
    ),
)
PREFLIGHT: tuple[Header, ...] = (
    (b"access-control-allow-methods", b"GET, HEAD, POST, OPTIONS"),
    (
        b"access-control-allow-headers",
        b"Authorization, Content-Type, Idempotency-Key, X-API-Key, Accept, Accept-Payment",
    ),
    (b"access-control-max-age", b"86400"),
)
"""Browser clients must be able to read the challenge, and to send the credential."""

_HOST = re.compile(r"(?:[A-Za-z0-9.-]{1,253}|\[([0-9A-Fa-f:.]{2,45})\])(?::[0-9]{1,5})?", re.ASCII)
_V4_MAPPED = bytes(10) + b"\xff\xff"

BODY_TIMEOUT_S = 20.0

encode = msgspec.json.Encoder().encode


class BodyTooLarge(RingboltError):
    status = 413
    title = "The body is too large"
    default_code = "BODY_TOO_LARGE"


class MethodNotAllowed(RingboltError):
    status = 405
    title = "Method not allowed"
    default_code = "METHOD_NOT_ALLOWED"


class ClientGone(Exception):
    """The client closed the connection before its request was read."""


class BodyTooSlow(RingboltError):
    status = 408
    title = "The body did not come in time"
    default_code = "BODY_TOO_SLOW"
    retryable = True


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The whole body. Raises ``BodyTooLarge`` as soon as more than ``limit`` bytes are announced or
    received, and ``BodyTooSlow`` after ``BODY_TIMEOUT_S``."""
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            return await _read_body(scope, receive, limit)
    except TimeoutError:
        raise BodyTooSlow(
            f"The request body did not come within {BODY_TIMEOUT_S:.0f} seconds.",
            suggestion="Send the request again. Nothing was charged.",
        ) from None


async def _read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    declared = header(scope, b"content-length")
    is_number = declared.isascii() and declared.isdigit()  # '²' is a digit that int() refuses
    if is_number and (len(declared) > 18 or int(declared) > limit):
        raise _too_large(limit)
    chunks: list[bytes] = []
    size, is_more = 0, True
    while is_more:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGone
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            raise _too_large(limit)
        is_more = message.get("more_body", False)
    return b"".join(chunks)


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"The request body is over {limit} bytes.",
        suggestion="Send only the documented fields.",
    )


def header(scope: Scope, name: bytes) -> str:
    """The first header of that (lower-case) name, or ''."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value).decode("latin-1")
    return ""


def headers(scope: Scope, name: bytes) -> list[str]:
    """Every header of that name: clients send two Authorization lines (LSAT and L402)."""
    return [bytes(value).decode("latin-1") for key, value in scope["headers"] if key == name]


def base_url(scope: Scope, public_url: str) -> str:
    """How the shop is reached from outside: as configured, else as this request reached it."""
    if public_url:
        return public_url.rstrip("/")
    host = header(scope, b"host")
    match = _HOST.fullmatch(host)
    if match is None or (match[1] and _packed_v6(match[1]) is None):
        host = "localhost"
    return f"{scope.get('scheme', 'http')}://{host}"


def client_address(scope: Scope) -> str:
    """The client's address for rate limits; an IPv6 client is its /64 network."""
    client = scope.get("client")
    if not client:
        return "unknown"
    address = str(client[0])
    if ":" not in address:
        return address
    packed = _packed_v6(address.partition("%")[0])
    if packed is None:
        return address
    if packed.startswith(_V4_MAPPED):
        return socket.inet_ntop(socket.AF_INET, packed[12:])
    return packed[:8].hex()


def _packed_v6(address: str) -> bytes | None:
    try:
        return socket.inet_pton(socket.AF_INET6, address)
    except OSError:
        return None
