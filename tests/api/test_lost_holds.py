"""What a node, a carrier or an operator may do at the worst moment of an order: held payments that
are lost or about to be, parts that fail, secrets and keys that change. Money and delivery agree."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest

from ringbolt.app.jobs import CLOSE_HOLD
from ringbolt.app.numbers.cancel_order import cancel_order
from ringbolt.app.operator.audit import audit_shop
from ringbolt.app.webhooks.order_notice import order_notice
from ringbolt.clock import SystemClock
from ringbolt.core.keys import Keyring
from ringbolt.core.order import OrderState
from ringbolt.core.outcome import Recovery
from ringbolt.lightning.node import InvoiceState
from ringbolt.numbers.memory.provider import MINUTE_MS
from ringbolt.sms.carrier import ReceiptState
from ringbolt.store import keys, ledger
from ringbolt.store.engine.db import Database, Tx
from support.clients.orders import OrderClient
from support.rigs.fate import RightBefore
from support.rigs.orders import KINDS, Kind, OrderWorld, paid, waiting_for_a_code
from support.rigs.paid import PRICE_MSAT
from support.rigs.shop import SECRET
from support.servers.shop import ShopServer
from support.waiting import PATIENCE_S

T = TypeVar("T")
S = OrderState
NEVER_TOLD = "+1234567823"
BLOCK_S = 600
SENT = (ReceiptState.SENT,)
PAID_KINDS = [kind for kind in KINDS if kind != "fund"]


@pytest.fixture
async def world(db: Database, clock: SystemClock) -> OrderWorld:
    made = OrderWorld(db, clock)
    made.sms.life = SENT
    return made


# Held payments that are lost


@pytest.mark.parametrize("kind", ["sms", "activation", "rental"])
async def test_a_hold_that_the_node_lets_go_in_the_middle_ends_the_order(
    world: OrderWorld, kind: Kind
) -> None:
    world.sms.life = ()
    order = await paid(world, kind)
    assert await order.state() is S.IN_PROGRESS
    world.node.lose(await order.payment_hash())
    await world.process().settle_down()
    await order.code_comes()
    await world.process().work()

    assert await order.check() is S.RETURNED
    for lease in await order.leases():
        assert lease.released


@pytest.mark.parametrize("kind", PAID_KINDS)
async def test_what_was_delivered_before_the_hold_was_lost_is_booked_as_our_loss(
    world: OrderWorld, kind: Kind
) -> None:
    fate = RightBefore("settle_invoice", _nothing)
    order = await world.process().buy(kind)
    await order.pay()
    payment_hash = await order.payment_hash()

    async def lose() -> None:
        world.node.lose(payment_hash)

    fate.deed = lose
    process = world.process(fate)
    await process.settle_down()
    await order.code_comes()
    await process.work()

    row = await order.row()
    report = await audit_shop(world.db, world.keyring, world.node, None)
    notice = await world.db.read(order_notice, row)
    assert fate.happened
    assert row.state is S.RETURNED
    assert await order.is_delivered()
    assert notice.fault is None, "the buyer has what was promised"
    assert report.differences == []
    assert report.books.lost == PRICE_MSAT
    assert report.books.taken == report.books.held == 0
    assert await order.jobs_left() == []


async def test_a_top_up_whose_hold_was_lost_is_nobodys_loss(world: OrderWorld) -> None:
    key = await world.key()
    order = await world.process().buy("fund", key)
    await order.pay()
    await world.process().hear_node()
    assert await order.state() is S.FULFILLED
    world.node.lose(await order.payment_hash())
    await world.process().work()

    report = await audit_shop(world.db, world.keyring, world.node, None)
    balance = await world.db.read(ledger.balance, f"key:{key.id}")
    assert await order.check() is S.RETURNED
    assert balance.posted_msat == 0
    assert report.books.lost == 0


@pytest.mark.parametrize("kind", ["sms", "activation", "rental"])
async def test_a_hold_near_its_last_block_is_given_up_before_it_falls_back(
    world: OrderWorld, kind: Kind
) -> None:
    world.sms.life = ()
    order = await paid(world, kind)
    last = world.node.invoices[await order.payment_hash()].expiry_height
    assert last is not None
    world.node.height = last - 31
    await world.process().look_after_holds()
    assert await order.state() is S.IN_PROGRESS
    world.node.height = last - 30
    await world.process().look_after_holds()
    await world.process().settle_down()
    assert await order.invoice() is InvoiceState.CANCELED
    await order.code_comes()
    await world.process().work()

    assert await order.check() is S.RETURNED
    for lease in await order.leases():
        assert lease.released


async def test_a_hold_of_a_running_shop_is_given_up_thirty_blocks_before_its_last(
    open_shop: Callable[..., Awaitable[ShopServer]],
) -> None:
    shop = await open_shop(orders={"receipt_within_s": 200_000})
    client = OrderClient(shop)
    order_id, payment = await client.buy(
        "/createsendorder", {"phone": NEVER_TOLD, "message": "Is anybody there?"}
    )
    await client.until(order_id, lambda seen: seen["state"] == "in_progress")
    await shop.advance(52 * BLOCK_S)
    await client.until(order_id, lambda seen: seen["state"] == "in_progress")
    assert not payment.done()
    await shop.advance(2 * BLOCK_S)

    assert await asyncio.wait_for(payment, PATIENCE_S) == "FAILED"
    assert "held any longer" in (await client.status(order_id))["error"]
    assert (await shop.audit()).differences == []


# Carriers


FAILED = ReceiptState.FAILED
STORIES = {
    "before the others are sent": (((1, ReceiptState.SENT), (2, FAILED)), False, False),
    "after all were sent": (
        ((1, ReceiptState.SENT), (2, ReceiptState.SENT), (3, ReceiptState.SENT), (2, FAILED)),
        True,
        False,
    ),
    "the last one, when all others are there": (
        ((1, ReceiptState.DELIVERED), (2, ReceiptState.DELIVERED), (3, FAILED)),
        False,
        False,
    ),
}


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("settle_on", ["sent", "delivered"])
async def test_one_part_of_three_fails(world: OrderWorld, story: str, settle_on: str) -> None:
    reported, paid_if_sent, paid_if_delivered = STORIES[story]
    other = OrderWorld(world.db, world.clock, sms={"settle_on": settle_on})
    order = await paid(other, "sms", parts=3)
    [text] = await order.texts_sent()
    for n, state in reported:
        other.sms.tell(text, state, n)
        await other.process().listen()
    await other.process().work()

    is_paid = paid_if_sent if settle_on == "sent" else paid_if_delivered
    assert await order.check() is (S.SETTLED if is_paid else S.RETURNED)


@pytest.mark.parametrize("recovery", list(Recovery))
async def test_a_provider_that_is_away_for_a_moment_is_asked_again(
    world: OrderWorld, recovery: Recovery
) -> None:
    other = OrderWorld(world.db, world.clock, recovery)
    other.backend.down = True
    order = await paid(other)
    process = other.process()
    for _ in range(5):
        other.pass_ms(2000)
        await process.settle_down()
    assert await order.state() is S.DISPATCHING
    other.backend.down = False
    other.pass_ms(6000)
    await process.settle_down()
    await order.code_comes()
    await process.work()

    assert await order.check() is S.SETTLED


async def test_a_provider_that_stays_away_keeps_nobody_waiting_for_long(world: OrderWorld) -> None:
    world.backend.down = True
    order = await paid(world)
    await world.process().work()

    waited_ms = world.clock.offset_ms  # the time that passed, but for what the machine took
    assert await order.check() is S.RETURNED
    assert waited_ms <= world.settings.orders.number_within_s * 1000 + 30_000


# Operators


@pytest.mark.parametrize("kind", PAID_KINDS)
async def test_a_secret_that_was_rotated_in_the_middle_settles_all_the_same(
    world: OrderWorld, kind: Kind
) -> None:
    order = await world.process().buy(kind)
    await order.pay()
    world.keyring = Keyring([b"another secret of thirty-two byte", SECRET])
    process = world.process()
    await process.settle_down()
    await order.code_comes()
    await process.work()

    assert await order.check() is S.SETTLED


async def test_a_secret_that_is_gone_costs_the_payment_but_leaves_nothing_open(
    world: OrderWorld,
) -> None:
    order = await world.process().buy("sms")
    await order.pay()
    world.keyring = Keyring([b"another secret of thirty-two byte"])
    process = world.process()
    await process.settle_down()
    assert await order.state() is S.FULFILLED
    world.node.lose(await order.payment_hash())
    await process.work()

    assert await order.state() is S.RETURNED
    assert await order.jobs_left() == []
    assert await world.complaints() == []


@pytest.mark.parametrize("is_good", [True, False])
async def test_a_key_that_is_revoked_in_the_middle_pays_for_what_is_delivered_only(
    world: OrderWorld, is_good: bool
) -> None:
    key = await world.key(1000)
    order = await paid(world, "activation", key=key, on_balance=True)
    assert await world.db.tx(keys.revoke, key.id)
    if is_good:
        await order.code_comes()
    await world.process().work()

    balance = await world.db.read(ledger.balance, f"key:{key.id}")
    assert await order.check() is (S.SETTLED if is_good else S.RETURNED)
    assert balance.posted_msat == (0 if is_good else PRICE_MSAT)


async def test_a_node_that_does_not_answer_is_reported_later(world: OrderWorld) -> None:
    good, bad = await waiting_for_a_code(world), await paid(world)
    world.pass_ms(3 * MINUTE_MS)
    process = world.process()
    await good.code_comes()
    world.node.down = True
    await cancel_order(process.shop, bad.id)
    await process.settle_down()
    world.pass_ms(60_000)
    await process.settle_down()
    assert (await good.state(), await bad.state()) == (S.FULFILLED, S.FAILED)
    assert len(await world.db.read(_jobs, CLOSE_HOLD.name)) == 2

    world.node.down = False
    await process.work()

    assert await good.check() is S.SETTLED
    assert await bad.check() is S.RETURNED


async def _nothing() -> None: ...


def _jobs(tx: Tx, kind: str) -> list[Any]:
    rows = tx.conn.exec_driver_sql(f"SELECT id FROM job WHERE kind = '{kind}'")
    return list(rows)
