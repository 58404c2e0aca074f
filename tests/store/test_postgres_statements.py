"""Statements run straight on asyncpg, and the sessions that they run on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy import ARRAY, any_, bindparam, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError, MultipleResultsFound, NoResultFound

from ringbolt.clock import SystemClock
from ringbolt.core.errors import Unavailable
from ringbolt.store import cursors
from ringbolt.store.engine.db import Tx, one_statement
from ringbolt.store.engine.opening import open_database
from ringbolt.store.engine.postgres.database import POOL_SIZE, PostgresDatabase
from ringbolt.store.engine.postgres.wakes import payloads
from ringbolt.store.errors import OutcomeUnknown
from ringbolt.store.schema.tables import cursor, job
from support.waiting import PATIENCE_S, eventually

ALL = select(cursor.c.name, cursor.c.value).order_by(cursor.c.name)
NAMED = select(cursor).where(cursor.c.name == bindparam("name_"))
COUNT = select(func.count()).select_from(cursor)
ADD = insert(cursor)
ADD_JOB = insert(job)
CHANGE = (
    update(cursor)
    .where(cursor.c.name == bindparam("name_"))
    .values(value=bindparam("new_"))
    .returning(cursor.c.value)
)
ANY = select(cursor.c.value).where(
    cursor.c.name == any_(bindparam("names_", type_=ARRAY(cursor.c.name.type)))
)
AMONG = select(cursor.c.name).where(cursor.c.name.in_(bindparam("names_", expanding=True)))


@pytest.fixture
async def shop(postgres_url: str, clock: SystemClock) -> AsyncIterator[PostgresDatabase]:
    database = await open_database(postgres_url, clock)
    assert isinstance(database, PostgresDatabase)
    await database.tx(cursors.set, "a", "1")
    await database.tx(cursors.set, "b", "2")
    yield database
    await database.close()


def direct(tx: Tx, statement: Any, parameters: Any = None) -> Any:
    """Run it straight: the first time of each is left to SQLAlchemy."""
    assert tx.direct is not None
    rows = tx.direct.run(statement, parameters) or tx.direct.run(statement, parameters)
    assert rows is not None, "it was left to SQLAlchemy"
    return rows


def write_and_wait(tx: Tx) -> None:
    tx.run(text("INSERT INTO cursor (name, value) VALUES (gen_random_uuid()::text, '3')"))
    tx.run(text("SELECT pg_sleep(300)"))


async def until_all_wait(url: str) -> None:
    """Until every session of the pool is in the middle of ``write_and_wait``."""
    watcher = await asyncpg.connect(url)

    async def all_wait() -> bool:
        waiting: int = await watcher.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event = 'PgSleep'"
        )
        return waiting == POOL_SIZE

    await eventually(all_wait)
    await watcher.close()


async def test_rows_are_read_in_every_way(shop: PostgresDatabase) -> None:
    def look(tx: Tx) -> None:
        assert [(row.name, row[1]) for row in direct(tx, ALL)] == [("a", "1"), ("b", "2")]
        assert direct(tx, ALL).first().name == "a"
        assert direct(tx, ALL).scalars().all() == ["a", "b"]
        assert direct(tx, ALL).mappings().all()[1] == {"name": "b", "value": "2"}
        assert direct(tx, NAMED, {"name_": "b"}).one().value == "2"
        assert direct(tx, COUNT).scalar_one() == 2
        assert direct(tx, NAMED, {"name_": "nobody"}).first() is None
        with pytest.raises(NoResultFound):
            direct(tx, NAMED, {"name_": "nobody"}).one()
        with pytest.raises(MultipleResultsFound):
            direct(tx, ALL).one_or_none()

    await shop.read(look)


async def test_a_list_is_one_parameter(shop: PostgresDatabase) -> None:
    def look(tx: Tx) -> list[list[str]]:
        lists: tuple[list[str], ...] = ([], ["b"], ["a", "b", "nobody"])
        return [sorted(direct(tx, ANY, {"names_": names}).scalars()) for names in lists]

    assert await shop.read(look) == [[], ["2"], ["1", "2"]]


async def test_changes_say_how_many_rows_they_met(shop: PostgresDatabase) -> None:
    def change(tx: Tx) -> None:
        met = direct(tx, CHANGE, {"name_": "a", "new_": "9"})
        assert (met.rowcount, met.scalar()) == (1, "9")
        assert direct(tx, CHANGE, {"name_": "nobody", "new_": "9"}).rowcount == 0
        assert direct(tx, ADD, {"name": "c", "value": "3"}).rowcount == 1
        assert direct(tx, COUNT).rowcount == 1

    await shop.tx(change)
    assert await shop.read(cursors.get, "a") == "9"


async def test_a_new_row_gets_its_number(shop: PostgresDatabase) -> None:
    few = {"lane": "money", "kind": "k", "run_at_ms": 1}

    def add(tx: Tx) -> list[int]:
        direct(tx, ADD_JOB, {**few, "uniq": "u1"})
        direct(tx, ADD_JOB, {**few, "uniq": "u2", "order_id": "o"})
        return [row.id for row in tx.run(select(job.c.id).order_by(job.c.id))]

    first, second = await shop.tx(add)
    assert second > first


async def test_errors_are_sqlalchemys_and_do_not_show_the_values(shop: PostgresDatabase) -> None:
    def add_twice(tx: Tx) -> None:
        direct(tx, ADD, {"name": "c", "value": "3"})
        direct(tx, ADD, {"name": "c", "value": "secret"})

    with pytest.raises(IntegrityError, match="pk_cursor") as caught:
        await shop.tx(add_twice)
    assert "secret" not in str(caught.value) + str(caught.value.orig)
    assert await shop.read(cursors.get, "c") is None


async def test_what_is_not_plain_is_left_to_sqlalchemy(shop: PostgresDatabase) -> None:
    def run(tx: Tx) -> None:
        assert tx.direct is not None
        for _ in range(2):
            assert tx.direct.run(AMONG, {"names_": ["a"]}) is None
            assert tx.direct.run(text("SELECT 1"), None) is None
        assert tx.run(AMONG, {"names_": ["a", "x"]}).scalars().all() == ["a"]
        # both ways see the same transaction
        direct(tx, ADD, {"name": "c", "value": "3"})
        assert tx.run(text("SELECT count(*) FROM cursor")).scalar_one() == 3

    await shop.tx(run)


async def test_what_ran_both_ways_is_rolled_back_together(shop: PostgresDatabase) -> None:
    def write_and_fail(tx: Tx) -> None:
        direct(tx, ADD, {"name": "c", "value": "3"})
        tx.run(text("INSERT INTO cursor VALUES ('d', '4')"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await shop.tx(write_and_fail)
    assert await shop.read(lambda tx: tx.run(COUNT).scalar_one()) == 2


async def test_a_prepared_statement_outlives_a_change_of_the_schema(shop: PostgresDatabase) -> None:
    # given a statement that every session has prepared
    for _ in range(3):
        await shop.read(lambda tx: direct(tx, NAMED, {"name_": "a"}).one())
    # when a newer version changes what it gives
    await shop.tx(
        lambda tx: tx.run(text("ALTER TABLE cursor ALTER value TYPE varchar(99)")).rowcount
    )
    # then
    found = await shop.read(lambda tx: direct(tx, NAMED, {"name_": "a"}).one())
    assert found.value == "1"


async def test_a_body_that_hides_an_error_of_the_database_is_found_out(
    shop: PostgresDatabase,
) -> None:
    def hide(tx: Tx) -> None:
        direct(tx, ADD, {"name": "c", "value": "3"})
        with pytest.raises(IntegrityError):
            direct(tx, ADD, {"name": "c", "value": "3"})

    with pytest.raises(AssertionError, match="kept an error"):
        await shop.tx(hide)


async def test_a_cancelled_transaction_leaves_nothing_and_no_session_behind(
    shop: PostgresDatabase, postgres_url: str
) -> None:
    # given as many as there are sessions, all under way
    tasks = [asyncio.create_task(shop.tx(write_and_wait)) for _ in range(POOL_SIZE)]
    await until_all_wait(postgres_url)
    # when
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    # then all can be used again, and nothing was kept
    async with asyncio.timeout(PATIENCE_S):
        found = await asyncio.gather(*(shop.read(cursors.get, "c") for _ in range(POOL_SIZE * 2)))
    assert set(found) == {None}


async def test_who_waits_too_long_for_a_session_gets_an_error(
    postgres_url: str, clock: SystemClock
) -> None:
    shop = await PostgresDatabase.open(postgres_url, clock, session_wait_s=0.05)
    tasks = [asyncio.create_task(shop.tx(write_and_wait)) for _ in range(POOL_SIZE)]
    await until_all_wait(postgres_url)
    with pytest.raises(Unavailable, match="no connection became free"):
        await shop.read(cursors.get, "a")
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await shop.close()


@one_statement
def _count(tx: Tx) -> int:
    return int(tx.run(COUNT).scalar_one())


@one_statement
def _add_two(tx: Tx) -> None:
    tx.run(ADD, {"name": "c", "value": "3"})
    tx.run(ADD, {"name": "d", "value": "4"})


@one_statement
def _add_one(tx: Tx) -> None:
    tx.run(ADD, {"name": "c", "value": "3"})


async def test_a_body_of_one_statement_is_a_transaction_by_itself(shop: PostgresDatabase) -> None:
    for _ in range(2):  # the first time of a statement goes another way
        assert await shop.read(_count) == 2
    await shop.tx(_add_one)
    assert await shop.read(_count) == 3
    with pytest.raises(IntegrityError):
        await shop.tx(_add_one)
    assert await shop.read(_count) == 3


async def test_a_body_of_one_statement_has_no_second_one(shop: PostgresDatabase) -> None:
    with pytest.raises(AssertionError, match="runs another"):
        await shop.tx(_add_two)


async def test_a_reading_body_of_one_statement_cannot_write(shop: PostgresDatabase) -> None:
    with pytest.raises(AssertionError, match="must not write"):
        await shop.read(_add_one)
    assert await shop.read(_count) == 2


async def test_one_statement_whose_connection_breaks_is_not_called_a_failure(
    shop: PostgresDatabase,
) -> None:
    @one_statement
    def cut(tx: Tx) -> None:
        tx.run(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(OutcomeUnknown):
        await shop.tx(cut)


def test_channels_are_reported_in_as_few_notifications_as_they_fit_in() -> None:
    channels = [f"order:{n:064x}" for n in range(300)]
    reported = payloads(["money", *channels])
    assert [line for one in reported for line in one.split("\n")] == ["money", *channels]
    assert len(reported) == 3
    assert max(len(one) for one in reported) < 8000
