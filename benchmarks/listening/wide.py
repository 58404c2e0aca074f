"""Speak a text without the telephone: the engine's sound at 16 kHz."""

from __future__ import annotations

import io
import wave
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ringbolt.speech.detector import LanguageDetector
from ringbolt.speech.espeak import EspeakEngine
from ringbolt.speech.hibari import HibariEngine
from ringbolt.speech.normalise import clean
from ringbolt.speech.plan import SpeechJob, plan

RATE = 16_000


def speak(text: str, language: str = "") -> bytes:
    """A WAV of ``text``, read as a call reads it."""
    job = SpeechJob(clean(text), language=language)
    parts = []
    for utterance in plan(job, _detector()):
        engine = _hibari() if utterance.voice.engine == "hibari" else _espeak()
        sound, rate = engine.speak(utterance.text, utterance.language, utterance.voice, RATE)
        parts.append(_resampled(sound, rate))
    sound = np.concatenate(parts)
    pcm = (sound / max(1.0, float(np.abs(sound).max())) * 32767).astype("<i2")
    with io.BytesIO() as file:
        with wave.open(file, "wb") as writer:
            writer.setparams((1, 2, RATE, 0, "NONE", ""))
            writer.writeframes(pcm.tobytes())
        return file.getvalue()


def _resampled(sound: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """By its spectrum: exact enough for seconds of speech."""
    size = round(len(sound) * RATE / rate)
    spectrum = np.fft.rfft(sound)[: size // 2 + 1]
    return np.fft.irfft(spectrum, size) * (size / len(sound))


@cache
def _hibari() -> HibariEngine:
    return HibariEngine()


@cache
def _espeak() -> EspeakEngine:
    return EspeakEngine()


@cache
def _detector() -> LanguageDetector:
    return LanguageDetector()
