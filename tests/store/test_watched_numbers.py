"""Own numbers of telephones that may fall silent, on both databases."""

from __future__ import annotations

import pytest

from ringbolt.clock import SystemClock
from ringbolt.store import pool
from ringbolt.store.engine.db import Database
from ringbolt.store.pool import ALIVE_MS, REST_MS, DatabasePool

GERMANY = 43
PHONE, OTHER = "+4915123456701", "+4915123456702"


@pytest.fixture
async def numbers(database: Database) -> DatabasePool:
    """Two numbers, of which one is that of a watched telephone."""
    for number in (PHONE, OTHER):
        assert await database.tx(pool.add, number, GERMANY)
    await database.tx(pool.watch, [PHONE], "pixel")
    return DatabasePool(database)


async def free(numbers: DatabasePool) -> int:
    """How many numbers can be leased; checked that all answers agree."""
    total = (await numbers.free(GERMANY)).total
    assert await numbers.has_free("tg", GERMANY) is (total > 0)
    return total


async def test_a_telephone_that_was_never_heard_is_not_lent(
    numbers: DatabasePool, database: Database
) -> None:
    assert await free(numbers) == 1
    lease = await numbers.acquire("a", "tg", GERMANY, 1000)
    assert lease is not None
    assert lease.number == OTHER
    assert await numbers.acquire("b", "tg", GERMANY, 1000) is None

    await database.tx(pool.heard, [PHONE], "pixel")

    lease = await numbers.acquire("c", "tg", GERMANY, 1000)
    assert lease is not None
    assert lease.number == PHONE


async def test_a_silent_telephone_is_not_lent_and_rests_when_it_is_back(
    numbers: DatabasePool, database: Database, clock: SystemClock
) -> None:
    await database.tx(pool.heard, [PHONE], "pixel")
    assert await free(numbers) == 2

    clock.set_offset(clock.offset_ms + ALIVE_MS)
    assert await free(numbers) == 1
    assert not await numbers.has_again(PHONE, "tg")

    await database.tx(pool.heard, [PHONE], "pixel")  # its texts of the meantime come now
    assert await free(numbers) == 1
    assert not await numbers.has_again(PHONE, "tg")

    for _ in range(4):
        clock.set_offset(clock.offset_ms + REST_MS // 4)
        await database.tx(pool.heard, [PHONE], "pixel")
    assert await free(numbers) == 2
    assert await numbers.has_again(PHONE, "tg")


async def test_only_watched_numbers_need_signs_of_life(
    numbers: DatabasePool, database: Database, clock: SystemClock
) -> None:
    await database.tx(pool.heard, [PHONE], "pixel")
    clock.set_offset(clock.offset_ms + 100 * ALIVE_MS)
    assert await free(numbers) == 1
    [phone, other] = await database.read(pool.listing)
    assert (phone.watched_by, other.watched_by) == ("pixel", "")
    assert phone.is_silent(clock.now_ms())
    assert not other.is_silent(clock.now_ms())


async def test_watching_again_forgets_nothing(numbers: DatabasePool, database: Database) -> None:
    await database.tx(pool.heard, [PHONE], "pixel")
    await database.tx(pool.watch, [PHONE], "pixel")
    await database.tx(pool.watch, [], "nobody")
    assert await free(numbers) == 2
    await database.tx(pool.watch, [PHONE], "another")
    assert (await database.read(pool.listing))[0].watched_by == "another"
    assert await free(numbers) == 2


async def test_a_number_that_is_added_again_is_not_watched_any_more(
    numbers: DatabasePool, database: Database
) -> None:
    assert await database.tx(pool.remove, PHONE)
    assert await database.tx(pool.add, PHONE, GERMANY)
    assert await free(numbers) == 2


async def test_the_operator_sees_which_numbers_can_be_leased(
    numbers: DatabasePool, database: Database, clock: SystemClock
) -> None:
    async def states() -> list[str]:
        return [state for _, state in await database.read(pool.states)]

    assert await states() == ["silent", "ready"]
    await database.tx(pool.heard, [PHONE], "pixel")
    assert await states() == ["ready", "ready"]
    for ref in ("a", "b"):
        assert await numbers.acquire(ref, "tg", GERMANY, ALIVE_MS) is not None
    assert await states() == ["leased", "leased"]
    await numbers.end("a")
    assert sorted(await states()) == ["leased", "resting"]
    clock.set_offset(clock.offset_ms + ALIVE_MS + REST_MS)
    assert await states() == ["silent", "ready"]
    await database.tx(pool.heard, [PHONE], "pixel")
    assert await states() == ["resting", "ready"]
