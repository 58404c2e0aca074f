"""Whether a webhook comes from the phone: HMAC-SHA256 over the body and the time of the request.

The app signs each try anew, so a webhook that it could not deliver for a day is as fresh as any.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from enum import Enum
from hashlib import sha256
from typing import Final

CLOCKS_DIFFER_MS: Final = 15 * 60_000
"""How wrong a phone's clock may be. A replayed webhook has no effect anyway: its texts and receipts
are known by their names."""
_MAX_DIGITS: Final = 12


class Signed(Enum):
    """What a signature is worth. STALE: right, but the phone's clock differs too much."""

    YES = "yes"
    NO = "no"
    STALE = "stale"


def sign(key: bytes, body: bytes, timestamp: str) -> str:
    """``X-Signature``; ``timestamp``: ``X-Timestamp``, seconds since 1970."""
    return hmac.new(key, body + timestamp.encode(), sha256).hexdigest()


def check(key: bytes, body: bytes, headers: Mapping[str, str], now_ms: int) -> Signed:
    """``headers``: by lower-case name."""
    timestamp, signature = headers.get("x-timestamp", ""), headers.get("x-signature", "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _MAX_DIGITS):
        return Signed.NO
    expected = sign(key, body, timestamp).encode()
    if not hmac.compare_digest(expected, signature.lower().encode()):
        return Signed.NO
    is_fresh = abs(now_ms - int(timestamp) * 1000) <= CLOCKS_DIFFER_MS
    return Signed.YES if is_fresh else Signed.STALE
