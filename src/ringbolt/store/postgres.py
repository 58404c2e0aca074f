"""The database of several machines: PostgreSQL through asyncpg."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from typing import Any, Concatenate

from sqlalchemy import URL, Connection, make_url, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from ringbolt.clock import Clock
from ringbolt.store.db import Dialect, OutcomeUnknown, P, StoreUnsound, Subscription, T, Tx
from ringbolt.store.postgres_errors import (
    is_connection_lost,
    is_readonly,
    is_repeatable,
    unavailable,
)
from ringbolt.store.postgres_wakes import WakeExchange
from ringbolt.store.wake import Wakes

POOL_SIZE = 16
# Upper bounds of the random pauses before a body is run again.
_PAUSES_S = (0.01, 0.04, 0.16, 0.32)

_SERVER_MS = text("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)")


def driver_url(url: str | URL) -> URL:
    """``postgresql://..`` (or ``postgres://..``) as SQLAlchemy wants it for asyncpg."""
    return make_url(url).set(drivername="postgresql+asyncpg")


class PostgresDatabase:
    """A ``Database`` on a PostgreSQL server; belongs to the event loop that opened it.

    READ COMMITTED; a body that meets a serialization failure or a deadlock is run again. Now is
    the server's clock: its distance from ours is measured every few seconds, since asking in
    every transaction would cost a round trip each.
    """

    dialect: Dialect = "postgresql"

    def __init__(self, engine: AsyncEngine, clock: Clock, *, readonly: bool) -> None:
        self._engine = engine
        self._reading_engine = engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        self._clock = clock
        self._ahead_ms = 0.0
        self.readonly = readonly
        self._wakes = Wakes()
        self._exchange: WakeExchange | None = None

    @classmethod
    async def open(cls, url: str, clock: Clock, *, readonly: bool = False) -> PostgresDatabase:
        """Connect to ``postgresql://user:password@host/name`` (``?host=/dir``: a Unix socket).

        Raises ``Unavailable`` if it cannot. The schema is not looked at (see
        ``ringbolt.store.opening``).
        """
        engine = create_async_engine(
            driver_url(url),
            isolation_level="READ COMMITTED",
            pool_size=POOL_SIZE + 1,  # one is the wake connection's
            max_overflow=0,
            pool_timeout=10,
            pool_use_lifo=True,
            query_cache_size=2000,
            connect_args={
                "timeout": 10,
                "prepared_statement_cache_size": 512,
                "server_settings": {
                    "application_name": "ringbolt",
                    "jit": "off",
                    # A machine that vanished must not keep its row locks.
                    "idle_in_transaction_session_timeout": "10000",
                },
            },
        )
        database = cls(engine, clock, readonly=readonly)
        try:
            await database._measure_clock()
        except BaseException as error:
            await engine.dispose()
            raise unavailable(error) or error from error
        database._exchange = WakeExchange(engine, database._wakes, database._measure_clock)
        await database._exchange.wait_connected()
        return database

    async def _measure_clock(self) -> None:
        """Take the best of a few looks at the server's clock: the one that took least time."""
        looks: list[tuple[float, float]] = []
        async with self._engine.connect() as connection:
            for _ in range(3):
                before = time.monotonic() * 1000
                server_ms = (await connection.execute(_SERVER_MS)).scalar_one()
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
        tx, value = await self._repeat(self._engine, _commit, fn, args, kwargs)
        if tx.wake:
            self._wakes.wake(tx.wake)
            if self._exchange is not None:
                self._exchange.send(tx.wake)
        return value

    async def read(
        self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        _, value = await self._repeat(self._reading_engine, _look, fn, args, kwargs)
        return value

    async def _repeat(
        self,
        engine: AsyncEngine,
        run: Callable[[Connection, Tx, Callable[[Tx], T]], T],
        fn: Callable[..., T],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> tuple[Tx, T]:
        """Run the body until it is neither in a conflict nor on a connection that had died."""
        for pause_s in (*_PAUSES_S, None):
            try:
                async with engine.connect() as connection:
                    return await connection.run_sync(self._attempt, run, fn, args, kwargs)
            except (SQLAlchemyError, OSError) as error:
                again = isinstance(error, DBAPIError) and (
                    is_repeatable(error) or is_connection_lost(error)
                )
                if run is _look and is_readonly(error):
                    raise  # not the server's fault: a read must not write
                if pause_s is None or not again:
                    raise unavailable(error) or error from error
            await asyncio.sleep(random.uniform(0, pause_s))  # noqa: S311 - jitter
        raise AssertionError("unreachable")

    def _attempt(
        self,
        connection: Connection,
        run: Callable[[Connection, Tx, Callable[[Tx], T]], T],
        fn: Callable[..., T],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> tuple[Tx, T]:
        tx = Tx(connection, self._now_ms(), self.dialect)
        return tx, run(connection, tx, lambda tx: fn(tx, *args, **kwargs))

    def listen(self, channel: str) -> Subscription:
        return self._wakes.listen(channel)

    async def maintain(self, fn: Callable[[Connection], T]) -> T:
        """Run ``fn`` on a connection of its own for schema work; ``fn`` begins and commits."""
        async with self._engine.connect() as connection:
            return await connection.run_sync(fn)

    async def close(self) -> None:
        if self._exchange is not None:
            await self._exchange.close()
        await self._engine.dispose()


def _commit(connection: Connection, tx: Tx, body: Callable[[Tx], T]) -> T:
    with connection.begin() as transaction:
        value = body(tx)
        try:
            transaction.commit()
        except (DBAPIError, OSError) as error:
            if is_connection_lost(error):
                raise OutcomeUnknown(
                    "The connection to the database broke before it confirmed; this request may"
                    " have been kept.",
                    suggestion="Look up what you asked for before you ask again.",
                ) from error
            raise
    return value


def _look(connection: Connection, tx: Tx, body: Callable[[Tx], T]) -> T:
    with connection.begin() as transaction:
        value = body(tx)
        transaction.rollback()
    return value
