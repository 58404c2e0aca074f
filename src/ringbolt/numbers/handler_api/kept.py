"""Answers that are kept and fetched again in the background, so that no buyer waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, Generic, TypeVar

import structlog

from ringbolt.clock import Clock
from ringbolt.core.errors import Unavailable

log = structlog.get_logger("ringbolt.numbers")

T = TypeVar("T")
MOST: Final = 1000
AGAIN_MS: Final = 15_000
"""How soon a fetch that failed is tried again."""
AT_ONCE: Final = 50
"""So many fetches wait in the background. Whoever asks for more, as a stranger may by odd hours and
countries, gets what is known."""

Fetch = Callable[[], Awaitable[T]]


class Kept(Generic[T]):
    """The last answer by key. One older than ``fresh_ms`` is fetched again in the background; while
    the provider does not answer, the last one goes on to be used."""

    def __init__(self, clock: Clock, fresh_ms: int) -> None:
        self._clock = clock
        self._fresh_ms = fresh_ms
        self._known: dict[Hashable, T] = {}
        self._due_ms: dict[Hashable, int] = {}
        self._tasks: dict[Hashable, asyncio.Task[None]] = {}
        self._first: dict[Hashable, asyncio.Task[T]] = {}

    def look(self, key: Hashable, fetch: Fetch[T]) -> T | None:
        """What is known now, None if nothing is yet. Never waits."""
        is_due = self._clock.now_ms() >= self._due_ms.get(key, 0)
        if is_due and key not in self._tasks and len(self._tasks) < AT_ONCE:
            self._start(key, fetch)
        return self._known.get(key)

    async def get(self, key: Hashable, fetch: Fetch[T]) -> T:
        """As ``look``, but waits for the first answer. Raises ``Unavailable``."""
        if key in self._known:
            known = self.look(key, fetch)
            if known is not None:
                return known
        first = self._first.get(key)
        if first is None:
            first = self._first[key] = asyncio.create_task(self._fetch_first(key, fetch))
            first.add_done_callback(lambda _: self._first.pop(key, None))
        return await asyncio.shield(first)  # others wait for the same answer

    def set(self, key: Hashable, value: T) -> None:
        """Use ``value`` until the next fetch."""
        self._known[key] = value

    def forget_age(self, key: Hashable) -> None:
        """Fetch again at the next look."""
        self._due_ms.pop(key, None)

    async def close(self) -> None:
        tasks = [*self._tasks.values(), *self._first.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, key: Hashable, fetch: Fetch[T]) -> None:
        task = asyncio.create_task(self._fetch(key, fetch), name="a provider's lists")
        self._tasks[key] = task
        task.add_done_callback(lambda _: self._tasks.pop(key, None))

    async def _fetch_first(self, key: Hashable, fetch: Fetch[T]) -> T:
        found = await fetch()
        self._keep(key, found)
        return found

    async def _fetch(self, key: Hashable, fetch: Fetch[T]) -> None:
        try:
            found = await fetch()
        except Unavailable:
            self._wait(key, AGAIN_MS)
        except Exception:
            log.exception("a provider's list cannot be read")
            self._wait(key, AGAIN_MS)
        else:
            self._keep(key, found)

    def _keep(self, key: Hashable, found: T) -> None:
        if len(self._known) >= MOST and key not in self._known:
            self._known.pop(next(iter(self._known)))
        self._known[key] = found
        self._wait(key, self._fresh_ms)

    def _wait(self, key: Hashable, for_ms: int) -> None:
        self._due_ms.pop(key, None)
        if len(self._due_ms) >= MOST:
            self._due_ms.pop(next(iter(self._due_ms)))
        self._due_ms[key] = self._clock.now_ms() + for_ms
