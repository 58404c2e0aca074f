"""The world's clock: the machine's, plus a stored offset that only grows."""

from __future__ import annotations

import asyncio
import time

from ringbolt.simulator.file.store import WorldStore

_KIND, _KEY = "clock", "offset"


class WorldClock:
    """Implements ``ringbolt.clock.Clock``; sleepers wake when it is advanced.

    One that does not move shows the machine's time, however far it was advanced before.
    """

    def __init__(self, store: WorldStore, *, moves: bool = True) -> None:
        self._store = store
        kept = store.get(_KIND, _KEY) if moves else None
        self._offset_ms: int = (kept or {"offset_ms": 0})["offset_ms"]
        self._target_ms = self._offset_ms
        self._waiters: set[asyncio.Future[None]] = set()
        self._closed = False

    @property
    def is_closed(self) -> bool:
        """Whether nobody should wait for it any longer."""
        return self._closed

    @property
    def offset_ms(self) -> int:
        """How far the world runs ahead of the machine, milliseconds."""
        return self._offset_ms

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self._offset_ms

    async def advance(self, seconds: float) -> int:
        """Move the clock forward; returns the new offset in ms, which is on the disk by then.

        Raises ``ValueError`` if ``seconds`` is not positive: time does not run back.
        """
        step_ms = round(seconds * 1000)
        if step_ms <= 0:
            raise ValueError("The clock can only be moved forward, by at least one millisecond.")
        self._target_ms += step_ms
        target_ms = self._target_ms
        await self._store.put(_KIND, _KEY, {"offset_ms": target_ms})
        self._offset_ms = max(self._offset_ms, target_ms)
        for waiter in self._waiters:
            _wake(waiter)
        return self._offset_ms

    async def sleep_until(self, at_ms: int) -> None:
        """Return as soon as the clock shows ``at_ms`` or later."""
        while (left_ms := at_ms - self.now_ms()) > 0:
            await self._moved(left_ms / 1000)

    async def wait_change(self, offset_ms: int, timeout_s: float) -> int:
        """Wait until the offset differs from ``offset_ms``, at most ``timeout_s``; returns it."""
        if self._offset_ms == offset_ms and not self._closed:
            await self._moved(timeout_s)
        return self._offset_ms

    def close(self) -> None:
        """Wake every waiter; later waits return at once."""
        self._closed = True
        for waiter in self._waiters:
            _wake(waiter)

    async def _moved(self, timeout_s: float) -> None:
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(timeout_s, _wake, waiter)
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            self._waiters.discard(waiter)


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
