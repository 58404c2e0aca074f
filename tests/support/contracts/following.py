"""Listen to a part that tells events, as far as a test wants to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Generic, Protocol, Self, TypeVar

from ringbolt.core.errors import Unavailable
from ringbolt.core.sink import Sink
from support.waiting import PATIENCE_S, until


class Receivers(Protocol):
    """A batch."""

    @property
    def cursor(self) -> str: ...


B = TypeVar("B", bound=Receivers)
B_co = TypeVar("B_co", bound=Receivers, covariant=True)


class Follows(Protocol[B_co]):
    async def follow(self, cursor: str, sink: Sink[B_co]) -> None: ...


async def heard(part: Follows[B], cursor: str, enough: Callable[[list[B]], bool]) -> list[B]:
    """The batches that ``part`` tells after ``cursor``, until there are ``enough``.

    The last one is never committed, so that nothing comes after it.
    """
    batches: list[B] = []
    done = asyncio.Event()

    async def keep(batch: B) -> None:
        batches.append(batch)
        if enough(batches):
            done.set()
            await asyncio.Event().wait()

    following = asyncio.ensure_future(part.follow(cursor, keep))
    waiting = asyncio.ensure_future(done.wait())
    try:
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.wait([following, waiting], return_when=asyncio.FIRST_COMPLETED)
        if following.done():
            await following
            raise AssertionError("the stream ended")
        return batches
    finally:
        await stop(following, waiting)


async def hear_nothing(batch: object) -> None:
    """A sink of nobody."""


async def reached(part: Follows[B]) -> asyncio.Future[None]:
    """Somebody who follows ``part``, which has told that it is there."""
    there = asyncio.Event()

    async def hear(batch: B) -> None:
        there.set()

    following = asyncio.ensure_future(part.follow("", hear))
    await asyncio.wait_for(there.wait(), PATIENCE_S)
    return following


async def stop(*tasks: asyncio.Future[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Listener(Generic[B]):
    """Follows ``part`` again whenever it is lost, from the last committed cursor.

    ``items``: what is in a batch. The first ``faults`` batches with something in them cannot be
    committed. Nothing is committed before ``may_commit`` is set, if it is ``held``.
    """

    def __init__(
        self,
        part: Follows[B],
        items: Callable[[B], Sequence[Any]],
        *,
        faults: int = 0,
        held: bool = False,
    ) -> None:
        self.handed_over: list[B] = []
        self.refused: list[Any] = []
        self.committed: list[Any] = []
        self.may_commit = asyncio.Event()
        if not held:
            self.may_commit.set()
        self._part = part
        self._items = items
        self._faults = faults
        self._cursor = ""

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Self]:
        following = asyncio.ensure_future(self._follow())
        try:
            yield self
        finally:
            await stop(following)

    async def until_committed(self, count: int) -> list[Any]:
        await until(lambda: len(self.committed) >= count)
        return self.committed

    async def _follow(self) -> None:
        while True:
            with suppress(Unavailable):
                await self._part.follow(self._cursor, self._commit)
            await asyncio.sleep(0.01)

    async def _commit(self, batch: B) -> None:
        items = self._items(batch)
        if not items:
            return
        self.handed_over.append(batch)
        if len(self.handed_over) <= self._faults:
            self.refused.extend(items)
            raise Unavailable("the disk is full")
        await self.may_commit.wait()
        self.committed.extend(items)
        self._cursor = batch.cursor or self._cursor
