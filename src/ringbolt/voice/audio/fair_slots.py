"""A limited number of slots, of which one user gets only a share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(slots=True)
class _Own:
    places: asyncio.Semaphore
    users: int = 0


class FairSlots:
    """``total`` slots, of which one name gets ``each`` at most."""

    def __init__(self, total: int, each: int) -> None:
        self._places = asyncio.Semaphore(total)
        self._each = each
        self._own: dict[str, _Own] = {}

    @asynccontextmanager
    async def take(self, name: str, wait_s: float | None = None) -> AsyncIterator[None]:
        """Hold a slot; '' is a name like any other. Raises ``TimeoutError`` after ``wait_s``."""
        own = self._own.setdefault(name, _Own(asyncio.Semaphore(self._each)))
        own.users += 1
        try:
            async with asyncio.timeout(wait_s) as waiting, own.places, self._places:
                waiting.reschedule(None)
                yield
        finally:
            own.users -= 1
            if not own.users:
                del self._own[name]
