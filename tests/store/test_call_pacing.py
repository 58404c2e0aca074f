"""What turns are made of: booked moments, and jobs that are woken before their time."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import Connection, Select
from sqlalchemy.dialects import sqlite

from ringbolt.clock import SystemClock
from ringbolt.store import calls, jobs, rate_limits
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.engine.sqlite.connection import open_engine
from ringbolt.store.schema.metadata import metadata

STEP_MS = 100_000


def book(tx: Tx, after_ms: int = 0) -> int:
    return rate_limits.book(tx, "turn:a", STEP_MS, after_ms) - tx.now_ms


async def test_each_asker_gets_a_moment_of_its_own(database: Database) -> None:
    booked = sorted(await asyncio.gather(*(database.tx(book) for _ in range(4))))
    for n, wait_ms in enumerate(booked):
        assert n * STEP_MS - 5000 < wait_ms <= n * STEP_MS


async def test_a_moment_that_passed_is_not_given_away_later(
    database: Database, clock: SystemClock
) -> None:
    await database.tx(book)
    clock.set_offset(10 * STEP_MS)
    assert await database.tx(book) == 0


async def test_who_asks_for_a_later_moment_gets_none_before_it(database: Database) -> None:
    assert await database.tx(book, 5000) == 5000
    assert await database.tx(book) > STEP_MS  # and nobody gets one before theirs


async def enqueue(database: Database, run_in_ms: int) -> None:
    def body(tx: Tx) -> None:
        jobs.enqueue(tx, "dispatch_call", "dispatch", "d:1", run_at_ms=tx.now_ms + run_in_ms)

    await database.tx(body)


async def bring_forward(database: Database, run_in_ms: int) -> bool:
    def body(tx: Tx) -> bool:
        return jobs.bring_forward(tx, "d:1", tx.now_ms + run_in_ms)

    return await database.tx(body)


async def test_a_job_that_sleeps_is_woken(database: Database) -> None:
    await enqueue(database, 60_000)
    assert await bring_forward(database, 0)
    assert len(await database.tx(jobs.claim, "dispatch", 10, 1000)) == 1


async def test_a_job_that_is_due_sooner_is_left_alone(database: Database) -> None:
    await enqueue(database, 1000)
    assert not await bring_forward(database, 60_000)


async def test_a_job_that_somebody_holds_is_left_to_them(database: Database) -> None:
    await enqueue(database, 0)
    (job,) = await database.tx(jobs.claim, "dispatch", 10, 60_000)
    assert not await bring_forward(database, 0)
    await database.tx(jobs.finish, job)
    assert not await bring_forward(database, 0)


async def test_a_job_exists_until_it_ends(database: Database) -> None:
    assert not await database.read(jobs.exists, "d:1")
    await enqueue(database, 0)
    assert await database.read(jobs.exists, "d:1")
    (job,) = await database.tx(jobs.claim, "dispatch", 10, 60_000)
    await database.tx(jobs.bury, job, "no hope")
    assert not await database.read(jobs.exists, "d:1")


@pytest.fixture
def connection(tmp_path_factory: pytest.TempPathFactory) -> Connection:
    path = tmp_path_factory.mktemp("plans") / "some.db"
    path.touch()
    opened = open_engine(path, "write").connect()
    metadata.create_all(opened)
    return opened


@pytest.mark.parametrize("name", ["_COUNT_WAITING", "_COUNT_UP", "_NEXT_WAITING"])
def test_open_calls_are_found_without_reading_an_accounts_history(
    connection: Connection, name: str
) -> None:
    statement: Select[tuple[int]] = getattr(calls, name)
    text = str(statement.compile(dialect=sqlite.dialect()))
    with connection:
        values = ("x",) * text.count("?")
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values).all()
    assert "ix_orders_open_calls (account_id=? AND state=?)" in plan[0][3]
    assert not any("SCAN" in row[3] or "B-TREE" in row[3] for row in plan)
