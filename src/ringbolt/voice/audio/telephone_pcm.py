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

_AT_ONCE: Final = 16_000

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
        self._waiting: list[Array] = []
        self._waiting_frames = 0
        self._written = 0
        self.level = LevelMeter()

    @property
    def written(self) -> int:
        """Bytes, those that wait to be mixed among them."""
        return self._written + 2 * self._waiting_frames

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
        self._mix()

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
                self._write(bytes(frame.planes[0])[: 2 * min(room, frame.samples)])
                continue
            channels = frame.to_ndarray().reshape(frame.samples, count)[:room]
            self._waiting.append(channels)
            self._waiting_frames += len(channels)
            if self._waiting_frames >= _AT_ONCE:
                self._mix()

    def _mix(self) -> None:
        """Mix the frames that wait: a hundred at once cost little more than one."""
        if not self._waiting:
            return
        channels = numpy.concatenate(self._waiting).T
        self._waiting, self._waiting_frames = [], 0
        count = len(channels)
        if count not in self._meters:
            usual = usual_weights(self._shape[1], count)
            self._meters[count] = ChannelMeter(usual)
            self._weights.setdefault(count, usual)
        channels = numpy.nan_to_num(channels, nan=0.0, posinf=1.0, neginf=-1.0)
        self._meters[count].add(channels)
        mixed = numpy.rint(self._weights[count] @ channels * 32768)
        self._write(bytes(numpy.clip(mixed, -32768, 32767).astype("<i2").tobytes()))

    def _write(self, pcm: bytes) -> None:
        if self._out is not None:
            self._out.write(pcm)
        self.level.add(pcm)
        self._written += len(pcm)
