"""WAV files as odd as those of people, made byte by byte from a sound that is known."""

from __future__ import annotations

import struct
from typing import Any

import numpy

Array = numpy.ndarray[Any, Any]

RATE = 16000
EXTENSIBLE = 0xFFFE
_GUID = bytes.fromhex("00001000800000aa00389b71")


def voice(rate: int = RATE, seconds: float = 2.0) -> Array:
    """Something like a voice: a gliding pitch with overtones, in syllables; floats up to 0.5."""
    at = numpy.arange(int(rate * seconds)) / rate
    pitch = 2 * numpy.pi * numpy.cumsum(140 + 50 * numpy.sin(2.3 * at)) / rate
    tone = sum(numpy.sin(n * pitch) / n for n in range(1, 18))
    return 0.25 * numpy.asarray(tone) * numpy.abs(numpy.sin(2 * numpy.pi * 1.5 * at)) ** 0.5


def samples(sound: Array, kind: str, order: str = "<") -> bytes:
    """``sound`` (rows: frames, columns: channels; or one channel) as ``kind`` says: u8, s12in16,
    s16, s20in24, s24, s24in32, s32, f32, f64."""
    match kind:
        case "u8":
            return bytes(numpy.rint(sound * 127 + 128).astype("u1").tobytes())
        case "f32" | "f64":
            return bytes(sound.astype(f"{order}f{int(kind[1:]) // 8}").tobytes())
    valid, _, container = kind[1:].partition("in")
    bits = int(container or valid)
    whole = numpy.rint(sound * (2 ** (int(valid) - 1) - 1)).astype("i8") << (bits - int(valid))
    if bits != 24:
        return bytes(whole.astype(f"{order}i{bits // 8}").tobytes())
    four = (whole << 8).astype(f"{order}i4").reshape(-1, 1).view("u1")
    return bytes((four[:, 1:] if order == "<" else four[:, :3]).tobytes())


def chunk(name: bytes, data: bytes, order: str = "<", *, pad: bool = True) -> bytes:
    filling = bytes(len(data) % 2) if pad else b""
    return name + struct.pack(f"{order}I", len(data)) + data + filling


def form(
    coding: int,
    bits: int,
    channels: int = 1,
    rate: int = RATE,
    order: str = "<",
    align: int | None = None,
) -> bytes:
    align = -(-bits // 8) * channels if align is None else align
    return struct.pack(f"{order}HHIIHH", coding, channels, rate, rate * align, align, bits)


def extensible(
    coding: int,
    bits: int,
    valid: int,
    channels: int = 1,
    order: str = "<",
    mask: int = 0,
) -> bytes:
    basic = form(EXTENSIBLE, bits, channels, order=order)
    return basic + struct.pack(f"{order}HHII", 22, valid, mask, coding) + _GUID


def riff(
    fmt: bytes,
    data: bytes,
    *,
    start: bytes = b"RIFF",
    before: bytes = b"",
    after: bytes = b"",
    size: int | None = None,
) -> bytes:
    """A whole file. ``size``: what the header of ``data`` says instead of the truth."""
    order = ">" if start == b"RIFX" else "<"
    head = b"data" + struct.pack(f"{order}I", len(data) if size is None else size)
    content = b"WAVE" + chunk(b"fmt ", fmt, order) + before + head + data + after
    return start + struct.pack(f"{order}I", len(content) & 0xFFFFFFFF) + content


def likeness(heard: bytes, sound: Array, rate: int = RATE) -> float:
    """The greatest correlation of telephone audio with ``sound`` over all shifts: 1 if it is the
    same, at any level."""
    pcm = numpy.frombuffer(heard, "<i2").astype(float)
    there = numpy.interp(numpy.arange(0, len(sound), rate / 8000), numpy.arange(len(sound)), sound)
    size = len(pcm) + len(there)
    product = numpy.fft.irfft(numpy.fft.rfft(pcm, size) * numpy.conj(numpy.fft.rfft(there, size)))
    return float(numpy.abs(product).max() / numpy.sqrt((pcm @ pcm) * (there @ there) or 1))


def level(heard: bytes) -> float:
    """RMS, of 1."""
    pcm = numpy.frombuffer(heard, "<i2").astype(float)
    return float(numpy.sqrt((pcm**2).mean())) / 32768
