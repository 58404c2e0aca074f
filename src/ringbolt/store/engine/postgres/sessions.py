"""A pool of connections to PostgreSQL, each with its prepared statements.

SQLAlchemy opens the connections and runs the statements that are not compiled. Its own pool and
transactions are not used, because they take longer than the small transactions that run here. The
user of a session sends BEGIN and COMMIT on the asyncpg connection, as on SQLite.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import greenlet_spawn

from ringbolt.store.engine.compiled import CompiledStatements
from ringbolt.store.engine.postgres.errors import DRIVER_ERRORS, as_sqlalchemys
from ringbolt.store.engine.postgres.statements import PostgresStatements

WAIT_S = 10.0
_ROLLBACK_S = 5.0


class Session:
    """One connection; ``connection`` is SQLAlchemy's view of it, in autocommit mode."""

    __slots__ = ("connection", "driver", "statements")

    def __init__(
        self, connection: Connection, compiled: CompiledStatements, *, pooled: bool
    ) -> None:
        self.connection = connection
        self.driver: Any = connection.connection.driver_connection
        self.statements = PostgresStatements(self.driver, compiled, pooled=pooled)

    @property
    def is_closed(self) -> bool:
        closed: bool = self.driver.is_closed()
        return closed

    async def control(self, command: str) -> str:
        """Send BEGIN, COMMIT or ROLLBACK; returns the server's command tag (what it did)."""
        try:
            did: str = await self.driver.execute(command)
        except DRIVER_ERRORS as error:
            raise as_sqlalchemys(error, command, self.is_closed) from error
        return did

    def forget_transaction(self) -> None:
        """Reset SQLAlchemy's state: it assumes that it began a transaction with a statement."""
        if self.connection.in_transaction():
            self.connection.rollback()

    async def close(self) -> None:
        """Close at once, without a message to the server, which may be unreachable."""
        self.driver.terminate()
        with contextlib.suppress(DBAPIError, OSError):
            await greenlet_spawn(self.connection.close)


class Sessions:
    """The pool: at most ``size`` sessions, opened when needed, the last used first. ``wait_s``: how
    long to wait for a free one. ``pooled``: through a pooler in transaction mode."""

    def __init__(
        self, engine: AsyncEngine, size: int, wait_s: float = WAIT_S, *, pooled: bool = False
    ) -> None:
        self._wait_s = wait_s
        self._pooled = pooled
        # AUTOCOMMIT keeps SQLAlchemy from sending BEGIN: the user of a session sends it if needed.
        self._engine = engine.sync_engine.execution_options(isolation_level="AUTOCOMMIT")
        self._compiled = CompiledStatements(self._engine.dialect)
        self._places = asyncio.Semaphore(size)
        self._idle: list[Session] = []
        self._closing: set[asyncio.Task[None]] = set()
        self._closed = False

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Session]:
        """A session for one transaction, which the caller begins and ends; after an exception it is
        rolled back.

        Raises ``sqlalchemy.exc.TimeoutError`` if none became free within ``wait_s``.
        """
        await self._wait_for_place()
        try:
            session = await self._take()
        except BaseException:
            self._places.release()
            raise
        try:
            yield session
        except BaseException:
            # Shielded: even if we are cancelled, the rollback finishes before the session is reused
            await asyncio.shield(self._keep(self._recover(session)))
            raise
        self._release(session)

    async def _wait_for_place(self) -> None:
        if not self._places.locked():
            await self._places.acquire()
            return
        try:
            async with asyncio.timeout(self._wait_s):
                await self._places.acquire()
        except TimeoutError:
            raise PoolTimeoutError("no connection to PostgreSQL became free") from None

    async def _take(self) -> Session:
        while self._idle:
            # The one used last, so that a few sessions, with statements prepared, do most work.
            session = self._idle.pop()
            if not session.is_closed:
                return session
            await session.close()
        connection = await greenlet_spawn(self._engine.connect)
        return Session(connection, self._compiled, pooled=self._pooled)

    def _release(self, session: Session) -> None:
        session.forget_transaction()
        if self._closed:
            self._keep(session.close())
        else:
            self._idle.append(session)
        self._places.release()

    async def _recover(self, session: Session) -> None:
        """Roll back the transaction; if that fails, close the session."""
        try:
            async with asyncio.timeout(_ROLLBACK_S):
                await session.control("ROLLBACK")
        except (DBAPIError, TimeoutError):
            await session.close()
            self._places.release()
        else:
            self._release(session)

    def _keep(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        return task

    async def drop_idle(self) -> None:
        """Close all idle sessions, because one was lost and the others may be dead as well."""
        idle, self._idle = self._idle, []
        for session in idle:
            await session.close()

    async def close(self) -> None:
        self._closed = True
        await self.drop_idle()
        await asyncio.gather(*self._closing, return_exceptions=True)
