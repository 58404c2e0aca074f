"""The one thread that writes: group commit for SQLite.

A commit costs one fdatasync, a transaction body only microseconds. So the writer takes all waiting
bodies and commits them together. If one of them fails, all run again, each in its own SAVEPOINT. A
caller gets its result only after that commit is on disk.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

from sqlalchemy import Connection, Engine

from ringbolt.clock import Clock
from ringbolt.core.errors import Unavailable
from ringbolt.core.order import Step
from ringbolt.store.engine.db import Handover, Report, Tx
from ringbolt.store.engine.sqlite.connection import raw_connection, unavailable
from ringbolt.store.engine.sqlite.statements import SqliteStatements
from ringbolt.store.engine.wake import Wakes

MAX_BATCH = 128
"""Bodies per commit. Larger batches are not faster (31,000 transactions per second with 32 as well
as with 128), and the first body waits for the last."""


@dataclass(slots=True)
class Work:
    """A submitted body, and its transaction, result or error once it ran."""

    fn: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    future: asyncio.Future[Any]
    tx: Tx | None = None
    value: Any = None
    error: BaseException | None = None


@dataclass(slots=True)
class _News:
    """What a batch has changed: the channels to wake, and the steps of orders."""

    woken: set[str] = field(default_factory=set)
    steps: list[Step] = field(default_factory=list)


class _BatchLostError(Exception):
    """SQLite rolled back the whole transaction, not only the statement (full disk, I/O error)."""


class Writer:
    """Runs bodies on one connection of ``engine``; sets results on the event loop that created it.

    ``transactions`` and ``commits`` count since the start. ``report`` gets the steps of orders.
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
        self.report: Report | None = None
        self.transactions = 0
        self.commits = 0
        self.handover: Handover | None = None
        # A daemon thread, so that a process can end without ``close``. Work that is not committed
        # by then was never acknowledged.
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
        """Finish the submitted work, then stop."""
        if not self._closing:
            self._closing = True
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        stop = False
        while not stop:
            batch, stop = self._next_batch()
            if batch:
                news = self._execute(batch)
                stop = not self._deliver(batch, news) or stop
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

    def _execute(self, batch: list[Work]) -> _News:
        """Run and commit ``batch``."""
        try:
            connection = self._open_connection()
            raw = raw_connection(connection)
            if not self._run_together(connection, raw, batch):
                self._run_apart(connection, raw, batch)
            raw.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - it fails every body of the batch
            self._abandon()
            for work in batch:
                work.error = self._reason(error, work)
                self._forget(work)
            return _News()
        self.commits += 1
        self.transactions += len(batch)
        news = _News()
        for work in batch:
            if work.tx is not None:
                news.woken |= work.tx.wake
                news.steps += work.tx.steps
        return news

    def _run_together(
        self, connection: Connection, raw: sqlite3.Connection, batch: list[Work]
    ) -> bool:
        """Run the bodies without savepoints, which would be a fifth of all statements. False if one
        failed: then nothing is done, and all must run once more."""
        self._begin(raw)
        try:
            for work in batch:
                self._run_body(connection, work, self.handover)
        except BaseException:  # noqa: BLE001 - raised again when they run apart
            for work in batch:
                self._forget(work)
            if raw.in_transaction:
                raw.execute("ROLLBACK")
            return False
        return True

    def _run_apart(
        self, connection: Connection, raw: sqlite3.Connection, batch: list[Work]
    ) -> None:
        """Run each body in its own savepoint: one that fails undoes nothing of the others."""
        self._begin(raw)
        for work in batch:
            raw.execute("SAVEPOINT body")
            try:
                self._run_body(connection, work)  # its jobs are not begun here: one may fail it
            except BaseException as error:
                if not raw.in_transaction:  # SQLite rolled back the earlier bodies as well
                    raise _BatchLostError from error
                raw.execute("ROLLBACK TO body")
                work.error = unavailable(error) or error
                self._forget(work)
            raw.execute("RELEASE body")

    def _begin(self, raw: sqlite3.Connection) -> None:
        # IMMEDIATE takes the write lock now. A transaction that starts with a read fails at its
        # first write if another process has written since (SQLITE_BUSY_SNAPSHOT), and busy_timeout
        # does not help, because its snapshot is out of date.
        raw.execute("BEGIN IMMEDIATE")

    def _run_body(
        self, connection: Connection, work: Work, handover: Handover | None = None
    ) -> None:
        now_ms = self._clock.now_ms()
        work.tx = tx = Tx(connection, now_ms, "sqlite", direct=self._direct, handover=handover)
        work.value = work.fn(tx, *work.args, **work.kwargs)

    def _forget(self, work: Work) -> None:
        """Nothing that the body did is kept."""
        if work.tx is not None:
            work.tx.release_handed()
            work.tx = None

    def _reason(self, error: Exception, work: Work) -> BaseException:
        """Why ``work`` was not committed: its own error, or the one that failed the batch."""
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
        """Roll back; if that fails, close the connection, so that the next batch opens another."""
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

    def _deliver(self, batch: list[Work], news: _News) -> bool:
        """Resolve all futures in one call on the event loop; False if that loop is closed."""
        try:
            self._loop.call_soon_threadsafe(self._resolve, batch, news)
        except RuntimeError:
            return False
        return True

    def _resolve(self, batch: list[Work], news: _News) -> None:
        for work in batch:
            if work.tx is not None:
                work.tx.start_handed()
            if work.future.done():  # the caller was cancelled; the work is committed nevertheless
                continue
            if work.error is not None:
                work.future.set_exception(work.error)
            else:
                work.future.set_result(work.value)
        if news.woken:
            self._wakes.wake(news.woken)
        if news.steps and self.report is not None:
            self.report(news.steps)
