"""The simulated world's clock as its parts see it."""

from __future__ import annotations

from typing import Protocol

from ringbolt.clock import Clock


class WorldTime(Clock, Protocol):
    """Sleepers wake when it is moved forward."""

    async def sleep_until(self, at_ms: int) -> None:
        """Return as soon as the clock shows ``at_ms``, also if it is advanced to it."""
        ...
