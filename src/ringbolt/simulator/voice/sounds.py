"""The audio that simulated calls generate: a beep, and a voice of tones."""

from __future__ import annotations

import math
import struct
from functools import cache
from typing import Final

from ringbolt.core.calls.call import SAMPLE_RATE
from ringbolt.simulator.voice.line import BEEP_MS, FRAME_MS
from ringbolt.voice.audio.g711 import decode_ulaw, encode_ulaw
from ringbolt.voice.audio.wav import wav_bytes

_BEEP_HZ: Final = 1000
_VOICE_HZ: Final = (392, 494, 587, 784)
"""The notes of a phone's voice, a quarter of a second each."""
_NOTE_MS: Final = 250
_PEAK: Final = 8000
_FRAME_BYTES: Final = SAMPLE_RATE * FRAME_MS // 1000 * 2


def recorded_wav(frames: int, speaks_ms: int) -> bytes:
    """``frames`` frames of a phone that speaks for ``speaks_ms`` and is then silent, as a WAV in
    telephone quality."""
    size = frames * _FRAME_BYTES
    said = decode_ulaw(encode_ulaw(_voice(speaks_ms)))[:size] if speaks_ms else b""
    return wav_bytes(said.ljust(size, b"\0"))


@cache
def beep() -> bytes:
    """Mu-law."""
    return encode_ulaw(_tone(_BEEP_HZ, BEEP_MS))


@cache
def _voice(ms: int) -> bytes:
    notes = (_VOICE_HZ[at % len(_VOICE_HZ)] for at in range(-(-ms // _NOTE_MS)))
    return b"".join(_tone(hertz, _NOTE_MS) for hertz in notes)[: ms * SAMPLE_RATE // 1000 * 2]


def _tone(hertz: int, ms: int) -> bytes:
    step = math.tau * hertz / SAMPLE_RATE
    samples = [round(_PEAK * math.sin(step * n)) for n in range(ms * SAMPLE_RATE // 1000)]
    return struct.pack(f"<{len(samples)}h", *samples)
