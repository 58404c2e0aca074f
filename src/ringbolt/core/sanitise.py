"""Values from outside in a form that every database can store."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

LATEST_MS: Final = 253_402_300_799_999
"""The last millisecond of the year 9999: later times have no date (RFC 3339)."""
MOST: Final = 2**31 - 1
"""The largest number that every integer column can hold."""
MOST_OF_NAME: Final = 200
"""The longest name that is stored: PostgreSQL puts no text of a few thousand signs in an index."""


def sanitise(text: str) -> str:
    """``text`` with U+FFFD for what cannot be stored: PostgreSQL refuses NUL, and every database
    half a surrogate pair. A text message in UCS-2 may hold both."""
    return _UNSTORABLE.sub("\ufffd", text)


def storable_name(text: str) -> str:
    """A far end's own name of something, as every database can store it and put it in an index. Of
    a longer one the end is a digest, so that two stay apart."""
    name = sanitise(text)
    if len(name) <= MOST_OF_NAME:
        return name
    digest = sha256(name.encode()).hexdigest()
    return f"{name[: MOST_OF_NAME - len(digest)]}{digest}"


def clamp_ms(at_ms: int) -> int:
    """The nearest time that has a date, ms UTC."""
    return min(max(at_ms, 0), LATEST_MS)


def clamp_count(number: int) -> int:
    """The nearest count that can be stored."""
    return min(max(number, 0), MOST)
