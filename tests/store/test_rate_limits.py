"""Several rate limits at once: looked at in one statement, and counted in one."""

from __future__ import annotations

import asyncio

from ringbolt.clock import SystemClock
from ringbolt.store import rate_limits
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.rate_limits import Rate

HOURLY, DAILY = Rate("hour", 2, 3_600_000), Rate("day", 3, 86_400_000)


def waits(tx: Tx, *rates: Rate) -> list[int]:
    tats = rate_limits.look(tx, [rate.key for rate in rates])
    return [rate.wait_ms(tats.get(rate.key, 0), tx.now_ms) for rate in rates]


async def test_one_request_counts_for_every_limit(database: Database, clock: SystemClock) -> None:
    for hour in (0, 0, 1):
        clock.set_offset(hour * 3_600_000)
        assert await database.read(waits, HOURLY, DAILY) == [0, 0]
        assert await database.tx(rate_limits.count, [HOURLY, DAILY]) is None

    hourly_ms, daily_ms = await database.read(waits, HOURLY, DAILY)
    assert hourly_ms == 0
    assert 24_000_000 < daily_ms <= 28_800_000


async def test_they_agree_with_limits_that_are_counted_one_by_one(database: Database) -> None:
    def both(tx: Tx) -> tuple[int, int]:
        rate_limits.count(tx, [HOURLY])
        rate_limits.take(tx, "one by one", limit=2, period_ms=3_600_000)
        together, one = waits(tx, HOURLY, Rate("one by one", 2, 3_600_000))
        return together, one

    for _ in range(2):
        together, one = await database.tx(both)
        assert together == one
    assert together > 0


async def test_of_many_at_once_as_many_are_counted_as_the_limit_allows(
    database: Database, clock: SystemClock
) -> None:
    # given two that are allowed now, and for ten minutes before: of two transactions at once, the
    # second to count may be the one that began first, and has the earlier time
    hourly, daily = Rate("hour", 3, 3_600_000), Rate("day", 4, 86_400_000)
    assert await database.tx(rate_limits.count, [daily, hourly]) is None
    clock.set_offset(600_000)
    # when
    over = await asyncio.gather(
        *(database.tx(rate_limits.count, [daily, hourly]) for _ in range(6))
    )
    # then
    assert over.count(None) == 2
    assert {rate for rate in over if rate} == {hourly}
    assert (await database.read(waits, daily))[0] == 0, "what was refused is not counted anywhere"


async def test_keys_far_ahead_are_reported(database: Database) -> None:
    for _ in range(2):
        await database.tx(rate_limits.count, [HOURLY, Rate("calm", 100, 3_600_000)])

    assert [key for key, _ in await database.read(rate_limits.full, 3_000_000)] == ["hour"]


async def test_nothing_is_asked_for_nothing(database: Database) -> None:
    assert await database.read(rate_limits.look, []) == {}
    assert await database.tx(rate_limits.count, []) is None
