"""The secret in a refund link: new whenever the refund is opened, and kept until it is claimed."""

from __future__ import annotations

import pytest

from ringbolt.store import orders, refunds
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.refunds import Refund
from support.rigs.payouts import an_order


async def failed_order(database: Database) -> str:
    order = an_order()
    assert await database.tx(orders.insert, order, "paid")
    await database.tx(refunds.open_refund, order.id, 1000)
    return order.id


async def refund_of(database: Database, order_id: str) -> Refund:
    found = await database.read(refunds.of_order, order_id)
    assert found is not None
    return found


async def test_a_link_has_256_random_bits(database: Database) -> None:
    links = {(await refund_of(database, await failed_order(database))).k1 for _ in range(4)}
    assert len(links) == 4
    assert all(len(bytes.fromhex(k1)) == 32 for k1 in links)


async def test_an_open_refund_keeps_its_link(database: Database) -> None:
    order_id = await failed_order(database)
    first = await refund_of(database, order_id)
    await database.tx(refunds.open_refund, order_id, 1000)
    assert await refund_of(database, order_id) == first
    assert await database.read(refunds.by_k1, first.k1) == first


async def test_a_refund_that_is_opened_again_has_another_link(database: Database) -> None:
    order_id = await failed_order(database)
    links = [(await refund_of(database, order_id)).k1]
    assert await database.tx(refunds.drop_open, order_id)  # the order is tried again, and fails
    await database.tx(refunds.open_refund, order_id, 1000)
    links.append((await refund_of(database, order_id)).k1)
    assert await database.tx(refunds.claim, order_id, "lnbcrt1", "ab" * 32, "node")
    assert await database.tx(refunds.reopen, order_id, "no route")
    links.append((await refund_of(database, order_id)).k1)
    assert len(set(links)) == 3
    assert [await database.read(refunds.by_k1, k1) for k1 in links[:2]] == [None, None]


async def test_a_body_that_is_run_again_draws_another_link(database: Database) -> None:
    order = an_order()
    assert await database.tx(orders.insert, order, "paid")
    drawn: list[str] = []

    def open_and_fail(tx: Tx, *, fails: bool) -> None:
        refunds.open_refund(tx, order.id, 1000)
        found = refunds.of_order(tx, order.id)
        assert found is not None
        drawn.append(found.k1)
        if fails:
            raise ValueError("rolled back")

    with pytest.raises(ValueError, match="rolled back"):
        await database.tx(open_and_fail, fails=True)
    await database.tx(open_and_fail, fails=False)
    *rolled_back, kept = drawn
    assert rolled_back
    assert (await refund_of(database, order.id)).k1 == kept
    assert len({*drawn}) == len(drawn)
    assert [await database.read(refunds.by_k1, k1) for k1 in rolled_back] == [None] * len(
        rolled_back
    )
