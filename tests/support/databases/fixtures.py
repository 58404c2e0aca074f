"""Fixtures: a fresh, migrated database for each test, on SQLite and on PostgreSQL.

A test that takes ``database`` (an open ``Database``)
or ``database_url`` runs once on each; PostgreSQL is skipped, with its reason, where there is none.
"""

from __future__ import annotations

import asyncio
import itertools
import shutil
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from ringbolt.clock import SystemClock
from ringbolt.store.engine.db import Database
from ringbolt.store.engine.opening import open_database
from ringbolt.store.engine.postgres import wakes
from support.servers.postgres import NoPostgresError, PostgresServer, running
from support.waiting import LONG_S

TEMPLATE = "migrated"
_names = itertools.count(1)


def run_aside(work: Coroutine[Any, Any, Any]) -> None:
    """Run a coroutine to its end in a loop of its own, whatever loop this thread has."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


async def _migrate(url: str) -> None:
    await (await open_database(url, SystemClock())).close()


async def _administer(server: PostgresServer, statement: str) -> None:
    connection = await asyncpg.connect(host=str(server.root), user="ringbolt", database="postgres")
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server for all tests, with a migrated template database."""
    try:
        with running() as started:
            run_aside(_administer(started, f"CREATE DATABASE {TEMPLATE}"))
            run_aside(_migrate(started.url(TEMPLATE)))
            yield started
    except NoPostgresError as error:
        pytest.skip(f"PostgreSQL: {error}")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    run_aside(_migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a fresh, migrated SQLite file."""
    path = tmp_path / "shop.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
async def postgres_url(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """The URL of a fresh, migrated PostgreSQL database."""
    name = f"test_{next(_names)}"
    await _administer(
        postgres_server, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY"
    )
    yield postgres_server.url(name)
    await _administer(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def empty_postgres_url(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """The URL of a fresh PostgreSQL database without tables."""
    name = f"empty_{next(_names)}"
    await _administer(postgres_server, f"CREATE DATABASE {name}")
    yield postgres_server.url(name)
    await _administer(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh, migrated database of each kind."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without tables, of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    url: str = request.getfixturevalue("empty_postgres_url")
    return url


@pytest.fixture
def no_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """On PostgreSQL a commit alone wakes who listens, never the look of every few seconds. Comes
    before the database is opened."""
    monkeypatch.setattr(wakes, "POLL_S", 10 * LONG_S)


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock()


@pytest.fixture
async def database(database_url: str, clock: SystemClock) -> AsyncIterator[Database]:
    """A fresh, migrated database of each kind, open."""
    opened = await open_database(database_url, clock)
    yield opened
    await opened.close()


@pytest.fixture
async def db(sqlite_url: str, clock: SystemClock) -> AsyncIterator[Database]:
    """A fresh, migrated SQLite database, open: where the kind of database does not matter."""
    opened = await open_database(sqlite_url, clock)
    yield opened
    await opened.close()
