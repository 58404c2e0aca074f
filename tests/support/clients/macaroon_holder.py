"""What the holder of a macaroon can do with it: add caveats, and write it in binary again.

Ringbolt itself only mints and verifies; the writer here shares no code with its codec.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace

from ringbolt.core.lightning.macaroon import Macaroon


def add_caveat(macaroon: Macaroon, caveat: str) -> Macaroon:
    """The macaroon restricted further, which needs no root key."""
    signature = hmac.digest(macaroon.signature, caveat.encode(), hashlib.sha256)
    return replace(macaroon, caveats=(*macaroon.caveats, caveat), signature=signature)


def serialize(macaroon: Macaroon) -> bytes:
    """The version 2 binary form."""
    location = _field(1, macaroon.location.encode()) if macaroon.location else b""
    caveats = b"".join(_field(2, caveat.encode()) + b"\0" for caveat in macaroon.caveats)
    identifier = _field(2, macaroon.identifier) + b"\0"
    return b"\x02" + location + identifier + caveats + b"\0" + _field(6, macaroon.signature)


def _field(kind: int, content: bytes) -> bytes:
    length, octets = len(content), bytearray()
    while length >= 0x80:
        octets.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes((kind, *octets, length)) + content
