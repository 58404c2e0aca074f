"""Cancelling an order of a number: the money and the number go back, unless a code came."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from ringbolt.app.numbers.cancel_order import cancel_order
from ringbolt.app.numbers.receive_text import receive_texts
from ringbolt.core.errors import Conflict, NotFound
from ringbolt.core.order import OrderState, PaymentMethod
from ringbolt.numbers.memory.provider import MINUTE_MS
from ringbolt.numbers.provider import InboundText
from support.rigs.paid import METHODS
from support.rigs.receiving import (
    CODE,
    PaidReceivingOrder,
    ReceivingProcess,
    ReceivingWorld,
    assigned,
    refusal,
)

S = OrderState


@pytest.mark.parametrize("method", METHODS)
async def test_a_cancel_returns_money_and_number(
    world: ReceivingWorld, process: ReceivingProcess, method: PaymentMethod
) -> None:
    order = await assigned(world, process, method)
    early = await refusal(cancel_order(process.shop, order.id))
    assert early.code == "TOO_EARLY"
    assert early.retry_after_s is not None
    assert 115 <= early.retry_after_s <= 120
    await process.pass_ms(2 * MINUTE_MS + 1)
    await cancel_order(process.shop, order.id)
    await process.settle_down()
    assert not await order.has_been_paid()
    assert world.backend.leases[0].released
    assert await order.jobs_left() == []
    await cancel_order(process.shop, order.id)  # again, to no effect
    assert await world.complaints() == []


async def test_a_cancel_before_there_is_a_number_is_possible_at_once(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await world.buy()
    await cancel_order(process.shop, order.id)
    await process.work()
    assert not await order.has_been_paid()
    assert world.backend.leases == []


async def test_a_number_that_comes_after_the_cancel_goes_back(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await world.buy()

    async def cancel() -> None:
        await cancel_order(world.process().shop, order.id)

    world.backend.before_answer.append(cancel)
    await process.work()
    assert not await order.has_been_paid()
    assert await order.number() == ""
    assert world.backend.leases[0].released


async def test_a_code_that_came_forbids_the_cancel(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process)
    world.backend.text(await order.number(), CODE)
    await process.pass_ms(3 * MINUTE_MS)
    assert "code was delivered" in (await refusal(cancel_order(process.shop, order.id))).message
    assert await order.has_been_paid()


async def test_a_code_that_the_provider_has_forbids_the_cancel_and_is_delivered(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process)
    await process.pass_ms(3 * MINUTE_MS)
    world.backend.text(await order.number(), CODE, "48010")
    assert "code was delivered" in (await refusal(cancel_order(process.shop, order.id))).message
    assert (await order.receiving()).code == "48010"


async def test_a_code_that_comes_while_the_number_is_released_is_delivered(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process)
    await process.pass_ms(3 * MINUTE_MS)
    await order.code_comes_before_an_answer()
    assert "code was delivered" in (await refusal(cancel_order(process.shop, order.id))).message
    await process.settle_down()
    assert await order.has_been_paid()
    assert (await order.receiving()).closed_ms is not None, "the provider has the number"
    assert await order.jobs_left() == []


async def test_a_code_and_a_cancel_at_once_agree_about_the_money(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    sold = [await assigned(world, process, PaymentMethod.HOLD) for _ in range(6)]
    await process.pass_ms(3 * MINUTE_MS)

    async def cancel(order: PaidReceivingOrder) -> None:
        with suppress(Conflict):
            await cancel_order(process.shop, order.id)

    async def text(order: PaidReceivingOrder, n: int) -> None:
        number = (await order.leases())[0].number
        reported = InboundText(f"e{n}", number, "", "Acme", CODE, "", world.clock.now_ms())
        for _ in range(n):  # each at another point of the cancels
            await asyncio.sleep(0)
        await world.db.tx(receive_texts, process.shop.policies.receiving, "provider", [reported])

    await asyncio.gather(
        *(cancel(order) for order in sold), *(text(order, n) for n, order in enumerate(sold))
    )
    await process.work()
    for order in sold:
        assert await order.has_been_paid() == bool(await order.texts())
        assert await order.jobs_left() == []
    assert await world.complaints() == []


async def test_a_provider_that_is_gone_cannot_stop_a_cancel(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process)
    await process.pass_ms(3 * MINUTE_MS)
    world.backend.down = True
    await cancel_order(process.shop, order.id)
    await process.settle_down()
    assert not await order.has_been_paid()
    world.backend.down = False
    await process.pass_ms(2 * MINUTE_MS)
    assert world.backend.leases[0].released


async def test_an_early_cancel_that_only_the_provider_refuses_is_refused(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process)
    lease = world.backend.leases[0]
    lease.cancel_after_ms += 3 * MINUTE_MS
    await process.pass_ms(3 * MINUTE_MS)
    assert (await refusal(cancel_order(process.shop, order.id))).code == "TOO_EARLY"
    assert await order.state() is S.IN_PROGRESS


async def test_an_unknown_order_is_not_found(process: ReceivingProcess) -> None:
    with pytest.raises(NotFound):
        await cancel_order(process.shop, "ab" * 32)
