"""Receptions, leases and received texts: one order a number, one keeping of a text."""

from __future__ import annotations

import asyncio
import secrets

import pytest

from ringbolt.clock import SystemClock
from ringbolt.store import received_texts, receiving_orders
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.engine.opening import open_database
from ringbolt.store.orders import Order
from ringbolt.store.received_texts import NewText
from ringbolt.store.receiving_orders import NumberLease
from support.databases.order_rows import put_order

NUMBER = "+12025550111"


def lease_for(order: Order, **changes: object) -> NumberLease:
    values: dict[str, object] = {
        "id": secrets.token_hex(8),
        "order_id": order.id,
        "provider": "provider",
        "provider_id": secrets.token_hex(8),
        "number": NUMBER,
        "service": "tg",
        "from_ms": order.created_ms,
        "until_ms": order.created_ms + 1_200_000,
        "cancel_after_ms": 0,
        "ended_ms": None,
        "why": "",
    }
    return NumberLease(**{**values, **changes})  # type: ignore[arg-type]


def text(event_id: str = "e1", **changes: object) -> NewText:
    values: dict[str, object] = {
        "source": "provider",
        "event_id": event_id,
        "lease_id": None,
        "number": NUMBER,
        "sender": "Acme",
        "text": "Your code is 123456",
        "code": "123456",
        "at_ms": 1_000_000,
    }
    return NewText(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
async def orders(database: Database) -> list[Order]:
    def put(tx: Tx) -> Order:
        return put_order(tx, "activation")

    return [await database.tx(put) for _ in range(2)]


async def test_a_number_is_leased_to_one_order_at_a_time(
    database: Database, orders: list[Order]
) -> None:
    first, second = (lease_for(order) for order in orders)
    added = await asyncio.gather(
        *(database.tx(receiving_orders.add_lease, each) for each in (first, second))
    )
    assert sorted(added) == [False, True]
    has_it = await database.read(receiving_orders.open_lease_of_number, NUMBER)
    assert has_it in (first, second)
    assert await database.read(receiving_orders.open_leases) == 1


async def test_numbers_on_loan_are_counted_for_each_client(database: Database) -> None:
    def acquire(tx: Tx) -> tuple[int, int]:
        for n, client in enumerate(("me", "me", "me", "you")):
            order = put_order(tx, "activation", client=client)
            lease = lease_for(order, number=f"+1202555012{n}")
            assert receiving_orders.add_lease(tx, lease)
        receiving_orders.end_lease(
            tx, receiving_orders.leases_of_number(tx, "+12025550120", 0)[0].id, "over"
        )
        return receiving_orders.open_leases_of(tx, "me"), receiving_orders.open_leases_of(
            tx, "nobody"
        )

    assert await database.tx(acquire) == (2, 0)


async def test_numbers_on_loan_are_counted_without_a_look_at_former_ones(
    sqlite_url: str,
) -> None:
    db = await open_database(sqlite_url, SystemClock())

    def plan(tx: Tx) -> str:
        statement = receiving_orders._OPEN_OF_CLIENT.compile(dialect=tx.conn.dialect)
        rows = tx.conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", ("me",))
        return " | ".join(str(row[3]) for row in rows)

    try:
        found = await db.read(plan)
    finally:
        await db.close()
    assert "ux_lease_open" in found
    assert "SEARCH orders USING" in found


async def test_a_number_that_went_back_is_leased_again(
    database: Database, orders: list[Order], clock: SystemClock
) -> None:
    first = lease_for(orders[0])
    second = lease_for(orders[1], from_ms=first.from_ms + 5)
    await database.tx(receiving_orders.add_lease, first)
    assert [await database.tx(receiving_orders.end_lease, first.id, "over") for _ in range(2)] == [
        True,
        False,
    ]
    assert await database.tx(receiving_orders.add_lease, second)
    before = await database.read(receiving_orders.leases_of_number, NUMBER, 0)
    assert [each.id for each in before] == [second.id, first.id]
    assert before[1].why == "over"
    assert before[1].ended_ms is not None
    assert await database.read(receiving_orders.leases_of_number, NUMBER, first.from_ms) == [second]
    assert [each.id for each in await database.read(receiving_orders.leases_of, orders[0].id)] == [
        first.id
    ]


async def test_a_loan_is_written_down_once(database: Database, orders: list[Order]) -> None:
    lease = lease_for(orders[0])
    again = lease_for(orders[1], provider_id=lease.provider_id, number="+12025550112")
    assert await database.tx(receiving_orders.add_lease, lease)
    assert not await database.tx(receiving_orders.add_lease, again)
    found = await database.read(receiving_orders.lease_of_provider, "provider", lease.provider_id)
    assert found == lease
    assert (
        await database.read(receiving_orders.lease_of_provider, "other", lease.provider_id) is None
    )


async def test_a_reception_keeps_what_is_reported(database: Database, orders: list[Order]) -> None:
    order_id = orders[0].id

    def change(tx: Tx) -> None:
        receiving_orders.update_receiving(tx, order_id, number=NUMBER, code="0123", texts=2)

    await database.tx(change)
    found = await database.read(receiving_orders.receiving_of, order_id)
    assert found is not None
    assert (found.service, found.country, found.hours, found.is_rental) == ("tg", 22, 0, False)
    assert (found.number, found.code, found.texts, found.lease_id) == (NUMBER, "0123", 2, None)


async def test_a_text_is_kept_once(database: Database, orders: list[Order]) -> None:
    def keep(tx: Tx, source: str, event_id: str) -> bool:
        return received_texts.keep(tx, text(event_id, source=source), orders[0].id)

    kept = await asyncio.gather(*(database.tx(keep, "provider", "e1") for _ in range(4)))
    assert sorted(kept) == [False, False, False, True]
    assert await database.tx(keep, "other", "e1"), "event ids are a source's own"
    assert len(await database.read(received_texts.of_order, orders[0].id)) == 2


async def test_a_text_in_quarantine_is_claimed_once(
    database: Database, orders: list[Order]
) -> None:
    await database.tx(received_texts.keep, text(), None)
    (waiting,) = await database.read(received_texts.unclaimed, 0, NUMBER)
    assert await database.read(received_texts.unclaimed, 0, "+12025550199") == []
    assert await database.read(received_texts.unclaimed, waiting.received_ms + 1) == []
    claims = await asyncio.gather(
        *(database.tx(received_texts.claim, waiting.id, order.id, "1", None) for order in orders)
    )
    assert sorted(claims) == [False, True]
    assert await database.read(received_texts.unclaimed, 0) == []
    found = await database.read(received_texts.by_event, "provider", "e1")
    assert found is not None
    assert found.order_id in {order.id for order in orders}


@pytest.mark.parametrize(
    ("changes", "is_same"),
    [
        ({"at_ms": 1_005_000}, True),
        ({"at_ms": 995_000, "source": "other"}, True),
        ({"at_ms": 1_005_001}, False),
        ({"text": "Your code is 123457"}, False),
        ({"sender": "Emca"}, False),
        ({"number": "+12025550112"}, False),
    ],
)
async def test_the_same_text_under_another_name_is_known_by_number_sender_words_and_time(
    database: Database, orders: list[Order], changes: dict[str, object], is_same: bool
) -> None:
    await database.tx(received_texts.keep, text(), orders[0].id)
    reported = text("e2", **changes)
    assert await database.read(received_texts.came_before, orders[0].id, reported, 5000) == is_same
    assert not await database.read(received_texts.came_before, orders[1].id, reported, 5000)
