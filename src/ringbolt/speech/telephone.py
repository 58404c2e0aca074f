"""Convert an engine's audio: one sample rate (for the telephone 8 kHz), one loudness. Runs in the
speech process."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""Mono, full scale is 1.0."""

RATE = 8000  # ringbolt.core.calls.call.SAMPLE_RATE
LEVEL_DBFS = -20.0
PEAK = 10 ** (-3 / 20)
_KNEE = 0.5
"""Where limiting begins; below it nothing is changed."""

_FRAMES_PER_S = 50
_SILENCE = 10 ** (-50 / 20)
_BELOW_LOUDEST = 10 ** (-30 / 20)
_LOWEST_HZ = 60
_PASS_PART = 0.45
"""Full pass band, of the sample rate (of 8 kHz: to 3.6 kHz); from its upper edge the response falls
to nothing at half the rate, as a cosine."""


class Silent(Exception):
    """There is no speech in the audio."""


def resample(samples: Samples, rate: int, to_rate: int = RATE) -> Samples:
    """Through the spectrum: a linear-phase filter of any steepness, any ratio of rates.

    What has the rate already is left as it is.
    """
    if rate == to_rate:
        return samples
    seconds = len(samples) // rate + 1  # whole seconds: integer lengths, cheap FFT
    # A spectrum that is shorter than the result needs is filled up with nothing.
    spectrum = np.fft.rfft(samples, seconds * rate)[: seconds * to_rate // 2 + 1]
    hertz = np.arange(len(spectrum)) / seconds
    highest = _PASS_PART * to_rate
    edge = np.clip((hertz - highest) / (to_rate / 2 - highest), 0.0, 1.0)
    spectrum *= 0.5 * (1.0 + np.cos(np.pi * edge)) * (hertz >= _LOWEST_HZ)
    other = np.fft.irfft(spectrum, seconds * to_rate) * (to_rate / rate)
    return other[: round(len(samples) * to_rate / rate)].astype(np.float32)


def level(samples: Samples, rate: int = RATE) -> Samples:
    """Bring speech (not its pauses) to -20 dBFS RMS and keep its peaks under -3 dBFS.

    Raises ``Silent`` if less than a tenth of a second of it is speech.
    """
    loudness = active_rms(samples, rate)
    loud = samples * np.float32(10 ** (LEVEL_DBFS / 20) / loudness)
    size = np.abs(loud)
    room = PEAK - _KNEE
    limited = _KNEE + room * np.tanh((size - _KNEE) / room)
    return np.where(size > _KNEE, np.copysign(limited, loud), loud).astype(np.float32)


def active_rms(samples: Samples, rate: int = RATE) -> float:
    """RMS over the frames (20 ms) that hold speech. Raises ``Silent`` if hardly any do."""
    size = rate // _FRAMES_PER_S
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    if not len(frames):
        raise Silent
    power = np.einsum("ij,ij->i", frames, frames, dtype=np.float64) / size
    threshold = max(_SILENCE, float(np.sqrt(power.max())) * _BELOW_LOUDEST) ** 2
    active = power[power > threshold]
    if len(active) < 5:
        raise Silent
    return float(np.sqrt(active.mean()))


def to_pcm(samples: Any) -> bytes:
    """Signed 16-bit little endian."""
    return bytes((np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2").tobytes())
