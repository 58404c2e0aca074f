"""Two things at the same instant, in either order of their commits: money and delivery
agree."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest

from ringbolt.app.numbers.cancel_order import cancel_order
from ringbolt.app.payments.record_hold import record_hold
from ringbolt.clock import SystemClock
from ringbolt.core.errors import Conflict
from ringbolt.core.order import OrderState
from ringbolt.numbers.memory.provider import MINUTE_MS
from ringbolt.sms.carrier import ReceiptState
from ringbolt.store.engine.db import Database
from ringbolt.store.engine.opening import open_database
from support.rigs.fate import RightBefore
from support.rigs.orders import (
    KINDS,
    Kind,
    OrderOfWorld,
    OrderProcess,
    OrderWorld,
    paid,
    texts_shown,
    waiting_for_a_code,
)

T = TypeVar("T")
S = OrderState
NEVER_TOLD = "+1234567823"
BLOCK_S = 600
SENT = (ReceiptState.SENT,)
PAID_KINDS = [kind for kind in KINDS if kind != "fund"]


@pytest.fixture
async def world(database: Database, clock: SystemClock) -> OrderWorld:
    made = OrderWorld(database, clock)
    made.sms.life = SENT
    return made


# A cancel, a code, and the end of the time


async def test_a_code_that_commits_right_before_the_cancel_wins(world: OrderWorld) -> None:
    order = await waiting_for_a_code(world)

    async def code() -> None:
        await order.code_comes()
        await world.process().listen()

    fate = RightBefore("tx _fail", code)
    with pytest.raises(Conflict, match="delivered"):
        await cancel_order(world.process(fate).shop, order.id)
    await world.process().work()

    assert fate.happened
    assert await order.check() is S.SETTLED
    assert await texts_shown(order) == 1


async def test_a_cancel_that_commits_right_before_the_code_wins(world: OrderWorld) -> None:
    order = await waiting_for_a_code(world)
    await order.code_comes()
    world.backend.leases[-1].texts.clear()  # the list lacks what was reported

    fate = RightBefore("tx _take", lambda: cancel_order(world.process().shop, order.id))
    await world.process(fate).listen()
    await world.process().work()

    assert fate.happened
    assert await order.check() is S.RETURNED
    assert await texts_shown(order) == 0


async def test_a_code_that_commits_right_before_the_timeout_wins(world: OrderWorld) -> None:
    order = await waiting_for_a_code(world)

    async def code() -> None:
        await order.code_comes()
        await world.process().listen()

    fate = RightBefore("tx _no_code", code)
    await world.process(fate).work()

    assert fate.happened
    assert await order.check() is S.SETTLED


async def test_a_timeout_that_commits_right_before_the_code_wins(world: OrderWorld) -> None:
    order = await waiting_for_a_code(world)
    await order.code_comes()
    world.backend.leases[-1].texts.clear()
    world.pass_ms(30 * MINUTE_MS)

    async def timeout() -> None:
        while await world.process().run_due():
            continue

    fate = RightBefore("tx _take", timeout)
    await world.process(fate).listen()
    await world.process().work()

    assert fate.happened
    assert await order.check() is S.RETURNED
    assert await texts_shown(order) == 0


async def test_two_cancels_at_once_are_one(world: OrderWorld) -> None:
    order = await waiting_for_a_code(world)
    shops = [world.process().shop for _ in range(3)]

    await asyncio.gather(*(cancel_order(shop, order.id) for shop in shops))
    await cancel_order(shops[0], order.id)
    await world.process().work()

    assert await order.check() is S.RETURNED


async def test_a_cancel_and_the_timeout_at_once_return_the_money_once(world: OrderWorld) -> None:
    order = await waiting_for_a_code(world)
    world.pass_ms(30 * MINUTE_MS)

    fate = RightBefore("tx _no_code", lambda: cancel_order(world.process().shop, order.id))
    await world.process(fate).work()

    assert fate.happened
    assert await order.check() is S.RETURNED


# Payments


@pytest.mark.parametrize("kind", PAID_KINDS)
async def test_a_payment_that_is_reported_again_and_again_counts_once(
    world: OrderWorld, kind: Kind
) -> None:
    order = await paid(world, kind)
    held = world.node.invoices[await order.payment_hash()]
    await world.db.tx(record_hold, order.id, held, world.process().shop.policies.holds)
    await order.code_comes()
    await world.process().work()
    await world.db.tx(record_hold, order.id, held, world.process().shop.policies.holds)
    await world.process().work()

    assert await order.check() is S.SETTLED
    assert len(await order.refs()) == 1


@pytest.mark.parametrize("kind", PAID_KINDS)
async def test_a_payment_that_arrives_after_the_cancel_goes_back(
    world: OrderWorld, kind: Kind
) -> None:
    process = world.process()
    order = await process.buy(kind)
    await cancel_order(process.shop, order.id)
    await order.pay()
    await process.settle_down()
    await process.work()

    assert await order.check() is S.EXPIRED
    assert await order.refs() == set()


async def test_a_payment_that_shows_up_when_all_was_over_goes_back(world: OrderWorld) -> None:
    """A node that was restored forgets that it was told to cancel."""
    process = world.process()
    order = await process.buy("sms")
    payment_hash = await order.payment_hash()
    forgotten = world.node.invoices[payment_hash]
    await cancel_order(process.shop, order.id)
    await process.work()
    world.node.invoices[payment_hash] = forgotten
    held = world.node.accept(payment_hash)
    await world.db.tx(record_hold, order.id, held, world.process().shop.policies.holds)
    await process.work()

    assert await order.check() is S.EXPIRED


async def test_a_payment_that_is_reported_right_before_the_cancel_is_given_back(
    world: OrderWorld,
) -> None:
    order = await world.process().buy("activation")
    await order.pay()

    fate = RightBefore("tx expire", world.process().hear_node)
    await cancel_order(world.process(fate).shop, order.id)
    await world.process().work()

    assert fate.happened
    assert await order.check() is S.RETURNED


async def test_a_message_that_is_paid_right_before_the_cancel_is_not_cancelled(
    world: OrderWorld,
) -> None:
    order = await world.process().buy("sms")
    await order.pay()

    fate = RightBefore("tx expire", world.process().hear_node)
    with pytest.raises(Conflict):
        await cancel_order(world.process(fate).shop, order.id)
    await world.process().work()

    assert await order.check() is S.SETTLED


async def test_a_payment_in_the_last_second_that_is_heard_in_time_counts(
    world: OrderWorld,
) -> None:
    process = world.process()
    order = await process.buy("sms")
    world.pass_ms(_invoice_ms(world) - 100)
    await order.pay()
    world.pass_ms(2000)
    await process.look_after_holds()
    assert await order.state() is S.AWAITING_PAYMENT
    await process.work()

    assert await order.check() is S.SETTLED


@pytest.mark.parametrize("reported", ["before", "after"])
async def test_a_payment_and_the_end_of_its_invoice_at_once(
    world: OrderWorld, reported: str
) -> None:
    order = await world.process().buy("sms")
    await order.pay()
    world.pass_ms(2 * _invoice_ms(world))

    if reported == "before":
        fate = RightBefore("tx _expire_all", world.process().hear_node)
        await world.process(fate).look_after_holds()
    else:
        fate = RightBefore("tx record_hold", world.process().look_after_holds)
        await world.process(fate).hear_node()
    await world.process().work()

    assert fate.happened
    assert await order.check() is (S.SETTLED if reported == "before" else S.EXPIRED)


# Two machines


async def test_two_machines_that_hear_and_do_everything_at_once_do_it_once(
    postgres_url: str, clock: SystemClock
) -> None:
    opened = [await open_database(postgres_url, clock) for _ in range(2)]
    world = OrderWorld(opened[0], clock)
    world.sms.life = SENT
    first, second = (world.process(db=db) for db in opened)
    orders = [await first.buy(kind) for kind in [*PAID_KINDS] * 4]
    for order in orders:
        await order.pay()
    await _both(first.hear_node, second.hear_node)
    await _both(first.settle_down, second.settle_down)
    for n, order in enumerate(orders):
        if n % 3:
            await order.code_comes()
    world.pass_ms(3 * MINUTE_MS)
    await asyncio.gather(
        first.settle_down(),
        second.settle_down(),
        *(_cancel(process, order) for order in orders for process in (first, second)),
    )
    await _both(first.settle_down, second.settle_down)
    await first.work()

    ends = [await order.check() for order in orders]
    assert {S.SETTLED, S.RETURNED} == set(ends)
    for order in orders:
        assert len(await order.refs()) == 1, "one attempt for one order"
    for db in opened:
        await db.close()


async def test_two_machines_of_which_one_hears_of_the_cancel_and_one_of_the_code(
    postgres_url: str, clock: SystemClock
) -> None:
    opened = [await open_database(postgres_url, clock) for _ in range(2)]
    world = OrderWorld(opened[0], clock)
    first, second = (world.process(db=db) for db in opened)
    orders = [await paid(world) for _ in range(8)]
    world.pass_ms(3 * MINUTE_MS)
    for order in orders:
        await order.code_comes()
        for lease in await order.leases():
            lease.texts.clear()  # so that the provider takes it back
    await asyncio.gather(second.listen(), *(_cancel(first, order) for order in orders))
    await first.work()

    for order in orders:
        is_paid = await order.check() is S.SETTLED
        assert is_paid == bool(await texts_shown(order))
    for db in opened:
        await db.close()


async def _both(one: Callable[[], Awaitable[Any]], other: Callable[[], Awaitable[Any]]) -> None:
    await asyncio.gather(one(), other())


async def _cancel(process: OrderProcess, order: OrderOfWorld) -> None:
    try:
        await cancel_order(process.shop, order.id)
    except Conflict:
        return


def _invoice_ms(world: OrderWorld) -> int:
    return world.settings.orders.invoice_expiry_s * 1000
