"""HMAC-SHA-256 (RFC 2104) written out with ``hashlib``: a third to a half of the cost of
``hmac.digest``, which looks the algorithm up at every call (OpenSSL 3)."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

_INNER = bytes(value ^ 0x36 for value in range(256))
_OUTER = bytes(value ^ 0x5C for value in range(256))
_INNER_REST, _OUTER_REST = b"\x36" * 32, b"\x5c" * 32
_BLOCK = 64


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA-256 under a key of exactly 32 octets that is used once."""
    inner = sha256(key.translate(_INNER) + _INNER_REST + message).digest()
    return sha256(key.translate(_OUTER) + _OUTER_REST + inner).digest()


def keyed(key: bytes) -> Callable[[bytes], bytes]:
    """HMAC-SHA-256 under a key of any length that is used often: its pads are hashed once."""
    block = (key if len(key) <= _BLOCK else sha256(key).digest()).ljust(_BLOCK, b"\0")
    start, finish = sha256(block.translate(_INNER)), sha256(block.translate(_OUTER))

    def mac(message: bytes) -> bytes:
        inner, outer = start.copy(), finish.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()

    return mac
