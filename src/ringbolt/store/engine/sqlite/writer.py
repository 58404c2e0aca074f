"""The one thread that writes: group commit for SQLite.

A commit costs one fdatasync, a transaction body some microseconds. So the writer takes whatever
waits, runs each body in a SAVEPOINT of its own, and commits them all at once; nobody is told of
success before that commit is on the disk.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

from sqlalchemy import Connection, Engine

from ringbolt.clock import Clock
from ringbolt.core.errors import Unavailable
from ringbolt.store.engine.db import Tx
from ringbolt.store.engine.sqlite.connection import raw_connection, unavailable
from ringbolt.store.engine.sqlite.statements import SqliteStatements
from ringbolt.store.engine.wake import Wakes

MAX_BATCH = 128
"""Bodies of one commit. More of them are no faster (31,000 transactions a second with 32 as with
128), and the first would wait for the last."""


@dataclass(slots=True)
class Work:
    """A body that waits for its turn, then what came of it."""

    fn: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    future: asyncio.Future[Any]
    value: Any = None
    error: BaseException | None = None


class _BatchLostError(Exception):
    """SQLite gave up the whole transaction, not only the statement (full disk, I/O error)."""


class Writer:
    """Runs bodies on one connection of ``engine``; delivers on the event loop it was made in.

    ``transactions`` and ``commits`` count what was done since it started.
    """

    def __init__(self, engine: Engine, clock: Clock, wakes: Wakes) -> None:
        self._engine = engine
        self._clock = clock
        self._wakes = wakes
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[Work | None] = SimpleQueue()
        self._closing = False
        self._connection: Connection | None = engine.connect()
        self._direct = SqliteStatements(self._connection)
        self.transactions = 0
        self.commits = 0
        # A daemon: whoever ends without ``close`` is not kept waiting. What is not committed by
        # then was never acknowledged.
        self._thread = threading.Thread(target=self._run, name="sqlite-writer", daemon=True)
        self._thread.start()

    def submit(
        self, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> asyncio.Future[Any]:
        if self._closing:
            raise Unavailable("The database is closed.", code="STORE_UNAVAILABLE")
        future: asyncio.Future[Any] = self._loop.create_future()
        self._queue.put(Work(fn, args, kwargs, future))
        return future

    async def close(self) -> None:
        """Finish what was submitted, then stop."""
        if not self._closing:
            self._closing = True
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        stop = False
        while not stop:
            batch, stop = self._next_batch()
            if batch:
                woken = self._execute(batch)
                stop = not self._deliver(batch, woken) or stop
        if self._connection is not None:
            self._connection.close()

    def _next_batch(self) -> tuple[list[Work], bool]:
        batch: list[Work] = []
        work = self._queue.get()
        while work is not None:
            if not work.future.cancelled():
                batch.append(work)
            if len(batch) == MAX_BATCH:
                return batch, False
            try:
                work = self._queue.get_nowait()
            except Empty:
                return batch, False
        return batch, True

    def _execute(self, batch: list[Work]) -> set[str]:
        """Run and commit ``batch``; returns the channels to wake."""
        woken: set[str] = set()
        try:
            connection = self._open_connection()
            raw = raw_connection(connection)
            # The write lock at once. A transaction that begins by reading fails as soon as it
            # writes after somebody else did, and no busy_timeout helps: it would be stale.
            raw.execute("BEGIN IMMEDIATE")
            for work in batch:
                self._run_body(connection, raw, work, woken)
            raw.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - every body of the batch is told
            self._abandon()
            for work in batch:
                work.error = self._reason(error, work)
            return set()
        self.commits += 1
        self.transactions += len(batch)
        return woken

    def _run_body(
        self, connection: Connection, raw: sqlite3.Connection, work: Work, woken: set[str]
    ) -> None:
        raw.execute("SAVEPOINT body")
        try:
            tx = Tx(connection, self._clock.now_ms(), "sqlite", direct=self._direct)
            work.value = work.fn(tx, *work.args, **work.kwargs)
        except BaseException as error:
            if not raw.in_transaction:  # the bodies before this one are undone with it
                raise _BatchLostError from error
            raw.execute("ROLLBACK TO body")
            work.error = unavailable(error) or error
        else:
            woken |= tx.wake
        raw.execute("RELEASE body")

    def _reason(self, error: Exception, work: Work) -> BaseException:
        """Why ``work`` is not in effect: its own error, or the one that stopped the batch."""
        if work.error is not None:
            return work.error
        cause = error.__cause__ if isinstance(error, _BatchLostError) else error
        assert cause is not None
        reason = unavailable(cause) or Unavailable(
            "The database did not take the transaction.", code="STORE_UNAVAILABLE"
        )
        reason.__cause__ = cause
        return reason

    def _open_connection(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
            self._direct = SqliteStatements(self._connection)
        return self._connection

    def _abandon(self) -> None:
        """Leave no transaction behind; a connection that cannot roll back is opened anew."""
        if self._connection is None:
            return
        try:
            raw = raw_connection(self._connection)
            if raw.in_transaction:
                raw.execute("ROLLBACK")
        except sqlite3.Error:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def _deliver(self, batch: list[Work], woken: set[str]) -> bool:
        """Resolve the futures with one hop to the event loop; False if that loop is gone."""
        try:
            self._loop.call_soon_threadsafe(self._resolve, batch, woken)
        except RuntimeError:
            return False
        return True

    def _resolve(self, batch: list[Work], woken: set[str]) -> None:
        for work in batch:
            if work.future.done():  # cancelled while it ran: it is committed all the same
                continue
            if work.error is not None:
                work.future.set_exception(work.error)
            else:
                work.future.set_result(work.value)
        if woken:
            self._wakes.wake(woken)
