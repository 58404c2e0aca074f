"""The simulated world's file as its parts see it, and a log in it that is followed as it grows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, Final, Protocol

import msgspec

Document = Mapping[str, Any] | msgspec.Struct
Put = tuple[str, str, Document | None]
"""Kind, key and document; None removes it."""
Append = tuple[str, Document]
"""Log and entry."""
Entry = tuple[int, dict[str, Any]]
PAGE: Final = 500


class WorldFile(Protocol):
    """Documents by kind and key, and logs of entries; ``store/world.py`` is one."""

    def load(self, kind: str) -> dict[str, dict[str, Any]]: ...

    def get(self, kind: str, key: str) -> dict[str, Any] | None: ...

    def page(self, kind: str, after: str, limit: int) -> list[tuple[str, dict[str, Any]]]: ...

    def scan(self, log: str, after: int, limit: int) -> list[Entry]:
        """Committed entries numbered above ``after``."""
        ...

    def submit(
        self, puts: Iterable[Put] = (), appends: Iterable[Append] = ()
    ) -> asyncio.Future[list[int]]:
        """Write all or nothing, in the order of the calls; resolves when it is on the disk."""
        ...


class Log:
    """One log of the file. ``announce`` wakes who waits for new entries, ``close`` lets them go."""

    def __init__(self, file: WorldFile, name: str) -> None:
        self._file = file
        self._name = name
        self._news = asyncio.Event()
        self._closed = False

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
        """Every entry numbered above ``after`` (0: all), in pages, then those to come, until
        ``close``.

        A number that the file never reached is another world's: then all entries come.
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
