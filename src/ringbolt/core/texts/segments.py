"""How long a text message is: GSM-7 or UCS-2, in how many segments (3GPP TS 23.038, 23.040).

A message of one segment holds 160 septets or 70 UTF-16 units; in a message of several each holds
153 or 67, because a header that joins them takes 6 octets. A character is never split.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

GSM7_BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ"
    "ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The default alphabet without its escape sign (3GPP TS 23.038, 6.2.1)."""

GSM7_EXTENSION: Final = "\f^{}\\[~]|€"
"""Characters of two septets, the escape sign first (3GPP TS 23.038, 6.2.1.1)."""

_SEPTETS: Final = dict.fromkeys(GSM7_BASIC, 1) | dict.fromkeys(GSM7_EXTENSION, 2)


class Encoding(StrEnum):
    GSM7 = "gsm7"
    UCS2 = "ucs2"


_ROOM: Final = {Encoding.GSM7: (160, 153), Encoding.UCS2: (70, 67)}
"""Units in a message of one segment, and in each segment of a longer one."""


@dataclass(frozen=True, slots=True)
class SmsSize:
    """``units``: septets (GSM-7) or UTF-16 code units (UCS-2), headers not counted."""

    encoding: Encoding
    units: int
    segments: int


def encoding_of(text: str) -> Encoding:
    return Encoding.GSM7 if all(sign in _SEPTETS for sign in text) else Encoding.UCS2


def count(text: str) -> SmsSize:
    """The size of a text. An empty one is a message of one segment."""
    encoding = encoding_of(text)
    cost = _cost(encoding)
    return SmsSize(encoding, sum(map(cost, text)), sum(1 for _ in _parts(text, encoding)))


def split(text: str) -> tuple[str, ...]:
    """The text of each segment; together they are the whole text."""
    return tuple(_parts(text, encoding_of(text)))


def part_fault(parts: Sequence[str], encoding: str) -> str | None:
    """Why no telephone network carries a message of these parts; None if nothing is wrong."""
    form = Encoding(encoding)
    room = _ROOM[form][len(parts) > 1]
    for n, part in enumerate(parts, 1):
        if form is Encoding.GSM7 and encoding_of(part) is not form:
            return f"part {n} has signs that GSM-7 has not"
        units = sum(map(_cost(form), part))
        if units > room:
            return f"part {n} takes {units} characters, and at most {room} fit in one"
    return None


def _cost(encoding: Encoding) -> Callable[[str], int]:
    return _SEPTETS.__getitem__ if encoding is Encoding.GSM7 else _utf16_units


def _utf16_units(sign: str) -> int:
    return 2 if ord(sign) > 0xFFFF else 1


def _parts(text: str, encoding: Encoding) -> Iterator[str]:
    cost = _cost(encoding)
    alone, joined = _ROOM[encoding]
    if sum(map(cost, text)) <= alone:
        yield text
        return
    start = used = 0
    for at, sign in enumerate(text):
        units = cost(sign)
        if used + units > joined:
            yield text[start:at]
            start, used = at, 0
        used += units
    yield text[start:]
