"""Text from outside in a form that every database keeps."""

from __future__ import annotations

import re

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """``text`` with U+FFFD for what cannot be kept: PostgreSQL takes no NUL, and nothing takes
    half a surrogate pair. A text message in UCS-2 may hold both."""
    return _UNSTORABLE.sub("\ufffd", text)
