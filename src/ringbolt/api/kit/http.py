"""The parts of ASGI and HTTP that every address needs: headers and addresses."""

from __future__ import annotations

import re
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

from ringbolt.core.errors import RingboltError
from ringbolt.http_body import Scope, header

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Header = tuple[bytes, bytes]

EXPOSED: tuple[str, ...] = (
    "WWW-Authenticate",
    "Payment-Receipt",
    "X-Error-Code",
    "Idempotent-Replayed",
    "Retry-After",
    "RateLimit",
    "RateLimit-Policy",
    "ETag",
    "X-Ringbolt-Notes",
)
"""Headers of answers that pages of other origins may read, whichever family answers."""
REQUEST_HEADERS: tuple[str, ...] = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "X-API-Key",
    "Accept",
    "Accept-Payment",
    "If-None-Match",
)
"""Headers of requests that pages of other origins may send. Clients send the same ones to every
address: a preflight that refuses Accept-Payment for a free list stops them there."""
CORS: tuple[Header, ...] = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", ", ".join(EXPOSED).encode()),
)
PREFLIGHT: tuple[Header, ...] = (
    (b"access-control-allow-methods", b"GET, HEAD, POST, OPTIONS"),
    (b"access-control-allow-headers", ", ".join(REQUEST_HEADERS).encode()),
    (b"access-control-max-age", b"86400"),
)
"""Browser clients must be able to read the challenge, and to send the credential."""

_HOST = re.compile(r"(?:[A-Za-z0-9.-]{1,253}|\[([0-9A-Fa-f:.]{2,45})\])(?::[0-9]{1,5})?", re.ASCII)
_V4_MAPPED = bytes(10) + b"\xff\xff"

encode = msgspec.json.Encoder().encode


class MethodNotAllowed(RingboltError):
    """The address exists, and does not take this method."""

    status = 405
    title = "Method not allowed"
    default_code = "METHOD_NOT_ALLOWED"


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
