"""The embedded database: one SQLite file, written by one process."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Concatenate

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from ringbolt.clock import Clock
from ringbolt.core.errors import NotFound
from ringbolt.store.engine.db import Dialect, Handover, P, Report, Subscription, T, Tx
from ringbolt.store.engine.file_lock import FileLock
from ringbolt.store.engine.sqlite.connection import (
    Purpose,
    damaged,
    is_readonly,
    open_engine,
    raw_connection,
    unavailable,
)
from ringbolt.store.engine.sqlite.statements import SqliteStatements
from ringbolt.store.engine.sqlite.writer import Writer
from ringbolt.store.engine.wake import Wakes
from ringbolt.store.errors import StoreUnsound

READERS = 4


class SqliteDatabase:
    """A ``Database`` in the file ``path``; belongs to the event loop that opened it.

    Writes go through one thread with group commit (``Writer``), reads through a few read-only
    connections, each on a snapshot (WAL). Durable at every acknowledged transaction.
    """

    dialect: Dialect = "sqlite"

    def __init__(self, path: Path, lock: FileLock | None, clock: Clock) -> None:
        self.path = path
        self._clock = clock
        self._lock = lock
        self._wakes = Wakes()
        self._writer = Writer(open_engine(path, "write"), clock, self._wakes) if lock else None
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="sqlite-reader")
        self._reading_engine = open_engine(path, "read")
        self._reading = threading.local()
        self._reading_connections: list[Connection] = []

    @classmethod
    async def open(
        cls, path: Path | str, clock: Clock, *, readonly: bool = False
    ) -> SqliteDatabase:
        """Open ``path``, created if missing; ``readonly`` works while a shop is running.

        Raises ``StoreLocked`` if another process writes to it, ``NotFound`` if ``readonly`` and
        there is no file. Does not check the schema (see ``ringbolt.store.engine.opening``).
        """
        path, lock = _claim(Path(path), readonly)
        try:
            return cls(path, lock, clock)
        except BaseException as error:
            if lock is not None:
                lock.release(clean=False)
            raise damaged(error, path) or unavailable(error) or error from error

    @property
    def was_killed(self) -> bool:
        """Whether the process that wrote to it before ended without closing it."""
        return self._lock is not None and self._lock.was_killed

    @property
    def readonly(self) -> bool:
        return self._lock is None

    @property
    def transactions(self) -> int:
        """How many transactions were committed since the database was opened."""
        return self._writer.transactions if self._writer else 0

    @property
    def commits(self) -> int:
        """How many commits these transactions needed: one per group."""
        return self._writer.commits if self._writer else 0

    async def tx(
        self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        if self._writer is None:
            raise StoreUnsound("The database was opened for reading only.")
        value: T = await self._writer.submit(fn, args, kwargs)
        return value

    async def read(
        self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, self._read, fn, args, kwargs)

    def _read(self, fn: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
        try:
            connection, direct = self._reading_connection()
            raw = raw_connection(connection)
            # BEGIN, so that all statements of the body read one snapshot.
            raw.execute("BEGIN")
            try:
                tx = Tx(connection, self._clock.now_ms(), "sqlite", direct=direct)
                return fn(tx, *args, **kwargs)
            finally:
                raw.execute("ROLLBACK")
        except DBAPIError as error:
            if is_readonly(error):  # a bug in the body (a read must not write), not a disk fault
                raise
            raise unavailable(error) or error from error

    def _reading_connection(self) -> tuple[Connection, SqliteStatements]:
        """The connection of this reader thread, opened at its first use."""
        if not hasattr(self._reading, "connection"):
            connection = self._reading_engine.connect()
            self._reading.direct = SqliteStatements(connection)
            self._reading.connection = connection
            self._reading_connections.append(connection)
        return self._reading.connection, self._reading.direct

    def hand_jobs_to(self, handover: Handover | None) -> None:
        if self._writer is not None:
            self._writer.handover = handover

    def listen(self, channel: str) -> Subscription:
        return self._wakes.listen(channel)

    def report_steps_to(self, report: Report | None) -> None:
        if self._writer is not None:
            self._writer.report = report

    async def maintain(self, fn: Callable[[Connection], T]) -> T:
        """Run schema work ``fn`` on a separate connection; ``fn`` begins and commits.

        Foreign keys are not enforced on it, unless the database was opened with ``readonly``.
        """
        purpose: Purpose = "read" if self.readonly else "migrate"

        def run() -> T:
            with open_engine(self.path, purpose).connect() as connection:
                return fn(connection)

        return await asyncio.to_thread(run)

    async def close(self, *, clean: bool = True) -> None:
        """Finish the submitted transactions, close the connections, and release the file lock.
        ``clean`` False: the next process looks for damage, as after a crash."""
        if self._writer is not None:
            await self._writer.close()
        await asyncio.to_thread(self._readers.shutdown)
        for connection in self._reading_connections:
            connection.close()
        self._reading_connections.clear()
        if self._lock is not None:
            self._lock.release(clean=clean)


def _claim(path: Path, readonly: bool) -> tuple[Path, FileLock | None]:
    """Make sure that the file exists and, unless ``readonly``, take its lock."""
    path = path.absolute()
    if readonly:
        if not path.exists():
            raise NotFound(f"There is no database at {path}.")
        return path, None
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(
        path.with_name(path.name + ".lock"),
        f"The database {path}",
        "Stop process {pid} first. To run several processes on one shop, set RINGBOLT_DATABASE_URL"
        " to a PostgreSQL database.",
    )
    # Created here and not by SQLite, for mode 0600: it will hold telephone numbers and texts.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    return path, lock
