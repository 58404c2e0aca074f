"""The media of the simulated calls: one pacer for all of them, and what each phone heard."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ringbolt.clock import Clock
from ringbolt.simulator.voice.clips import FRAME_SAMPLES
from ringbolt.simulator.voice.line import FRAME_MS, FRAMES_PER_SECOND
from ringbolt.voice.audio.g711 import decode_ulaw
from ringbolt.voice.audio.wav import HEADER_SIZE, WavWriter, wav_header

_WRITTEN_AT: Final = FRAMES_PER_SECOND * FRAME_SAMPLES
_MAX_STEP: Final = FRAMES_PER_SECOND
"""Frames that a call may catch up at once, so that a clock moved by hours blocks no other call."""


class Recording:
    """What a phone heard, as a WAV that grows a second at a time. No file before the first frame.

    Every method may raise ``OSError``.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: WavWriter | None = None
        self._heard: list[bytes] = []
        self._size = 0

    def hear(self, code: bytes) -> None:
        """Audio as it comes over the line: mu-law."""
        self._heard.append(code)
        self._size += len(code)
        if self._size >= _WRITTEN_AT:
            self.flush()

    def flush(self) -> None:
        """Write what was heard so far to the file."""
        if not self._heard:
            return
        if self._writer is None:
            self._writer = WavWriter(self._path)
        self._writer.write(decode_ulaw(b"".join(self._heard)))
        self._writer.flush()
        self._heard, self._size = [], 0

    def close(self) -> None:
        self.flush()
        if self._writer is not None:
            self._writer.close()


def repair_recording(path: Path) -> int:
    """Repair the header of a recording after the world was killed; returns how many frames it
    holds."""
    if not path.is_file() or path.stat().st_size < HEADER_SIZE:
        return 0
    frames = (path.stat().st_size - HEADER_SIZE) // (2 * FRAME_SAMPLES)
    with path.open("r+b") as file:
        file.write(wav_header(frames * FRAME_SAMPLES * 2))
        file.truncate(HEADER_SIZE + frames * FRAME_SAMPLES * 2)
    return frames


@dataclass(frozen=True, slots=True, eq=False)
class Pace:
    """A paced call: when it began (media seconds), and what is called with the frame now due."""

    started: float
    advance: Callable[[int], None]


class MediaPacer:
    """Calls every call with the frame due, each 20 ms of the world's time; idle without calls.

    The due frame follows from when the call began, so that a late tick is caught up and nothing
    drifts. The world's clock moves media too: after it is advanced by a minute, a minute of audio
    was heard. Media time is the monotonic clock plus that offset: the machine's clock may jump.
    """

    def __init__(self, clock: Clock, speed: float) -> None:
        self._clock = clock
        self._speed = speed
        self._paces: dict[Pace, int] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self, advance: Callable[[int], None]) -> Pace:
        pace = Pace(self._now(), advance)
        self._paces[pace] = 0
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="media-pacer")
        return pace

    def stop(self, pace: Pace) -> None:
        self._paces.pop(pace, None)

    def due(self, pace: Pace) -> int:
        """The frame that is due now."""
        return int((self._now() - pace.started) * FRAMES_PER_SECOND * self._speed + 1e-6)

    async def close(self) -> None:
        self._paces.clear()
        if self._task is not None:
            await asyncio.wait([self._task])

    def _now(self) -> float:
        return time.monotonic() + self._clock.offset_ms / 1000

    async def _run(self) -> None:
        tick_at = time.monotonic()
        while self._paces:
            is_behind = self._tick()
            tick_at = max(tick_at + FRAME_MS / 1000, time.monotonic())
            await asyncio.sleep(0 if is_behind else tick_at - time.monotonic())

    def _tick(self) -> bool:
        is_behind = False
        for pace, done in tuple(self._paces.items()):
            if pace not in self._paces:  # stopped by a call before it in this tick
                continue
            due = self.due(pace)
            frame = min(due, done + _MAX_STEP)
            self._paces[pace] = frame
            pace.advance(frame)
            is_behind |= frame < due
        return is_behind
