"""The store behind PgBouncer in transaction mode, where every transaction may run on another
connection to the server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from ringbolt.clock import SystemClock
from ringbolt.store import cursors
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.engine.opening import open_database
from ringbolt.store.engine.postgres import wakes
from support.servers.pgbouncer import NoPgBouncerError, pooling
from support.servers.postgres import PostgresServer
from support.waiting import LONG_S, PATIENCE_S

CLIENTS, ROUNDS = 24, 5


@pytest.fixture(scope="module", params=["", "ignore_startup_parameters = jit,"
                                        "idle_in_transaction_session_timeout"],
                ids=["recognised", "named"])  # fmt: skip
def pooler(postgres_server: PostgresServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """The options of a URL that leads through PgBouncer. One that is configured to take our
    settings is not recognised: the URL must name it."""
    try:
        with pooling(postgres_server, request.param) as root:
            named = "&pooler=transaction" if request.param else ""
            yield f"?host={root}{named}"
    except NoPgBouncerError as error:
        pytest.skip(f"PgBouncer: {error}")


def through(pooler: str, url: str) -> str:
    """The database of ``url``, through the pooler."""
    return url.partition("?")[0] + pooler


def add_one(tx: Tx, name: str) -> None:
    """Two statements that belong together."""
    cursors.set(tx, name, str(int(cursors.get(tx, name) or 0) + 1))
    tx.wake.add("news")


async def count(database: Database, name: str) -> None:
    for expected in range(1, ROUNDS + 1):
        await database.tx(add_one, name)
        assert await database.read(cursors.get, name) == str(expected)


async def test_a_shop_is_made_and_works_through_the_pooler(
    pooler: str, empty_postgres_url: str
) -> None:
    database = await open_database(through(pooler, empty_postgres_url), SystemClock())
    await asyncio.gather(*(count(database, f"client {n}") for n in range(CLIENTS)))
    await database.close()
    again = await open_database(through(pooler, empty_postgres_url), SystemClock(), readonly=True)
    assert await again.read(cursors.get, "client 0") == str(ROUNDS)
    await again.close()


async def test_two_processes_make_the_schema_once(pooler: str, empty_postgres_url: str) -> None:
    url = through(pooler, empty_postgres_url)
    both = await asyncio.gather(*(open_database(url, SystemClock()) for _ in range(2)))
    await both[0].tx(cursors.set, "a", "1")
    assert await both[1].read(cursors.get, "a") == "1"
    for database in both:
        await database.close()


@pytest.mark.parametrize("direct", [False, True], ids=["by polling", "by a direct connection"])
async def test_other_processes_are_woken(
    pooler: str, postgres_url: str, direct: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if direct:  # so that polling does not wake it
        monkeypatch.setattr(wakes, "POLL_S", 10 * LONG_S)
    url, listen_url = through(pooler, postgres_url), postgres_url if direct else ""
    one = await open_database(url, SystemClock(), listen_url=listen_url)
    other = await open_database(url, SystemClock(), listen_url=listen_url)
    news = one.listen("news")
    while await news.wait(0):  # what connecting woke
        pass
    await other.tx(add_one, "a")
    assert await news.wait(PATIENCE_S)
    await one.close()
    await other.close()
