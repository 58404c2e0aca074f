"""The clock, which is injected.

All times in Ringbolt are integer milliseconds since the Unix epoch, UTC. The simulated world may
run ahead of the machine's clock by an offset, and a shop connected to it uses the same offset.
"""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """A clock. ``offset_ms``: how far the simulated world runs ahead (0 without one)."""

    @property
    def offset_ms(self) -> int: ...

    def now_ms(self) -> int:
        """Milliseconds since the epoch, offset included."""
        ...


class SystemClock:
    """The machine's clock plus an offset that the simulated world may move forward."""

    def __init__(self, offset_ms: int = 0) -> None:
        self._offset_ms = offset_ms

    @property
    def offset_ms(self) -> int:
        return self._offset_ms

    def set_offset(self, offset_ms: int) -> None:
        self._offset_ms = offset_ms

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self._offset_ms
