"""From a far end that pushes its events to the sink of the part that is followed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

from ringbolt.core.errors import Unavailable
from ringbolt.core.sink import Sink

Batch = TypeVar("Batch")


class PushedEvents(Generic[Batch]):
    """For parts that are called back, or sent requests (``deliver_sm``): ``hand_over`` returns when
    the batch is committed and may be acknowledged."""

    def __init__(self) -> None:
        self._sink: Sink[Batch] | None = None
        self._turns: dict[str, _Turn] = {}

    async def follow(self, sink: Sink[Batch], nothing: Batch) -> None:
        """Pass to ``sink`` what is handed over, until cancelled; ``nothing`` is the empty batch
        that says that the far end is reached."""
        self._sink = sink
        try:
            await sink(nothing)
            await asyncio.Event().wait()
        finally:
            if self._sink is sink:
                self._sink = None

    async def hand_over(self, batch: Batch, about: str) -> None:
        """Commit ``batch``, after everything before it that is ``about`` the same call or message.

        Raises ``Unavailable`` if nobody follows, and what the sink raised: it is not committed
        then, and must be told again.
        """
        async with self._turn(about):
            if self._sink is None:
                raise Unavailable("Nobody follows this part at the moment.")
            await self._sink(batch)

    @asynccontextmanager
    async def _turn(self, about: str) -> AsyncIterator[None]:
        turn = self._turns.setdefault(about, _Turn())
        turn.waiting += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.waiting -= 1
            if not turn.waiting:
                del self._turns[about]


class _Turn:
    """The queue of what is about one call or message."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.waiting = 0
