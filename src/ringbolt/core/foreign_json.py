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
    for repair in (_as_it_is, _sound_characters, _escaped_controls):
        repaired = repair(body)
        try:
            return msgspec.json.decode(repaired, type=type)
        except msgspec.ValidationError:  # it is JSON, but another document
            raise
        except (msgspec.DecodeError, UnicodeDecodeError):
            if repair is _escaped_controls:
                raise
    raise AssertionError("the last repair returns or raises")


def _as_it_is(body: bytes) -> bytes:
    return body


def _sound_characters(body: bytes) -> bytes:
    return HALF_A_PAIR.sub(rb"\\ufffd", body).decode("utf-8", "replace").encode()


def _escaped_controls(body: bytes) -> bytes:
    """Also texts with line breaks that are not escaped; ``body`` itself if that is not the fault.
    It takes three times as long."""
    sound = _sound_characters(body)
    try:
        return json.dumps(json.loads(sound, strict=False), allow_nan=False).encode()
    except (ValueError, RecursionError):
        return body
