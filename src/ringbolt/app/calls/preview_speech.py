"""Hear a text as a call would speak it, before placing a call."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from ringbolt.app.calls.render import spoken
from ringbolt.app.shop import Shop
from ringbolt.core.calls.call import SAMPLE_RATE, Clip, Pause, Say
from ringbolt.voice.audio.wav import wav_bytes

_BYTES_PER_MS = 2 * SAMPLE_RATE // 1000


@dataclass(frozen=True, slots=True)
class Preview:
    """A WAV, 16-bit mono, 8 kHz; ``notes`` say what differs from the request."""

    wav: bytes
    notes: tuple[str, ...]


async def preview(shop: Shop, text: str, voice: str, language: str, neural: bool) -> Preview:
    """The text, or SSML, as a call would speak it. Raises ``SpeechFailed``."""
    notes: list[str] = []
    parts = await spoken(shop, Say(text, voice, language, neural), notes, preview=True)
    return Preview(await asyncio.to_thread(_joined, parts), tuple(dict.fromkeys(notes)))


def _joined(parts: list[Clip | Pause]) -> bytes:
    return wav_bytes(b"".join(map(_pcm, parts)))


def _pcm(part: Clip | Pause) -> bytes:
    if isinstance(part, Pause):
        return bytes(part.ms * _BYTES_PER_MS)
    return Path(part.path).read_bytes()
