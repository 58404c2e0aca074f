"""Convert an engine's audio for the telephone: 8 kHz, one loudness. Runs in the speech process."""

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

_FRAME = RATE // 50
_SILENCE = 10 ** (-50 / 20)
_BELOW_LOUDEST = 10 ** (-30 / 20)
_PASS_HZ = (60, 3600)
"""Full pass band; from its upper edge the response falls to nothing at 4 kHz, as a cosine."""


class Silent(Exception):
    """There is no speech in the audio."""


def resample(samples: Samples, rate: int) -> Samples:
    """To 8 kHz through the spectrum: a linear-phase filter of any steepness, any ratio of rates.

    What has 8 kHz already is left as it is.
    """
    if rate == RATE:
        return samples
    seconds = len(samples) // rate + 1  # whole seconds: integer lengths, cheap FFT
    spectrum = np.fft.rfft(samples, seconds * rate)[: seconds * RATE // 2 + 1]
    hertz = np.arange(len(spectrum)) / seconds
    edge = np.clip((hertz - _PASS_HZ[1]) / (RATE / 2 - _PASS_HZ[1]), 0.0, 1.0)
    spectrum *= 0.5 * (1.0 + np.cos(np.pi * edge)) * (hertz >= _PASS_HZ[0])
    narrow = np.fft.irfft(spectrum, seconds * RATE) * (RATE / rate)
    return narrow[: round(len(samples) * RATE / rate)].astype(np.float32)


def level(samples: Samples) -> Samples:
    """Bring speech (not its pauses) to -20 dBFS RMS and keep its peaks under -3 dBFS.

    Raises ``Silent`` if less than a tenth of a second of it is speech.
    """
    loudness = active_rms(samples)
    loud = samples * np.float32(10 ** (LEVEL_DBFS / 20) / loudness)
    size = np.abs(loud)
    room = PEAK - _KNEE
    limited = _KNEE + room * np.tanh((size - _KNEE) / room)
    return np.where(size > _KNEE, np.copysign(limited, loud), loud).astype(np.float32)


def active_rms(samples: Samples) -> float:
    """RMS over the frames (20 ms) that hold speech. Raises ``Silent`` if hardly any do."""
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    if not len(frames):
        raise Silent
    power = np.einsum("ij,ij->i", frames, frames, dtype=np.float64) / _FRAME
    threshold = max(_SILENCE, float(np.sqrt(power.max())) * _BELOW_LOUDEST) ** 2
    active = power[power > threshold]
    if len(active) < 5:
        raise Silent
    return float(np.sqrt(active.mean()))


def to_pcm(samples: Any) -> bytes:
    """Signed 16-bit little endian."""
    return bytes((np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2").tobytes())
