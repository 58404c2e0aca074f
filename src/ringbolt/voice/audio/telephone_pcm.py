"""Decoded frames as telephone audio: mixed to one channel, s16le at 8 kHz, and listened to.

Loaded only in the decoder's process, after its limits are set: numpy and PyAV's objects are here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO, Final

import numpy

from ringbolt.voice.audio.levels import LevelMeter
from ringbolt.voice.audio.mixing import Array, ChannelMeter, usual_weights

SAMPLE_RATE: Final = 8000  # ringbolt.core.calls.call.SAMPLE_RATE; not imported: a cheap start
BYTES_PER_MS: Final = SAMPLE_RATE * 2 // 1000

Weights = Mapping[int, Array]
"""The mix by the number of channels, which may change within a file."""


class PcmWriter:
    """Takes decoded frames, writes what a telephone plays, and knows when it is full.

    ``out``: None to listen only. ``weights``: of the channels, where not the usual ones.
    """

    def __init__(
        self, av: Any, out: BinaryIO | None, max_bytes: int, weights: Weights | None = None
    ) -> None:
        self._av = av
        self._out = out
        self._max_bytes = max_bytes
        self._weights = dict(weights or {})
        self._chosen = bool(weights)
        self._shape: tuple[Any, ...] = ()
        self._resampler: Any = None
        self._meters: dict[int, ChannelMeter] = {}
        self.level = LevelMeter()
        self.written = 0

    @property
    def is_full(self) -> bool:
        return self.written >= self._max_bytes

    @property
    def written_ms(self) -> int:
        return self.written // BYTES_PER_MS

    def write(self, frame: Any) -> None:
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        if shape != self._shape:  # it may change within a file
            self.finish()
            self._shape = shape
            # Not "fltp": PyAV 18 reads beyond the end of planes if there are eight.
            kind = ("s16", "mono") if frame.layout.nb_channels == 1 else ("flt", None)
            self._resampler = self._av.AudioResampler(*kind, SAMPLE_RATE)
        self._put(self._resampler.resample(frame))

    def finish(self) -> None:
        """Write what the resampler still holds."""
        if self._resampler is not None and not self.is_full:
            self._put(self._resampler.resample(None))
        self._resampler = None

    def better_weights(self) -> Weights:
        """The mix that should have been written; empty if it was."""
        best = {count: meter.best() for count, meter in self._meters.items()}
        if self._chosen or all(meter.is_usual(best[n]) for n, meter in self._meters.items()):
            return {}
        return best

    def _put(self, frames: list[Any]) -> None:
        for frame in frames:
            room = (self._max_bytes - self.written) // 2
            count = frame.layout.nb_channels
            if count == 1:
                pcm = bytes(frame.planes[0])[: 2 * min(room, frame.samples)]
            else:
                channels = frame.to_ndarray().reshape(frame.samples, count).T[:, :room]
                pcm = self._mixed(channels, frame.layout.name)
            if self._out is not None:
                self._out.write(pcm)
            self.level.add(pcm)
            self.written += len(pcm)

    def _mixed(self, channels: Array, layout: str) -> bytes:
        count = len(channels)
        if count not in self._meters:
            usual = usual_weights(layout, count)
            self._meters[count] = ChannelMeter(usual)
            self._weights.setdefault(count, usual)
        channels = numpy.nan_to_num(channels, nan=0.0, posinf=1.0, neginf=-1.0)
        self._meters[count].add(channels)
        mixed = numpy.rint(self._weights[count] @ channels * 32768)
        return bytes(numpy.clip(mixed, -32768, 32767).astype("<i2").tobytes())
