"""What is told from outside in a form that every database keeps."""

from __future__ import annotations

import re
from typing import Final

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

LATEST_MS: Final = 253_402_300_799_999
"""The last millisecond of the year 9999: what is later has no date (RFC 3339)."""
MOST: Final = 2**31 - 1
"""The largest number that every integer column takes."""


def sanitise(text: str) -> str:
    """``text`` with U+FFFD for what cannot be kept: PostgreSQL takes no NUL, and nothing takes
    half a surrogate pair. A text message in UCS-2 may hold both."""
    return _UNSTORABLE.sub("\ufffd", text)


def clamp_ms(at_ms: int) -> int:
    """The nearest time that is one, ms UTC."""
    return min(max(at_ms, 0), LATEST_MS)


def clamp_count(number: int) -> int:
    """The nearest number that counts something."""
    return min(max(number, 0), MOST)
