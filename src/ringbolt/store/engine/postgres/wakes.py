"""Waking the workers of other machines: LISTEN and NOTIFY on one connection of each process.

NOTIFY within a transaction would make all of them commit one after another: PostgreSQL holds one
server-wide lock from before the commit record until the transaction ends (``PreCommit_Notify``).
So channels are notified after the commit, and those of ``GATHER_S`` seconds are sent together,
several per notification, one per line. A wake that is lost that way (a process killed in between)
is made up for by a poll every ``POLL_S`` seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import asyncpg
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from ringbolt.store.engine.wake import Wakes

POLL_S = 5.0
POOLED_POLL_S = 0.5
GATHER_S = 0.01
"""Shortest time between two batches of notifications."""
_PAYLOAD_AT_MOST = 7999
"""Largest notification in bytes (PostgreSQL manual, NOTIFY)."""
_RECONNECT_S = 1.0
_CHANNEL = "ringbolt"

_BROKEN = (OSError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError)

_NOTIFY = "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload"

log = logging.getLogger(__name__)


class WakeExchange:
    """Sends this process's wakes to the other processes, and theirs to ``wakes``.

    ``each_poll`` runs every ``POLL_S`` seconds on its connection, while the server answers.
    """

    def __init__(
        self, engine: AsyncEngine, wakes: Wakes, each_poll: Callable[[Any], Awaitable[None]]
    ) -> None:
        self._engine = engine
        self._wakes = wakes
        self._each_poll = each_poll
        self._outgoing: set[str] = set()
        self._stirred = asyncio.Event()
        self._connected = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name="postgres-wakes")

    def send(self, channels: set[str]) -> None:
        self._outgoing |= channels
        self._stirred.set()

    async def wait_connected(self) -> None:
        """Wait until notifications are received, at most ``POLL_S``: polling replaces them."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_S):
                await self._connected.wait()

    async def close(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        await self._engine.dispose()

    async def _run(self) -> None:
        while True:
            try:
                await self._exchange()
            except _BROKEN as error:
                log.warning("the wake connection to PostgreSQL broke: %s", error)
            self._connected.clear()
            self._wakes.wake_all()
            await asyncio.sleep(_RECONNECT_S * random.uniform(0.5, 1.5))  # noqa: S311 - jitter

    async def _exchange(self) -> None:
        async with self._engine.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            try:
                # A lost wake only waits for the next poll, so a commit need not wait for the disk.
                await driver.execute("SET synchronous_commit = off")
                await driver.add_listener(_CHANNEL, self._received)
                driver.add_termination_listener(self._terminated)
                self._connected.set()
                # Notifications sent before LISTEN took effect were missed.
                self._wakes.wake_all()
                await self._serve(driver)
            finally:
                # Never return it to a pool: it still listens.
                await connection.invalidate()

    async def _serve(self, driver: Any) -> None:
        loop = asyncio.get_running_loop()
        next_poll = loop.time() + POLL_S
        while not driver.is_closed():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(next_poll):
                    await self._stirred.wait()
            self._stirred.clear()
            if self._outgoing and not driver.is_closed():
                channels, self._outgoing = sorted(self._outgoing), set()
                await driver.execute(_NOTIFY, _CHANNEL, payloads(channels))
                await asyncio.sleep(GATHER_S)
            if loop.time() >= next_poll:
                next_poll = loop.time() + POLL_S
                await self._each_poll(driver)
                self._wakes.wake_all()

    def _received(self, driver: Any, pid: int, _channel: str, payload: str) -> None:
        if pid != driver.get_server_pid():
            self._wakes.wake(payload.split("\n"))

    def _terminated(self, _driver: Any) -> None:
        self._stirred.set()


class WakePolls:
    """Instead of ``WakeExchange`` through a pooler, where LISTEN does not work: every waiting task
    looks again every ``POOLED_POLL_S`` seconds. Wakes within the process come at once."""

    def __init__(self, wakes: Wakes, each_poll: Callable[[], Awaitable[None]]) -> None:
        self._wakes = wakes
        self._each_poll = each_poll
        self._task = asyncio.create_task(self._run(), name="postgres-wakes")

    def send(self, channels: set[str]) -> None:
        """Nothing: the other processes poll, too."""

    async def wait_connected(self) -> None:
        """Nothing to wait for."""

    async def close(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        next_clock = 0.0
        while True:
            await asyncio.sleep(POOLED_POLL_S)
            self._wakes.wake_all()
            now = asyncio.get_running_loop().time()
            if now < next_clock:
                continue
            next_clock = now + POLL_S
            try:
                await self._each_poll()
            except _BROKEN as error:
                log.warning("PostgreSQL's clock cannot be read: %s", error)


def payloads(channels: Sequence[str]) -> list[str]:
    """The channels, one per line, in as few notifications as possible."""
    found: list[str] = []
    size = _PAYLOAD_AT_MOST + 1
    for channel in channels:
        more = len(channel.encode()) + 1
        if size + more <= _PAYLOAD_AT_MOST:
            found[-1] += f"\n{channel}"
            size += more
        else:
            found.append(channel)
            size = more - 1
    return found
