"""Whether telephone audio can be heard: neither silent, nor noise as from a wrong reading.

Samples read with the wrong size, sign or byte order are white noise. Measured between 250
and 3400 Hz over a second (geometric by arithmetic mean of the power spectrum): speech 0.04
to 0.35, 16 to 32 bits read wrongly 0.90 to 0.99, wrong signs and 8 bits 0.46 to 0.74 at full scale.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy

from ringbolt.voice.audio.unplayable import Unplayable

Array = numpy.ndarray[Any, Any]

FRAME: Final = 256
"""Samples; 32 ms."""

_AUDIBLE: Final = 33.0
"""RMS of a frame that counts as sound: -60 dB of full scale, below the hiss of a telephone."""

_FEWEST_AUDIBLE: Final = 2
"""Frames; a single one may be a click."""

_AT_ONCE: Final = 32_768
"""Bytes that are measured together."""

_BLOCK: Final = 31
"""Frames over which a spectrum is averaged, about a second."""

_SHORT_BLOCK: Final = 10
"""Enough of a sound that is shorter than a block; white noise is at 0.94 and above even so."""

_MAX_BLOCKS: Final = 120
_BAND: Final = slice(8, 110)
_WHITE: Final = 0.93
_HARSH: Final = ((0.6, 5_000.0), (0.45, 9_000.0), (0.3, 15_000.0), (0.14, 23_000.0))
"""Flatness and RMS of a block that let it be doubted: the louder, the rarer is a flat spectrum in
recordings."""

_SMOOTHER: Final = 1.5
_MUCH_SMOOTHER: Final = 1.8
_BROAD: Final = 0.3
"""With a flatness above this, samples that are much smoother in another reading are doubted however
loud they are. Measured: right readings of speech, music, rain and hiss are at most 1.1 times as
rough as the best other one; only pure tones are more (160), and their flatness is below 0.25."""


class LevelMeter:
    """Takes the samples of a call (s16, 8 kHz) and judges them at the end."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._frames: Array = numpy.zeros((0, FRAME))
        self._audible = 0
        self._flatness: list[float] = []
        self._rms: list[float] = []

    def add(self, pcm: bytes) -> None:
        self._waiting += pcm
        if len(self._waiting) >= _AT_ONCE:
            self._look()

    def check(self, *, is_plain: bool, is_all: bool, smoother: Callable[[], float]) -> None:
        """Raises ``Unplayable`` for noise, and for silence if that was all. Call it at the end.

        ``is_plain``: the samples were not compressed, so that a wrong reading is a sound too.
        ``smoother``: how many times smoother another reading of them would be.
        """
        self._look()
        if len(self._waiting) >= 2 * FRAME // 8:
            rest = numpy.frombuffer(bytes(self._waiting), dtype="<i2").astype(float)
            self._measure(rest.reshape(1, len(rest)))
        if is_all and self._audible < _FEWEST_AUDIBLE:
            read = "read as its header says, " if is_plain else ""
            raise Unplayable(
                "AUDIO_SILENT",
                f"{read}it is silent, or too short or too quiet to be heard on a telephone",
            )
        if not self._flatness and len(self._frames) >= _SHORT_BLOCK:
            self._judge(self._frames)
        if self._flatness:
            self._check_noise(smoother)

    def _check_noise(self, smoother: Callable[[], float]) -> None:
        flatness = float(numpy.median(self._flatness))
        rms = float(numpy.median(self._rms))
        is_harsh = any(flatness > white and rms > loud for white, loud in _HARSH)
        if not (is_harsh or flatness > _BROAD):
            return
        times = smoother()
        is_misread = times > (_SMOOTHER if is_harsh else _MUCH_SMOOTHER)
        if flatness > _WHITE or is_misread:
            why = "; its header does not fit its samples" if is_misread else ""
            raise Unplayable("AUDIO_NOISE", f"nothing but noise is in it{why}")

    def _look(self) -> None:
        """Measure the whole frames that wait."""
        count = len(self._waiting) // (2 * FRAME)
        if count:
            whole = bytes(self._waiting[: count * 2 * FRAME])
            del self._waiting[: count * 2 * FRAME]
            frames = numpy.frombuffer(whole, dtype="<i2").reshape(count, FRAME)
            self._measure(frames.astype(float))

    def _measure(self, frames: Array) -> None:
        frames = frames - frames.mean(axis=1, keepdims=True)  # a constant is not heard
        audible = frames[numpy.sqrt((frames**2).mean(axis=1)) > _AUDIBLE]
        self._audible += len(audible)
        if frames.shape[1] < FRAME or len(self._flatness) >= _MAX_BLOCKS:
            return
        self._frames = numpy.concatenate([self._frames, audible])
        while len(self._frames) >= _BLOCK:
            self._judge(self._frames[:_BLOCK])
            self._frames = self._frames[_BLOCK:]

    def _judge(self, block: Array) -> None:
        power = numpy.abs(numpy.fft.rfft(block * numpy.hanning(FRAME), axis=1)) ** 2
        mean = power.mean(axis=0)[_BAND] + 1e-9
        self._flatness.append(float(numpy.exp(numpy.log(mean).mean()) / mean.mean()))
        self._rms.append(float(numpy.sqrt((block**2).mean())))
