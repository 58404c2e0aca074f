"""One log of the simulated world's file, followed as it grows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from ringbolt.simulator.file.world_file import Entry, WorldFile

PAGE: Final = 500


class Log:
    """``announce`` wakes the readers that wait for new entries, ``close`` ends their streams."""

    def __init__(self, file: WorldFile, name: str) -> None:
        self._file = file
        self._name = name
        self._news = asyncio.Event()
        self._closed = False
        file.on_recovery.append(self.announce)

    @property
    def closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        self._closed = True
        self.announce()

    def announce(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def news(self) -> None:
        """Return at the next ``announce``."""
        await self._news.wait()

    async def since(self, after: int) -> AsyncIterator[list[Entry]]:
        """Every entry numbered above ``after`` (0: all), in pages, then new ones as they are
        appended, until ``close``.

        A number that this log never reached is a cursor from another world: then all entries come.
        """
        if after > 0 and not self._file.scan(self._name, after - 1, 1):
            after = 0
        while not self._closed:
            news = self._news
            rows = self._file.scan(self._name, after, PAGE)
            if rows:
                after = rows[-1][0]
                yield rows
            else:
                await news.wait()
