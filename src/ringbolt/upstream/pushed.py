"""Passes events that a far end pushes to us (callbacks) to the sink of the part's watcher."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

from ringbolt.core.errors import Unavailable
from ringbolt.core.sink import Sink

Batch = TypeVar("Batch")


class PushedEvents(Generic[Batch]):
    """For parts that receive callbacks or requests (SMPP ``deliver_sm``): ``hand_over`` returns
    when the batch is committed and may be acknowledged."""

    def __init__(self) -> None:
        self._sink: Sink[Batch] | None = None
        self._turns: dict[str, _Turn] = {}

    async def follow(self, sink: Sink[Batch], nothing: Batch) -> None:
        """Pass batches from ``hand_over`` to ``sink`` until cancelled; ``nothing`` is the empty
        batch, sent first to show that the part is connected."""
        self._sink = sink
        try:
            await sink(nothing)
            await asyncio.Event().wait()
        finally:
            if self._sink is sink:
                self._sink = None

    async def hand_over(self, batch: Batch, about: str) -> None:
        """Commit ``batch``, after earlier batches ``about`` the same call or message.

        Raises ``Unavailable`` if no watcher follows this part, and any exception of the sink. Then
        nothing was committed, and the far end must send the batch again.
        """
        async with self._turn(about):
            if self._sink is None:
                raise Unavailable("No process follows this part at the moment.")
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
    """Serialises the batches about one call or message."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.waiting = 0
