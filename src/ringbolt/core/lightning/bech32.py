"""Bech32 (BIP-173): text of a human-readable part, the separator ``1``, data and a checksum.

Data is handled as *symbols*: ``bytes`` whose values are 0 to 31, five bits each. The length limit
of BIP-173 (90 characters) is an argument, because BOLT11 and LNURL lift it.
"""

from __future__ import annotations

import base64

CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
CHECKSUM_LENGTH = 6
BIP173_MAX_LENGTH = 90
_MAX_HRP_LENGTH = 83
_INVALID = 0xFF
_CONTROLS = "".join(map(chr, range(33))) + "\x7f"

_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


class Bech32Error(ValueError):
    """The text is not bech32; the message says why, as a clause without a full stop."""


def _step(state: int) -> int:
    """One symbol of the checksum's shift register (BIP-173, ``polymod``), fed with a zero."""
    top = state >> 25
    state = (state & 0x1FFFFFF) << 5
    for bit, term in enumerate(_GENERATOR):
        if top >> bit & 1:
            state ^= term
    return state


# Two symbols at a time: the register is linear, so what its top ten bits feed back is a table.
_FEEDBACK = tuple(_step(_step(top << 20)) for top in range(1024))


def _mapping(source: str, target: bytes, other: int = _INVALID) -> bytes:
    table = bytearray([other]) * 256
    for character, value in zip(source.encode(), target, strict=True):
        table[character] = value
    return bytes(table)


_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"  # RFC 4648, what the standard library writes
_SYMBOL_VALUES = bytes(range(32))
_TO_TEXT = CHARSET.encode() + bytes(224)
_FROM_TEXT = _mapping(CHARSET, _SYMBOL_VALUES)
_FROM_BASE32 = _mapping(_BASE32, _SYMBOL_VALUES)
_TO_DIGITS = b"0123456789abcdefghijklmnopqrstuv" + bytes(224)  # what int(..., 32) reads
_HIGH_BITS = bytes(value >> 5 for value in range(256))
_LOW_BITS = bytes(value & 31 for value in range(256))


def _polymod(values: bytes) -> int:
    state, start = 1, len(values) & 1
    if start:
        state = state << 5 ^ values[0]
    feedback = _FEEDBACK
    for first, second in zip(values[start::2], values[start + 1 :: 2], strict=True):
        state = (state & 0xFFFFF) << 10 ^ first << 5 ^ second ^ feedback[state >> 20]
    return state


def _expand(hrp: bytes) -> bytes:
    return hrp.translate(_HIGH_BITS) + b"\0" + hrp.translate(_LOW_BITS)


def encode(hrp: str, symbols: bytes) -> str:
    """Lower-case bech32 of a lower-case human-readable part and symbols. No length limit."""
    raw = hrp.encode("ascii")
    rest = _polymod(_expand(raw) + symbols + bytes(CHECKSUM_LENGTH)) ^ 1
    checksum = bytes(rest >> shift & 31 for shift in (25, 20, 15, 10, 5, 0))
    return f"{hrp}1{(symbols + checksum).translate(_TO_TEXT).decode()}"


def decode(text: str, max_length: int = BIP173_MAX_LENGTH) -> tuple[str, bytes]:
    """The human-readable part in lower case, and the symbols without the checksum.

    Raises ``Bech32Error``.
    """
    if len(text) > max_length:
        raise Bech32Error(f"it is longer than {max_length} characters")
    if not text.isascii() or any(character in text for character in _CONTROLS):
        raise Bech32Error("it contains a character that bech32 does not have")
    lower = text.lower()
    if text not in (lower, text.upper()):
        raise Bech32Error("it mixes upper and lower case")
    hrp, separator, data = lower.rpartition("1")
    if not separator or not hrp:
        raise Bech32Error("it has no prefix followed by '1'")
    if len(hrp) > _MAX_HRP_LENGTH:
        raise Bech32Error("the prefix before '1' is too long")
    if len(data) < CHECKSUM_LENGTH:
        raise Bech32Error("it is too short")
    symbols = data.encode().translate(_FROM_TEXT)
    if _INVALID in symbols:
        raise Bech32Error("it contains a character that bech32 does not have")
    if _polymod(_expand(hrp.encode()) + symbols) != 1:
        raise Bech32Error("the checksum is wrong, a character was changed or lost")
    return hrp, symbols[:-CHECKSUM_LENGTH]


def to_int(symbols: bytes) -> int:
    """Symbols as one big-endian number; none is 0."""
    return int(symbols.translate(_TO_DIGITS), 32) if symbols else 0


def to_symbols(data: bytes) -> bytes:
    """Octets as symbols, the last one padded with zero bits."""
    return base64.b32encode(data).rstrip(b"=").translate(_FROM_BASE32)


def to_bytes(symbols: bytes) -> bytes:
    """Symbols as octets. Raises ``Bech32Error`` unless the padding is under five zero bits."""
    bits = len(symbols) * 5
    padding = bits & 7
    number = to_int(symbols)
    if padding > 4 or number & (1 << padding) - 1:
        raise Bech32Error("its padding is not zero bits")
    return (number >> padding).to_bytes(bits >> 3, "big")
