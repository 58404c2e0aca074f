"""PostgreSQL: conflicts, lost connections, waking other processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from ringbolt.clock import SystemClock
from ringbolt.core.errors import Unavailable
from ringbolt.store import cursors
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.engine.opening import open_database
from ringbolt.store.errors import OutcomeUnknown
from support.servers.postgres import NoPostgresError, running
from support.waiting import PATIENCE_S


@pytest.fixture
async def shop(postgres_url: str, clock: SystemClock) -> AsyncIterator[Database]:
    database = await open_database(postgres_url, clock)
    yield database
    await database.close()


@pytest.fixture
async def other(postgres_url: str, clock: SystemClock) -> AsyncIterator[Database]:
    """The same database as another machine sees it."""
    database = await open_database(postgres_url, clock)
    yield database
    await database.close()


def until_both_wrote(tx: Tx) -> None:
    """Wait until another transaction is here too."""
    tx.run(text("SELECT pg_advisory_xact_lock_shared(1)"))
    while (
        tx.run(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")).scalar_one() < 2
    ):
        tx.run(text("SELECT pg_sleep(0.01)"))


async def test_a_deadlock_is_tried_again(shop: Database) -> None:
    runs: list[str] = []

    def cross(tx: Tx, first: str, second: str) -> None:
        runs.append(first)
        cursors.set(tx, first, "x")
        if len(runs) <= 2:
            until_both_wrote(tx)
        cursors.set(tx, second, "x")

    await asyncio.gather(shop.tx(cross, "a", "b"), shop.tx(cross, "b", "a"))
    assert len(runs) > 2


async def test_a_serialization_failure_is_tried_again(shop: Database) -> None:
    runs: list[int] = []

    def fail_once(tx: Tx) -> str:
        runs.append(1)
        if len(runs) == 1:
            tx.run(text("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$"))
        return "done"

    assert await shop.tx(fail_once) == "done"
    assert len(runs) == 2


async def test_connections_that_died_in_the_pool_are_not_noticed(
    shop: Database, other: Database
) -> None:
    await asyncio.gather(*(shop.tx(cursors.set, f"n{n}", "x") for n in range(8)))

    def cut(tx: Tx) -> None:
        tx.run(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )

    await other.tx(cut)
    await asyncio.gather(*(shop.tx(cursors.set, f"m{n}", "x") for n in range(8)))
    assert await shop.read(cursors.get, "m7") == "x"


async def test_a_connection_lost_in_the_middle_leaves_nothing(shop: Database) -> None:
    def write_and_cut(tx: Tx) -> None:
        cursors.set(tx, "a", "x")
        tx.run(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(Unavailable) as refusal:
        await shop.tx(write_and_cut)
    assert refusal.value.code == "STORE_UNAVAILABLE"
    assert not isinstance(refusal.value, OutcomeUnknown)
    assert await shop.read(cursors.get, "a") is None


async def test_a_connection_lost_during_commit_is_not_called_a_failure(shop: Database) -> None:
    def cut_at_commit(tx: Tx) -> None:
        tx.run(
            text(
                "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$"
            )
        )
        tx.run(
            text(
                "CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON cursor"
                " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cut()"
            )
        )

    await shop.tx(cut_at_commit)
    with pytest.raises(OutcomeUnknown):
        await shop.tx(cursors.set, "a", "x")


async def test_a_commit_wakes_another_machine(
    no_polls: None, shop: Database, other: Database
) -> None:
    elsewhere = other.listen("money")
    await shop.tx(lambda tx: tx.wake.add("money"))
    assert await elsewhere.wait(PATIENCE_S)


async def test_a_server_that_is_down_is_unavailable_and_found_again(clock: SystemClock) -> None:
    try:
        with running() as server:
            shop = await open_database(server.url(), clock)
            await shop.tx(cursors.set, "a", "x")
            server.halt()
            with pytest.raises(Unavailable):
                await shop.tx(cursors.set, "b", "x")
            with pytest.raises(Unavailable):
                await open_database(server.url(), clock)
            listening = shop.listen("money")
            server.resume()
            await shop.tx(cursors.set, "c", "x")
            assert await shop.read(cursors.get, "b") is None
            assert await listening.wait(PATIENCE_S), "the wake connection came back"
            await shop.close()
    except NoPostgresError as error:
        pytest.skip(f"PostgreSQL: {error}")
