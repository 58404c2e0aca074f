"""JSON that a far end wrote, read as well as it can be.

Strangers send the texts that providers list and phones report, and a text in UCS-2 may hold half a
surrogate pair: it must not make a whole list, or an answer that was paid for, unreadable.
"""

from __future__ import annotations

import json
from typing import Any, TypeVar, overload

import msgspec

from ringbolt.core.json_errors import HALF_A_PAIR

T = TypeVar("T")


@overload
def decode(body: bytes) -> Any: ...
@overload
def decode(body: bytes, type: type[T]) -> T: ...
def decode(body: bytes, type: Any = Any) -> Any:
    """The document, with U+FFFD for what is no character, and with control characters in texts.
    Raises ``core.json_errors.UNREADABLE``."""
    try:
        return msgspec.json.decode(body, type=type)
    except msgspec.ValidationError:  # it is JSON, but another document
        raise
    except (msgspec.DecodeError, UnicodeDecodeError):
        repaired = _repaired(body)
        if repaired is None:
            raise
    return msgspec.json.decode(repaired, type=type)


def _repaired(body: bytes) -> bytes | None:
    text = HALF_A_PAIR.sub(rb"\\ufffd", body).decode("utf-8", "replace")
    try:
        return json.dumps(json.loads(text, strict=False), allow_nan=False).encode()
    except (ValueError, RecursionError):
        return None
