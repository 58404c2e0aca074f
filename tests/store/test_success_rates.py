"""How often a number got its code: counted honestly, and nothing told of a few orders."""

from __future__ import annotations

from ringbolt.store import receiving_orders, success_rates
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.success_rates import SuccessRate
from support.databases.order_rows import put_order

USA, GERMANY = 187, 43


def put(tx: Tx, state: str, country: int = USA, kind: str = "activation", age_ms: int = 0) -> None:
    order = put_order(tx, kind, state, created_ms=tx.now_ms - age_ms)
    if country:
        number = {"number": "+12025550111", "number_country": country}
        receiving_orders.update_receiving(tx, order.id, **number)


async def rates(database: Database, least: int = 1, at_most: int = 100) -> list[SuccessRate]:
    def read(tx: Tx) -> list[SuccessRate]:
        return success_rates.of_latest(tx, tx.now_ms - 1000, at_most, least)

    return await database.read(read)


async def test_orders_that_had_a_number_and_are_over_are_counted(database: Database) -> None:
    for state in ("settled", "fulfilled", "returned", "failed", "in_progress", "dispatching"):
        await database.tx(put, state)
    assert await rates(database) == [SuccessRate(USA, "tg", orders=4, delivered=2)]


async def test_what_had_no_number_is_rented_or_long_ago_is_not_counted(database: Database) -> None:
    await database.tx(put, "returned", 0)
    await database.tx(put, "settled", USA, "rental")
    await database.tx(put, "settled", USA, "activation", 5000)
    assert await rates(database) == []


async def test_countries_are_apart_and_a_few_orders_say_nothing(database: Database) -> None:
    for state in ("settled", "returned", "settled"):
        await database.tx(put, state, GERMANY)
    await database.tx(put, "settled", USA)
    assert await rates(database, least=2) == [SuccessRate(GERMANY, "tg", 3, 2)]
    assert len(await rates(database)) == 2


async def test_only_the_latest_are_looked_at(database: Database) -> None:
    for age_ms in (500, 400, 300):
        await database.tx(put, "returned", USA, "activation", age_ms)
    await database.tx(put, "settled")
    assert await rates(database, at_most=1) == [SuccessRate(USA, "tg", 1, 1)]
