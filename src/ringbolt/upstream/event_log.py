"""A list of events in memory that can be followed from any position, for in-memory parts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from ringbolt.core.errors import Unavailable

T = TypeVar("T")


class EventLog(list[T]):
    """Events in order; followers receive appended ones at once.

    ``stays_connected``: if False, a stream ends (``Unavailable``) after the last event.
    """

    def __init__(self, events: Iterable[T] = (), *, stays_connected: bool = True) -> None:
        super().__init__(events)
        self.stays_connected = stays_connected
        self._news = asyncio.Event()

    def append(self, event: T) -> None:
        super().append(event)
        self._announce()

    def extend(self, events: Iterable[T]) -> None:
        super().extend(events)
        self._announce()

    async def follow(
        self, cursor: str, hand_over: Callable[[tuple[T, ...], str], Awaitable[None]]
    ) -> None:
        """Pass the events after ``cursor`` to ``hand_over``, with the next cursor; see
        ``core.sink``."""
        place = self._place(cursor)
        while True:
            events = tuple(self[place:])
            place += len(events)
            news = self._news
            await hand_over(events, str(place))
            if len(self) > place:
                continue
            if not self.stays_connected:
                raise Unavailable("the stream ended")
            await news.wait()

    def _place(self, cursor: str) -> int:
        """The position of ``cursor``; 0 for a cursor that is not of this log."""
        is_number = cursor.isascii() and cursor.isdigit() and len(cursor) < 19
        return int(cursor) if is_number and int(cursor) <= len(self) else 0

    def _announce(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
