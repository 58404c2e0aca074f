"""Rentals, and texts without a code that the buyer accepts."""

from __future__ import annotations

import asyncio

import pytest

from ringbolt.app.numbers.accept_without_code import accept_without_code
from ringbolt.app.numbers.cancel_order import cancel_order
from ringbolt.app.webhooks.order_notice import order_notice
from ringbolt.core.errors import Conflict, NotFound
from ringbolt.core.order import OrderState, PaymentMethod
from ringbolt.numbers.memory.provider import MINUTE_MS
from ringbolt.store import received_texts
from support.rigs.paid import METHODS
from support.rigs.receiving import (
    CODE,
    ReceivingProcess,
    ReceivingWorld,
    assigned,
    refusal,
)

S = OrderState


@pytest.mark.parametrize("method", METHODS)
async def test_a_text_without_a_code_is_paid_for_when_it_is_accepted(
    world: ReceivingWorld, process: ReceivingProcess, method: PaymentMethod
) -> None:
    order = await assigned(world, process, method)
    assert "No text came" in (await refusal(accept_without_code(process.shop, order.id))).message
    world.backend.text(await order.number(), "Hello there")
    await process.settle_down()
    assert await order.state() is S.IN_PROGRESS
    await accept_without_code(process.shop, order.id)
    await accept_without_code(process.shop, order.id)
    await process.settle_down()
    assert await order.has_been_paid()
    await refusal(cancel_order(process.shop, order.id))
    world.backend.text(await order.number(), CODE)
    await process.work()
    assert (await order.receiving()).code == "48010"
    assert world.backend.leases[0].released
    assert await order.jobs_left() == []
    assert await world.complaints() == []


@pytest.mark.parametrize("method", METHODS)
async def test_another_services_code_is_nothing_that_the_buyer_ordered(
    world: ReceivingWorld, process: ReceivingProcess, method: PaymentMethod
) -> None:
    # Given a number for Telegram, which somebody had for WhatsApp before
    order = await assigned(world, process, method)
    # When the code of that other service comes late
    world.backend.text(await order.number(), "Your WhatsApp code 123-456")
    await process.settle_down()
    # Then it fulfils nothing and is told as no code; the true one is what is paid for
    assert await order.state() is S.IN_PROGRESS
    assert (await order.receiving()).code == ""
    assert [text.code for text in await order.texts()] == [""]
    world.backend.text(await order.number(), CODE)
    await process.settle_down()
    assert await order.has_been_paid()
    assert (await order.receiving()).code == "48010"


async def test_another_services_code_may_be_accepted(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process)
    world.backend.text(await order.number(), "Your WhatsApp code 123-456")
    await process.settle_down()
    await accept_without_code(process.shop, order.id)
    await process.settle_down()
    assert await order.has_been_paid()


async def test_an_order_for_any_service_takes_every_code(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process, service="ot")
    world.backend.text(await order.number(), "Your WhatsApp code 123-456")
    await process.settle_down()
    assert await order.has_been_paid()


async def test_a_flood_of_texts_is_counted_and_the_code_in_it_still_comes(
    world: ReceivingWorld, process: ReceivingProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an order that has as many texts as are kept
    monkeypatch.setattr(received_texts, "MOST_OF_ORDER", 3)
    order = await assigned(world, process)
    for each in "abcde":
        world.backend.text(await order.number(), f"Hello {each}")
    await process.settle_down()
    assert [text.text for text in await order.texts()] == ["Hello a", "Hello b", "Hello c"]
    assert (await order.receiving()).texts == 5
    # When the code comes after all
    world.backend.text(await order.number(), CODE)
    await process.settle_down()
    # Then it is kept and paid for, and the document says what is missing
    assert await order.has_been_paid()
    notice = await world.db.read(order_notice, await order.row())
    assert notice.receiving is not None
    assert (notice.receiving.latest, notice.receiving.texts_lost) == (CODE, 2)


async def test_what_was_cancelled_cannot_be_accepted_any_more(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process)
    world.backend.text(await order.number(), "Hello there")
    await process.pass_ms(2 * MINUTE_MS + 1)
    both = await asyncio.gather(
        cancel_order(process.shop, order.id),
        accept_without_code(process.shop, order.id),
        return_exceptions=True,
    )
    await process.work()
    assert sum(isinstance(each, Conflict) for each in both) == 1
    assert await order.has_been_paid() == isinstance(both[0], Conflict)
    assert await world.complaints() == []


async def test_a_rental_has_nothing_to_accept(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process, hours=4)
    await refusal(accept_without_code(process.shop, order.id))
    with pytest.raises(NotFound):
        await accept_without_code(process.shop, "0" * 64)


async def test_the_first_text_of_a_rental_is_paid_for_and_its_inbox_stays_open(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process, PaymentMethod.HOLD, hours=4)
    number = await order.number()
    world.backend.text(number, "Hello there")
    await process.settle_down()
    assert await order.has_been_paid()
    await process.pass_ms(3 * 60 * MINUTE_MS)
    world.backend.text(number, CODE)
    await process.settle_down()
    assert [text.text for text in await order.texts()] == ["Hello there", CODE]
    await process.pass_ms(61 * MINUTE_MS)
    assert world.backend.leases[0].released
    assert (await order.receiving()).closed_ms is not None
    assert await order.jobs_left() == []


async def test_a_rental_is_paid_for_when_it_was_not_cancelled_in_time(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process, PaymentMethod.HOLD, hours=4)
    await process.pass_ms(20 * MINUTE_MS - 5000)
    assert await order.state() is S.IN_PROGRESS
    await process.pass_ms(6000)
    assert await order.has_been_paid()
    assert "has begun" in (await refusal(cancel_order(process.shop, order.id))).message
    assert not world.backend.leases[0].released


async def test_a_rental_is_cancelled_during_its_trial(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process, PaymentMethod.HOLD, hours=4)
    await process.pass_ms(19 * MINUTE_MS)
    await cancel_order(process.shop, order.id)
    await process.work()
    assert not await order.has_been_paid()
