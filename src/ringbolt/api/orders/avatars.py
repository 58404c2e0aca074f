"""Pictures for services: the letters of a code on a colour of its own, as PNG. No logos."""

from __future__ import annotations

import re
import struct
import zlib
from functools import lru_cache

from ringbolt.core.errors import NotFound

FILE = re.compile(r"([a-z0-9][a-z0-9-]{0,30})0\.png", re.ASCII)
"""The name of a picture: the service's code, and the 0 that sms4sats puts behind it."""

_SIDE = 64
_SCALE = 4  # screen pixels for each pixel of a glyph
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_WHITE = b"\xff\xff\xff"

# Rows of a 5x7 matrix, five bits each, from the top.
_GLYPHS = {
    "A": "0E11111F111111", "B": "1E11111E11111E", "C": "0E11101010110E", "D": "1C12111111121C",
    "E": "1F10101E10101F", "F": "1F10101E101010", "G": "0E11101711110F", "H": "1111111F111111",
    "I": "0E04040404040E", "J": "0702020202120C", "K": "11121418141211", "L": "1010101010101F",
    "M": "111B1515111111", "N": "11111915131111", "O": "0E11111111110E", "P": "1E11111E101010",
    "Q": "0E11111115120D", "R": "1E11111E141211", "S": "0F10100E01011E", "T": "1F040404040404",
    "U": "1111111111110E", "V": "11111111110A04", "W": "1111111515150A", "X": "11110A040A1111",
    "Y": "1111110A040404", "Z": "1F01020408101F", "0": "0E11131519110E", "1": "040C040404040E",
    "2": "0E11010204081F", "3": "1F02040201110E", "4": "02060A121F0202", "5": "1F101E0101110E",
    "6": "0608101E11110E", "7": "1F010204080808", "8": "0E11110E11110E", "9": "0E11110F01020C",
}  # fmt: skip


def avatar(name: str) -> bytes:
    """The picture of that file name, e.g. ``vk0.png``. Raises ``NotFound``."""
    match = FILE.fullmatch(name)
    if match is None:
        raise NotFound("There is no such picture.", suggestion="Use src as it was answered.")
    return _drawn(match[1])


@lru_cache(maxsize=512)
def _drawn(code: str) -> bytes:
    letters = code.replace("-", "")[:2].upper()
    width = (6 * len(letters) - 1) * _SCALE
    left, top = (_SIDE - width) // 2, (_SIDE - 7 * _SCALE) // 2
    rows = [0] * _SIDE  # a bit for each pixel, the leftmost the highest
    for place, letter in enumerate(letters):
        glyph = bytes.fromhex(_GLYPHS[letter])
        for y, bits in enumerate(glyph):
            for x in range(5):
                if bits >> (4 - x) & 1:
                    start = left + (6 * place + x) * _SCALE
                    mask = ((1 << _SCALE) - 1) << (_SIDE - start - _SCALE)
                    for line in range(top + y * _SCALE, top + (y + 1) * _SCALE):
                        rows[line] |= mask
    return _png(rows, _colour(code))


def _colour(code: str) -> bytes:
    """A dark colour, the same for the same code, on which white is read well."""
    red, green, blue = zlib.crc32(code.encode()).to_bytes(4, "big")[:3]
    return bytes((red // 2 + 16, green // 3 + 16, blue // 2 + 32))


def _png(rows: list[int], ground: bytes) -> bytes:
    """One bit a pixel and a palette of two colours (PNG, ISO/IEC 15948)."""
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 1, 3, 0, 0, 0)
    lines = b"".join(b"\0" + row.to_bytes(_SIDE // 8, "big") for row in rows)
    return (
        _SIGNATURE
        + _chunk(b"IHDR", header)
        + _chunk(b"PLTE", ground + _WHITE)
        + _chunk(b"IDAT", zlib.compress(lines, 9))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
