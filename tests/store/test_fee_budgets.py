"""The routing fees that the shop bears in a day: never more than the budgets."""

from __future__ import annotations

import asyncio

import pytest

from ringbolt.clock import SystemClock
from ringbolt.store import fee_budgets, spends
from ringbolt.store.engine.db import Database
from ringbolt.store.fee_budgets import DAY_MS, FeeBudgets, FeeGrant

BUDGETS = FeeBudgets(shop_msat=10_000, client_msat=4_000)


async def grant(db: Database, client: str, msat: int) -> int:
    return (await db.tx(fee_budgets.grant, client, msat, BUDGETS)).msat


async def left(db: Database, client: str) -> int:
    return await db.read(fee_budgets.left, client, BUDGETS)


async def test_a_client_gets_its_budget_and_no_more(database: Database) -> None:
    assert [await grant(database, "a", 3_000) for _ in range(3)] == [3_000, 1_000, 0]
    assert (await left(database, "a"), await left(database, "b")) == (0, 4_000)


async def test_all_clients_together_get_the_budget_of_the_shop(database: Database) -> None:
    assert [await grant(database, name, 4_000) for name in "abcd"] == [4_000, 4_000, 2_000, 0]
    assert await left(database, "e") == 0


async def test_grants_at_the_same_time_do_not_exceed_the_budget(database: Database) -> None:
    granted = await asyncio.gather(*(grant(database, f"c{n}", 3_000) for n in range(10)))
    assert sum(granted) == BUDGETS.shop_msat


async def test_what_is_given_back_can_be_granted_again(database: Database) -> None:
    granted = await database.tx(fee_budgets.grant, "a", 4_000, BUDGETS)
    await database.tx(fee_budgets.release, "a", FeeGrant(3_500, granted.day))
    assert await left(database, "a") == 3_500


async def test_every_day_has_its_own_budget(database: Database, clock: SystemClock) -> None:
    granted = await database.tx(fee_budgets.grant, "a", 4_000, BUDGETS)
    clock.set_offset(DAY_MS)
    assert await grant(database, "a", 4_000) == 4_000
    await database.tx(fee_budgets.release, "a", granted)
    assert await left(database, "a") == 0, "it was given back to the day before"


@pytest.mark.parametrize("wanted", [0, -5])
async def test_nothing_is_granted_to_who_needs_nothing(database: Database, wanted: int) -> None:
    assert await grant(database, "a", wanted) == 0
    assert await left(database, "a") == 4_000


async def test_fees_are_no_sales(database: Database) -> None:
    await grant(database, "a", 3_000)
    assert await database.read(spends.today) == {}
