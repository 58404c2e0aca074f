"""Orders that receive texts: a code is paid for, and nothing else is; no text goes astray."""

from __future__ import annotations

import pytest

from ringbolt.clock import SystemClock
from ringbolt.core.keys import hash_of
from ringbolt.core.order import OrderState, PaymentMethod
from ringbolt.numbers.memory.provider import MINUTE_MS, USA
from ringbolt.store import suppressions
from ringbolt.store.engine.db import Database
from support.rigs.paid import METHODS
from support.rigs.receiving import (
    CODE,
    PaidReceivingOrder,
    ReceivingProcess,
    ReceivingWorld,
    assigned,
)

S = OrderState


# A number, and a code


@pytest.mark.parametrize("method", METHODS)
async def test_a_code_that_came_is_shown_and_paid_for(
    world: ReceivingWorld, process: ReceivingProcess, method: PaymentMethod
) -> None:
    order = await assigned(world, process, method)
    receiving = await order.receiving()
    (lease,) = world.backend.leases
    assert (receiving.number, receiving.number_country) == (lease.number, USA)
    assert (receiving.numbers_tried, receiving.until_ms) == (1, lease.until_ms)
    world.backend.text(lease.number, CODE)
    await process.settle_down()
    assert await order.has_been_paid()
    (text,) = await order.texts()
    assert (text.text, text.sender, text.code) == (CODE, "Acme", "48010")
    assert (await order.receiving()).code == "48010"
    assert lease.ended_ms is None, "the number is the buyer's until its time is over"


@pytest.mark.parametrize("odd", ["\x00", "\ud83d"])
async def test_a_text_that_no_database_keeps_holds_no_other_up(
    world: ReceivingWorld, process: ReceivingProcess, odd: str
) -> None:
    order = await assigned(world, process)
    number = await order.number()
    world.backend.text(number, f"Hello{odd}")
    world.backend.text(number, CODE)
    await process.settle_down()
    assert [text.text for text in await order.texts()] == ["Hello\ufffd", CODE]
    assert await order.has_been_paid()


async def test_the_number_goes_back_when_its_time_is_over(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process)
    (lease,) = world.backend.leases
    world.backend.text(lease.number, CODE)
    await process.pass_ms(19 * MINUTE_MS)
    assert not lease.released
    await process.pass_ms(MINUTE_MS + 1000)
    assert lease.released
    row, receiving = await order.row(), await order.receiving()
    assert row.finished_ms is not None
    assert receiving.closed_ms is not None
    assert await order.jobs_left() == []


async def test_later_texts_are_shown_and_the_latest_code_counts(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process)
    number = await order.number()
    world.backend.text(number, "Code: 1111", "1111")
    world.backend.text(number, "Thank you for your visit")
    await process.settle_down()
    world.backend.text(number, "Code: 2222", "2222")
    await process.settle_down()
    assert [text.code for text in await order.texts()] == ["1111", "", "2222"]
    receiving = await order.receiving()
    assert (receiving.code, receiving.texts) == ("2222", 3)


async def test_text_decides_against_a_code_that_the_provider_found(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process)
    world.backend.text(await order.number(), CODE, "X7")
    await process.settle_down()
    assert (await order.receiving()).code == "48010"


async def test_a_text_without_a_code_is_shown_but_not_paid_for(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process)
    world.backend.text(await order.number(), "Welcome to our service!")
    await process.settle_down()
    assert await order.state() is S.IN_PROGRESS
    assert [text.text for text in await order.texts()] == ["Welcome to our service!"]
    await process.work()
    assert not await order.has_been_paid()


async def test_one_text_that_is_reported_twice_counts_once(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process)
    world.backend.text(await order.number(), CODE, copies=2)
    world.backend.text(await order.number(), CODE)  # a source that names its copies anew
    await process.settle_down()
    assert len(await order.texts()) == 1
    assert (await order.receiving()).texts == 1


# No code


@pytest.mark.parametrize("method", METHODS)
async def test_without_a_code_the_money_and_the_number_go_back_at_the_deadline(
    world: ReceivingWorld, process: ReceivingProcess, method: PaymentMethod
) -> None:
    order = await assigned(world, process, method)
    await process.pass_ms(20 * MINUTE_MS)
    assert await order.state() is S.IN_PROGRESS
    await process.pass_ms(MINUTE_MS + 1000)
    assert not await order.has_been_paid()
    assert world.backend.leases[0].released
    assert (await order.row()).reason == "no code came in time"
    assert await order.jobs_left() == []
    assert await world.complaints() == []


async def test_the_last_look_finds_what_nobody_reported(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process)
    world.backend.text(await order.number(), CODE)
    world.backend.log.clear()
    await process.work()
    assert await order.has_been_paid()
    assert (await order.receiving()).code == "48010"


async def test_a_code_in_the_instant_of_the_deadline_counts(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    world.backend.lasts_ms = 30 * MINUTE_MS
    order = await assigned(world, process)
    number = await order.number()

    async def nothing() -> None: ...

    async def text() -> None:
        world.backend.text(number, CODE, "48010")

    await process.pass_ms(20 * MINUTE_MS)
    world.backend.before_answer += [nothing, text]  # after the look at texts, before the cancel
    await process.pass_ms(MINUTE_MS + 1000)
    assert await order.has_been_paid()


async def test_a_provider_that_is_gone_at_the_deadline_keeps_no_money(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    world.backend.lasts_ms = 30 * MINUTE_MS
    order = await assigned(world, process)
    lease = world.backend.leases[0]
    world.backend.down = True
    await process.pass_ms(22 * MINUTE_MS)
    assert not await order.has_been_paid()
    assert not lease.released
    world.backend.down = False
    await process.pass_ms(2 * MINUTE_MS)
    assert lease.released
    assert await order.jobs_left() == []


@pytest.mark.parametrize("method", METHODS)
async def test_no_free_number_returns_the_money_at_once(
    world: ReceivingWorld, process: ReceivingProcess, method: PaymentMethod
) -> None:
    world.backend.answers.append("none")
    order = await world.buy(method)
    await process.settle_down()
    assert not await order.has_been_paid()
    assert (await order.row()).reason == "no number is free (NO_NUMBERS: there is no number)"
    assert await order.number() == ""
    assert await order.jobs_left() == []


# Whose text it is


async def test_a_text_to_a_number_of_nobody_is_kept_from_everybody(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process)
    world.backend.text("+12025559999", CODE)
    await process.pass_ms(5000)
    assert await order.texts() == []
    assert await order.state() is S.IN_PROGRESS


@pytest.mark.parametrize("names_leases", [True, False])
async def test_a_text_after_the_end_is_nobodys(
    world: ReceivingWorld, process: ReceivingProcess, names_leases: bool
) -> None:
    world.backend.names_leases = names_leases
    order = await assigned(world, process)
    number = await order.number()
    await process.pass_ms(22 * MINUTE_MS)
    assert not await order.has_been_paid()
    world.backend.text(number, CODE)
    await process.settle_down()
    assert await order.texts() == []


async def test_a_number_rests_before_another_buyer_has_it(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    first = await assigned(world, process, service="tg")
    await process.pass_ms(21 * MINUTE_MS)
    world.backend.answers += ["taken", "yes"]
    second = await assigned(world, process, service="vk")
    assert await second.number() not in ("", await first.number())
    unfit = world.backend.leases[1]
    await process.pass_ms(3 * MINUTE_MS)
    assert unfit.released, "what could not be used is given back"
    world.backend.turn = 0
    await process.pass_ms(8 * MINUTE_MS)
    third = await assigned(world, process, service="vk")
    assert await third.number() == await first.number()


async def test_a_text_that_is_reported_late_is_not_the_next_customers(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    world.backend.names_leases = False
    first = await assigned(world, process, service="tg")
    number = await first.number()
    late = world.backend.text(number, CODE)
    world.backend.log.clear()
    world.backend.leases[0].texts.clear()
    await process.pass_ms(32 * MINUTE_MS)
    world.backend.turn = 0
    second = await assigned(world, process, service="vk")
    assert await second.number() == number
    world.backend.log.append(late)
    await process.settle_down()
    assert await second.texts() == []
    assert await second.state() is S.IN_PROGRESS


async def test_a_number_has_a_service_once_in_ninety_days(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    first = await assigned(world, process)
    await process.pass_ms(60 * MINUTE_MS)
    world.backend.answers.append("taken")
    second = await assigned(world, process)
    assert await second.number() != await first.number()
    await process.pass_ms(91 * 24 * 60 * MINUTE_MS)
    world.backend.turn = 0
    third = await assigned(world, process)
    assert await third.number() == await first.number()


async def test_a_provider_that_gives_one_number_twice_is_asked_for_another(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    first = await assigned(world, process)
    world.backend.answers += ["taken"] * 5
    second = await world.buy()
    await process.settle_down()
    assert not await second.has_been_paid(), "three unfit numbers are none"
    assert len(world.backend.leases) == 4
    third = await assigned_after(world, process)
    assert await third.number() != await first.number()
    assert await first.state() is S.IN_PROGRESS


async def assigned_after(world: ReceivingWorld, process: ReceivingProcess) -> PaidReceivingOrder:
    world.backend.answers.clear()
    return await assigned(world, process)


@pytest.mark.parametrize("names_leases", [True, False])
async def test_a_text_that_is_faster_than_the_answer_waits_for_its_lease(
    world: ReceivingWorld, process: ReceivingProcess, names_leases: bool
) -> None:
    world.backend.names_leases = names_leases

    async def first() -> None:
        world.backend.text(world.backend.leases[-1].number, CODE)
        await world.process().listen()

    world.backend.before_answer.append(first)
    order = await world.buy()
    await process.settle_down()
    assert await order.has_been_paid()
    assert (await order.receiving()).code == "48010"


async def test_stop_to_a_number_that_we_send_from_is_heeded(
    database: Database, clock: SystemClock
) -> None:
    world = ReceivingWorld(database, clock, options={"sms": {"senders": "+12025550177"}})
    process = world.process()
    acme = hash_of(world.keyring.current, "Acme")
    for n, words in enumerate(("Stop.", "START", "please stop")):
        world.backend.text("+12025550177", words)
        await process.settle_down()
        suppressed = await database.read(suppressions.holds, "sms", acme)
        assert suppressed == (n == 0)
