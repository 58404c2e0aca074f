"""Things that happen when the world's clock shows their time: one timer for all of them."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Generic, TypeVar

from ringbolt.simulator.clock.world_time import WorldTime

T = TypeVar("T")
_IDLE_MS: Final = 3_600_000


class DueQueue(Generic[T]):
    """Things by the time at which they are due, in ms of the world's clock."""

    def __init__(self, clock: WorldTime) -> None:
        self._clock = clock
        self._due: list[tuple[int, int, T]] = []
        self._pushed = 0
        self._alarm: asyncio.Future[None] | None = None
        self._alarm_ms = 0
        self._timer: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._due)

    def start(self, run_due: Callable[[], None], name: str) -> None:
        """From now on call ``run_due`` whenever something is due; it must ``pop`` at least one
        thing. Other tasks run between two calls."""
        self._timer = asyncio.create_task(self._run(run_due), name=name)

    async def close(self) -> None:
        """Stop. What is still queued does not happen."""
        if self._timer is not None:
            self._timer.cancel()
            with suppress(asyncio.CancelledError):
                await self._timer

    def push(self, due_ms: int, thing: T) -> None:
        """Queue a thing; of those that are due at the same time, the first one goes first."""
        self._pushed += 1
        heapq.heappush(self._due, (due_ms, self._pushed, thing))
        if self._alarm is not None and due_ms < self._alarm_ms:
            self._alarm.cancel()

    def pop(self) -> tuple[int, T] | None:
        """The next thing that is due by now, and since when; None if there is none."""
        if not self._is_due():
            return None
        due_ms, _, thing = heapq.heappop(self._due)
        return due_ms, thing

    def _is_due(self) -> bool:
        return bool(self._due) and self._due[0][0] <= self._clock.now_ms()

    async def _run(self, run_due: Callable[[], None]) -> None:
        while True:
            while self._is_due():
                run_due()
                await asyncio.sleep(0)
            self._alarm_ms = self._due[0][0] if self._due else self._clock.now_ms() + _IDLE_MS
            self._alarm = asyncio.ensure_future(self._clock.sleep_until(self._alarm_ms))
            try:
                await asyncio.wait([self._alarm])
            finally:
                self._alarm.cancel()
