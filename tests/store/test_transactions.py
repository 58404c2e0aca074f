"""What ``tx``, ``read`` and ``listen`` promise, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from ringbolt.clock import SystemClock
from ringbolt.core.errors import Conflict
from ringbolt.store import cursors
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.engine.opening import open_database
from ringbolt.store.errors import StoreUnsound
from support.databases.fixtures import run_aside
from support.waiting import PATIENCE_S

NEAR_MS = 2000
"""The clocks of a shop and its database are on one machine here; how far they may be apart."""


def write(tx: Tx, name: str) -> str:
    cursors.set(tx, name, "here")
    return name


def write_and_fail(tx: Tx, name: str) -> None:
    cursors.set(tx, name, "here")
    raise Conflict(f"{name} may not be")


async def test_what_a_body_returns_comes_out_and_what_it_wrote_stays(database: Database) -> None:
    assert await database.tx(write, "a") == "a"
    assert await database.read(cursors.get, "a") == "here"


async def test_a_failed_body_takes_back_only_itself(database: Database) -> None:
    results = await asyncio.gather(
        *(database.tx(write if n % 3 else write_and_fail, f"n{n}") for n in range(30)),
        return_exceptions=True,
    )
    for n, result in enumerate(results):
        kept = await database.read(cursors.get, f"n{n}")
        assert (kept is not None) == bool(n % 3)
        assert isinstance(result, Conflict) == (n % 3 == 0)


async def test_a_read_sees_one_moment_only(database: Database, database_url: str) -> None:
    loop = asyncio.get_running_loop()

    async def write_elsewhere() -> None:
        other = await open_database(database_url, SystemClock())
        await other.tx(write, "a")
        await other.close()

    def interrupt() -> None:
        """Commit "a" while the read is under way."""
        if database.dialect == "sqlite":
            work: Coroutine[Any, Any, str] = database.tx(write, "a")
            asyncio.run_coroutine_threadsafe(work, loop).result(10)
        else:
            run_aside(write_elsewhere())

    def look_twice(tx: Tx) -> tuple[str | None, str | None]:
        first = cursors.get(tx, "a")
        interrupt()
        return first, cursors.get(tx, "a")

    assert await database.read(look_twice) == (None, None)
    assert await database.read(cursors.get, "a") == "here"


async def test_a_read_may_not_write(database: Database) -> None:
    with pytest.raises(DBAPIError, match=r"read-?only"):
        await database.read(write, "a")
    assert await database.read(cursors.get, "a") is None


async def test_a_database_opened_for_reading_refuses_a_transaction(
    database: Database, database_url: str, clock: SystemClock
) -> None:
    await database.tx(write, "a")
    beside = await open_database(database_url, clock, readonly=True)
    try:
        assert await beside.read(cursors.get, "a") == "here"
        with pytest.raises(StoreUnsound):
            await beside.tx(write, "b")
    finally:
        await beside.close()


async def test_now_follows_the_simulated_world(database: Database, clock: SystemClock) -> None:
    before = await database.tx(lambda tx: tx.now_ms)
    clock.set_offset(3_600_000)
    after = await database.tx(lambda tx: tx.now_ms)
    assert after - before > 3_600_000 - NEAR_MS


@pytest.mark.parametrize("offset_ms", [0, 3_600_000])
async def test_now_is_close_to_the_machines_clock(
    database: Database, clock: SystemClock, offset_ms: int
) -> None:
    clock.set_offset(offset_ms)
    before_ms = clock.now_ms()
    now_ms = await database.read(lambda tx: tx.now_ms)
    assert before_ms - NEAR_MS < now_ms < clock.now_ms() + NEAR_MS


def wake(tx: Tx, channel: str) -> None:
    tx.wake.add(channel)


def wake_and_fail(tx: Tx, channel: str) -> None:
    tx.wake.add(channel)
    raise Conflict("no")


async def test_a_commit_wakes_the_listeners_of_its_channel(
    no_polls: None, database: Database
) -> None:
    money, dispatch = database.listen("money"), database.listen("dispatch")
    await database.tx(wake, "money")
    assert await money.wait(PATIENCE_S)
    assert not await dispatch.wait(0)
    assert not await money.wait(0)


async def test_a_wake_before_the_wait_is_not_lost(no_polls: None, database: Database) -> None:
    money = database.listen("money")
    await database.tx(wake, "money")
    await asyncio.sleep(0)
    assert await money.wait(PATIENCE_S)


async def test_a_failed_body_wakes_nobody(no_polls: None, database: Database) -> None:
    money = database.listen("money")
    with pytest.raises(Conflict):
        await database.tx(wake_and_fail, "money")
    assert not await money.wait(0)


async def test_a_closed_subscription_hears_nothing(no_polls: None, database: Database) -> None:
    money = database.listen("money")
    money.close()
    await database.tx(wake, "money")
    assert not await money.wait(0)
