"""The database for several machines: PostgreSQL through asyncpg."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Concatenate

from sqlalchemy import Connection, Select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.sql.base import Executable
from sqlalchemy.util import greenlet_spawn

from ringbolt.clock import Clock
from ringbolt.core.errors import Unavailable
from ringbolt.store.engine.db import (
    Dialect,
    Handover,
    P,
    Report,
    Rows,
    Statements,
    Subscription,
    T,
    Tx,
    is_one_statement,
)
from ringbolt.store.engine.postgres.engine import comes_from_pooler, make_engine, names_pooler
from ringbolt.store.engine.postgres.errors import (
    is_connection_lost,
    is_readonly,
    is_repeatable,
    unavailable,
    was_not_sent,
)
from ringbolt.store.engine.postgres.sessions import WAIT_S, Session, Sessions
from ringbolt.store.engine.postgres.wakes import WakeExchange, WakePolls
from ringbolt.store.engine.wake import Wakes
from ringbolt.store.errors import OutcomeUnknown, StoreUnsound

POOL_SIZE = 16
# Upper bounds of the random pauses before a body is run again.
_PAUSES_S = (0.01, 0.04, 0.16, 0.32)

_SERVER_MS = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)"


class PostgresDatabase:
    """A ``Database`` on a PostgreSQL server; belongs to the event loop that opened it.

    READ COMMITTED; a body is run again after a serialization failure or a deadlock. ``now_ms`` is
    the server's time. Its difference from our monotonic clock is measured every few seconds,
    because reading it in every transaction would cost a round trip.
    """

    dialect: Dialect = "postgresql"

    def __init__(
        self,
        engine: AsyncEngine,
        clock: Clock,
        *,
        readonly: bool,
        session_wait_s: float,
        pooled: bool = False,
    ) -> None:
        self._engine = engine
        self._pooled = pooled
        self._sessions = Sessions(engine, POOL_SIZE, session_wait_s, pooled=pooled)
        self._clock = clock
        self._ahead_ms = 0.0
        self.readonly = readonly
        self._wakes = Wakes()
        self._exchange: WakeExchange | WakePolls | None = None
        self._report: Report | None = None
        self._handover: Handover | None = None

    @classmethod
    async def open(
        cls,
        url: str,
        clock: Clock,
        *,
        readonly: bool = False,
        session_wait_s: float = WAIT_S,
        listen_url: str = "",
    ) -> PostgresDatabase:
        """Connect to ``postgresql://user:password@host/name`` (``?host=/dir``: a Unix socket;
        ``?pooler=transaction``: through PgBouncer, which is also recognised by itself).
        ``session_wait_s``: how long a transaction waits for a free connection. ``listen_url``: the
        same database without a pooler, for LISTEN.

        Raises what the driver raises if it cannot connect. Does not check the schema (see
        ``ringbolt.store.engine.opening``, which also says plainly why it cannot).
        """
        pooled = names_pooler(url)
        database = cls._made(url, clock, readonly, session_wait_s, pooled=pooled)
        try:
            await database._connect()
        except DBAPIError as error:
            if pooled or not comes_from_pooler(error):
                raise
            database = cls._made(url, clock, readonly, session_wait_s, pooled=True)
            await database._connect()
        database._exchange = database._wakes_from(listen_url)
        await database._exchange.wait_connected()
        return database

    @classmethod
    def _made(
        cls, url: str, clock: Clock, readonly: bool, session_wait_s: float, *, pooled: bool
    ) -> PostgresDatabase:
        engine = make_engine(url, pooled=pooled)
        return cls(engine, clock, readonly=readonly, session_wait_s=session_wait_s, pooled=pooled)

    async def _connect(self) -> None:
        try:
            async with self._sessions.one() as session:
                await self._measure_clock(session.driver)
        except BaseException:
            await self.close()
            raise

    def _wakes_from(self, listen_url: str) -> WakeExchange | WakePolls:
        """Wakes from other processes: by LISTEN, through a pooler by polling."""
        if listen_url:
            engine = make_engine(listen_url, pooled=False)
        elif self._pooled:
            return WakePolls(self._wakes, self._read_clock)
        else:
            engine = self._engine
        return WakeExchange(engine, self._wakes, self._measure_clock)

    async def _read_clock(self) -> None:
        async with self._sessions.one() as session:
            await self._measure_clock(session.driver)

    async def _measure_clock(self, driver: Any) -> None:
        """Read the server's clock three times, and use the reading with the shortest round trip,
        whose error is smallest."""
        looks: list[tuple[float, float]] = []
        for _ in range(3):
            async with driver.transaction() if self._pooled else nullcontext():
                before = time.monotonic() * 1000
                server_ms = await driver.fetchval(_SERVER_MS)
                after = time.monotonic() * 1000
            looks.append((after - before, server_ms - (before + after) / 2))
        self._ahead_ms = min(looks)[1]

    def _now_ms(self) -> int:
        return int(time.monotonic() * 1000 + self._ahead_ms) + self._clock.offset_ms

    async def tx(
        self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        if self.readonly:
            raise StoreUnsound("The database was opened for reading only.")
        run = self._write_alone if self._runs_alone(fn) else self._write
        runs: list[Tx] = []

        def body(tx: Tx) -> T:
            runs[:] = [tx]
            return fn(tx, *args, **kwargs)

        try:
            tx, value = await self._repeat(run, body, self._handover)
        except Unavailable:
            raise
        except Exception:
            if not (runs and runs[0].has_begun):
                raise
            tx, value = await self._repeat(run, body)
        tx.start_handed()
        if tx.wake:
            self._wakes.wake(tx.wake)
            if self._exchange is not None:
                self._exchange.send(tx.wake)
        if tx.steps and self._report is not None:
            self._report(tx.steps)
        return value

    async def read(
        self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        try:
            run = self._look_alone if self._runs_alone(fn) else self._look
            _, value = await self._repeat(run, lambda tx: fn(tx, *args, **kwargs))
        except Unavailable as error:
            if error.__cause__ is not None and is_readonly(error.__cause__):
                raise error.__cause__ from None  # a bug in the body: a read must not write
            raise
        return value

    def _runs_alone(self, fn: Callable[..., Any]) -> bool:
        """Whether a body runs without BEGIN. Through a pooler none does: between the two round
        trips of its statement the connection to the server may change."""
        return is_one_statement(fn) and not self._pooled

    async def _repeat(
        self,
        run: Callable[[Session, Callable[[Tx], T], Handover | None], Awaitable[tuple[Tx, T]]],
        body: Callable[[Tx], T],
        handover: Handover | None = None,
    ) -> tuple[Tx, T]:
        """Run the body, again after a conflict or on a connection that had died, at most
        ``len(_PAUSES_S) + 1`` times."""
        for pause_s in (*_PAUSES_S, None):
            try:
                async with self._sessions.one() as session:
                    return await run(session, body, handover)
            except (SQLAlchemyError, OSError) as error:
                lost = is_connection_lost(error)
                if lost:
                    await self._sessions.drop_idle()
                again = isinstance(error, DBAPIError) and (lost or is_repeatable(error))
                if pause_s is None or not again:
                    raise unavailable(error) or error from error
            await asyncio.sleep(random.uniform(0, pause_s))  # noqa: S311 - jitter
        raise AssertionError("unreachable")

    async def _write(
        self, session: Session, body: Callable[[Tx], T], handover: Handover | None = None
    ) -> tuple[Tx, T]:
        # READ COMMITTED is enough: every change that could race is a compare-and-swap, an upsert or
        # under a row lock. A stricter level would repeat bodies for conflicts that do not matter.
        await session.control("BEGIN ISOLATION LEVEL READ COMMITTED")
        tx, value = await self._run(session, body, session.statements, handover)
        try:
            with _unknown_if_lost():
                did = await session.control("COMMIT")
            # PostgreSQL answers ROLLBACK if a statement failed and the body caught the error.
            assert did == "COMMIT", "a body kept an error of the database to itself"
        except BaseException:
            tx.release_handed()  # if they were stored after all, they run when their leases end
            raise
        return tx, value

    async def _look(
        self, session: Session, body: Callable[[Tx], T], _: Handover | None = None
    ) -> tuple[Tx, T]:
        # One snapshot for all statements of a body, as on SQLite.
        await session.control("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        found = await self._run(session, body, session.statements)
        await session.control("ROLLBACK")
        return found

    async def _write_alone(
        self, session: Session, body: Callable[[Tx], T], handover: Handover | None = None
    ) -> tuple[Tx, T]:
        with _unknown_if_lost():
            alone = _Alone(session.statements)
            return await self._run(session, body, alone, handover)

    async def _look_alone(
        self, session: Session, body: Callable[[Tx], T], _: Handover | None = None
    ) -> tuple[Tx, T]:
        return await self._run(session, body, _Alone(session.statements, reading=True))

    async def _run(
        self,
        session: Session,
        body: Callable[[Tx], T],
        direct: Statements,
        handover: Handover | None = None,
    ) -> tuple[Tx, T]:
        tx = Tx(session.connection, self._now_ms(), self.dialect, direct=direct, handover=handover)
        try:
            return tx, await greenlet_spawn(body, tx)
        except BaseException:
            tx.release_handed()
            raise

    def hand_jobs_to(self, handover: Handover | None) -> None:
        self._handover = handover

    def listen(self, channel: str) -> Subscription:
        return self._wakes.listen(channel)

    def report_steps_to(self, report: Report | None) -> None:
        self._report = report

    async def maintain(self, fn: Callable[[Connection], T]) -> T:
        """Run schema work ``fn`` on a separate connection; ``fn`` begins and commits."""
        async with self._engine.connect() as connection:
            return await connection.run_sync(fn)

    async def close(self) -> None:
        if self._exchange is not None:
            await self._exchange.close()
        await self._sessions.close()
        await self._engine.dispose()


class _Alone:
    """Runs the one statement of a body marked ``one_statement``, and refuses a second one."""

    def __init__(self, statements: Statements, *, reading: bool = False) -> None:
        self._statements = statements
        self._reading = reading
        self._ran = False

    def run(self, statement: Executable, parameters: Any) -> Rows | None:
        assert not self._ran, "a body of one statement runs another"
        assert not self._reading or isinstance(statement, Select), "a read must not write"
        self._ran = True
        return self._statements.run(statement, parameters)


@contextmanager
def _unknown_if_lost() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if is_connection_lost(error) and not was_not_sent(error):
            raise OutcomeUnknown(
                "The connection to the database broke before it confirmed; this request may"
                " have been stored.",
                suggestion="Check whether the request took effect before you repeat it.",
            ) from error
        raise
