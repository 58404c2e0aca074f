"""G.711, the codec of the telephone network: one byte a sample, 8,000 samples a second.

Both laws of ITU-T G.711 (mu-law in North America and Japan, A-law elsewhere) between bytes of
16-bit little-endian linear samples and bytes of code. The tables agree with the reference on all
65,536 inputs and cost no numpy: the media engine codes a frame of 20 ms in microseconds.
"""

from __future__ import annotations

import sys
from array import array
from typing import Final

ULAW_SILENCE: Final = 0xFF
"""The mu-law code of a zero sample."""

ALAW_SILENCE: Final = 0xD5
"""The A-law code of the smallest positive sample; A-law has no zero."""


def encode_ulaw(pcm: bytes) -> bytes:
    """Linear samples (s16le) as mu-law. Raises ``ValueError`` on half a sample."""
    return bytes(map(_TO_ULAW, _samples(pcm)))


def decode_ulaw(code: bytes) -> bytes:
    """Mu-law as linear samples (s16le)."""
    return _spread(code, _ULAW_LOW, _ULAW_HIGH)


def encode_alaw(pcm: bytes) -> bytes:
    """Linear samples (s16le) as A-law. Raises ``ValueError`` on half a sample."""
    return bytes(map(_TO_ALAW, _samples(pcm)))


def decode_alaw(code: bytes) -> bytes:
    """A-law as linear samples (s16le)."""
    return _spread(code, _ALAW_LOW, _ALAW_HIGH)


def _samples(pcm: bytes) -> array[int]:
    if len(pcm) % 2:
        raise ValueError(f"{len(pcm)} bytes are not whole 16-bit samples")
    samples = array("H", pcm)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _spread(code: bytes, low: bytes, high: bytes) -> bytes:
    pcm = bytearray(2 * len(code))
    pcm[0::2] = code.translate(low)
    pcm[1::2] = code.translate(high)
    return bytes(pcm)


def _ulaw_magnitudes() -> bytes:
    """Code 0..127 of each 14-bit magnitude 0..8192 (G.711 table 2a: eight chords of 16 steps).

    Chord ``c`` has steps of ``2 << c``; the first step holds zero alone, and everything above the
    last decision value is clipped to it.
    """
    steps = [2 << chord for chord in range(8) for _ in range(16)]
    steps[0] = 1
    steps[-1] += 8193 - sum(steps)
    return b"".join(bytes([code]) * width for code, width in enumerate(steps))


def _alaw_magnitudes() -> bytes:
    """Code 0..127 of each 13-bit magnitude 0..4095 (G.711 table 1a); two lowest chords alike."""
    steps = [2 << max(chord - 1, 0) for chord in range(8) for _ in range(16)]
    return b"".join(bytes([code]) * width for code, width in enumerate(steps))


def _stretch(codes: bytes, times: int) -> bytes:
    table = bytearray(len(codes) * times)
    for offset in range(times):
        table[offset::times] = codes
    return bytes(table)


def _flip(codes: bytes, mask: int) -> bytes:
    return bytes(code ^ mask for code in codes)


def _ulaw_table() -> bytes:
    """The code of every sample, indexed by it as an unsigned 16-bit number."""
    codes = _ulaw_magnitudes()
    # Two's complement shifts towards minus infinity: -1 has magnitude 1 on the 14-bit scale.
    positive, negative = codes[:8192], codes[:0:-1]
    return _stretch(_flip(positive, 0xFF), 4) + _stretch(_flip(negative, 0x7F), 4)


def _alaw_table() -> bytes:
    """The code of every sample, indexed by it as an unsigned 16-bit number."""
    codes = _alaw_magnitudes()
    return _stretch(_flip(codes, 0xD5), 8) + _stretch(_flip(codes[::-1], 0x55), 8)


def _ulaw_sample(code: int) -> int:
    bits = ~code
    magnitude = (((bits & 0x0F) << 3) + 0x84) << ((bits & 0x70) >> 4)
    return 0x84 - magnitude if bits & 0x80 else magnitude - 0x84


def _alaw_sample(code: int) -> int:
    bits = code ^ 0x55
    chord = (bits & 0x70) >> 4
    magnitude = ((bits & 0x0F) << 4) + 8
    if chord:
        magnitude = (magnitude + 0x100) << (chord - 1)
    return magnitude if bits & 0x80 else -magnitude


_TO_ULAW = _ulaw_table().__getitem__
_TO_ALAW = _alaw_table().__getitem__
_ULAW_LOW = bytes(_ulaw_sample(code) & 0xFF for code in range(256))
_ULAW_HIGH = bytes(_ulaw_sample(code) >> 8 & 0xFF for code in range(256))
_ALAW_LOW = bytes(_alaw_sample(code) & 0xFF for code in range(256))
_ALAW_HIGH = bytes(_alaw_sample(code) >> 8 & 0xFF for code in range(256))
