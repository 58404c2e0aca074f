"""Cancels, other numbers, further texts and rentals: what a buyer may change, and until when."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from ringbolt.app.checkout.reactivate_number import Claimant, check_again
from ringbolt.app.numbers.accept_without_code import accept_without_code
from ringbolt.app.numbers.cancel_order import cancel_order
from ringbolt.app.numbers.receive_text import receive_texts
from ringbolt.app.numbers.replace_number import replace_number
from ringbolt.app.numbers.request_text import request_text
from ringbolt.app.webhooks.order_notice import order_notice
from ringbolt.clock import SystemClock
from ringbolt.core.errors import Conflict, NotFound, Unavailable
from ringbolt.core.order import OrderState, PaymentMethod
from ringbolt.core.outcome import Recovery
from ringbolt.numbers.memory.provider import MINUTE_MS
from ringbolt.numbers.provider import InboundText
from ringbolt.store import received_texts
from ringbolt.store.engine.db import Database
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


# Cancels


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
    assert world.backend.leases[0].told_back
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
    assert world.backend.leases[0].told_back


async def test_a_code_that_came_forbids_the_cancel(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process)
    world.backend.text(await order.number(), CODE)
    await process.pass_ms(3 * MINUTE_MS)
    assert "code was delivered" in (await refusal(cancel_order(process.shop, order.id))).message
    assert await order.has_been_paid()


async def test_a_code_that_the_lender_has_forbids_the_cancel_and_is_delivered(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process)
    await process.pass_ms(3 * MINUTE_MS)
    world.backend.text(await order.number(), CODE, "48010")
    assert "code was delivered" in (await refusal(cancel_order(process.shop, order.id))).message
    assert (await order.receiving()).code == "48010"


async def test_a_code_that_is_told_while_the_lender_takes_the_number_back_is_delivered(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process)
    await process.pass_ms(3 * MINUTE_MS)

    async def told_but_not_remembered() -> None:
        world.backend.text(await order.number(), CODE)
        world.backend.leases[0].texts.clear()
        await world.process().listen()

    world.backend.before_answer.append(told_but_not_remembered)
    assert "code was delivered" in (await refusal(cancel_order(process.shop, order.id))).message
    await process.settle_down()
    assert await order.has_been_paid()
    assert (await order.receiving()).closed_ms is not None, "the lender has the number"
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
        told = InboundText(f"e{n}", number, "", "Acme", CODE, "", world.clock.now_ms())
        for _ in range(n):  # each at another point of the cancels
            await asyncio.sleep(0)
        await world.db.tx(receive_texts, process.shop.policies.receiving, "lender", [told])

    await asyncio.gather(
        *(cancel(order) for order in sold), *(text(order, n) for n, order in enumerate(sold))
    )
    await process.work()
    for order in sold:
        assert await order.has_been_paid() == bool(await order.texts())
        assert await order.jobs_left() == []
    assert await world.complaints() == []


async def test_a_lender_that_is_gone_cannot_stop_a_cancel(
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
    assert world.backend.leases[0].told_back


async def test_an_early_cancel_that_only_the_lender_refuses_is_refused(
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


# Another number, another text


async def test_another_number_in_the_same_order(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process)
    first = await order.number()
    assert (await refusal(replace_number(process.shop, order.id))).code == "TOO_EARLY"
    await process.pass_ms(2 * MINUTE_MS + 1)
    deadline_ms = (await order.row()).deadline_ms
    await replace_number(process.shop, order.id)
    assert await order.number() == ""
    await process.settle_down()
    second = await order.number()
    assert second not in ("", first)
    assert (await order.row()).deadline_ms == deadline_ms
    world.backend.text(first, CODE)
    await process.settle_down()
    assert await order.texts() == [], "what comes to the former number is nobody's"
    world.backend.text(second, CODE)
    await process.settle_down()
    assert await order.has_been_paid()
    assert [lease.told_back for lease in world.backend.leases] == [True, False]
    await refusal(replace_number(process.shop, order.id))


async def test_a_code_that_is_told_while_another_number_is_asked_for_is_delivered(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process)
    await process.pass_ms(3 * MINUTE_MS)

    async def told_but_not_remembered() -> None:
        world.backend.text(await order.number(), CODE)
        world.backend.leases[0].texts.clear()
        await world.process().listen()

    world.backend.before_answer.append(told_but_not_remembered)
    assert "code came" in (await refusal(replace_number(process.shop, order.id))).message
    await process.settle_down()
    assert await order.has_been_paid()
    assert (await order.receiving()).code == "48010"
    assert len(world.backend.leases) == 1


async def test_other_numbers_are_limited(database: Database, clock: SystemClock) -> None:
    world = ReceivingWorld(database, clock, options={"orders": {"other_numbers": 2}})
    world.backend.refuses_early = False
    process = world.process()
    order = await assigned(world, process)
    for _ in range(2):
        await replace_number(process.shop, order.id)
        await process.settle_down()
    assert "as many numbers" in (await refusal(replace_number(process.shop, order.id))).message
    assert len({lease.number for lease in world.backend.leases}) == 3


async def test_no_other_number_returns_the_money(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process)
    await process.pass_ms(3 * MINUTE_MS)
    world.backend.answers.append("none")
    await replace_number(process.shop, order.id)
    await process.work()
    assert not await order.has_been_paid()
    assert await order.number() == ""


async def test_another_number_needs_a_lender_that_answers(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process)
    await process.pass_ms(3 * MINUTE_MS)
    world.backend.down = True
    with pytest.raises(Unavailable):
        await replace_number(process.shop, order.id)
    assert await order.state() is S.IN_PROGRESS


async def test_another_text_keeps_the_number_longer_but_not_for_ever(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process)
    await refusal(request_text(process.shop, order.id))
    lease = world.backend.leases[0]
    first_until_ms = lease.until_ms
    world.backend.text(lease.number, "Code: 1111", "1111")
    for _ in range(3):
        await process.pass_ms(15 * MINUTE_MS)
        await request_text(process.shop, order.id)
    assert (await order.receiving()).until_ms == first_until_ms + 40 * MINUTE_MS
    await process.pass_ms(16 * MINUTE_MS)
    assert lease.told_back, "two extensions of 20 minutes are all"
    await refusal(request_text(process.shop, order.id))


async def test_a_lender_that_extends_nothing_gives_texts_until_the_numbers_time_is_over(
    database: Database, clock: SystemClock
) -> None:
    world = ReceivingWorld(database, clock, Recovery.IDEMPOTENT)
    process = world.process()
    order = await assigned(world, process)
    lease = world.backend.leases[0]
    world.backend.text(lease.number, "Code: 1111", "1111")
    await process.settle_down()
    until_ms = (await order.receiving()).until_ms
    await request_text(process.shop, order.id)
    assert (await order.receiving()).until_ms == until_ms
    world.backend.text(lease.number, "Code: 2222", "2222")
    await process.pass_ms(21 * MINUTE_MS)
    assert (await order.receiving()).code == "2222"
    assert lease.told_back


async def test_a_text_that_is_granted_right_before_the_lender_is_gone_stays_granted(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process)
    world.backend.text(await order.number(), CODE)
    await process.settle_down()

    async def go_down() -> None:
        world.backend.down = True

    async def answers() -> None: ...

    world.backend.before_answer.extend([answers, go_down])
    await request_text(process.shop, order.id)
    world.backend.down = False
    world.backend.text(await order.number(), "Your Telegram code is 48011")
    await process.work()
    assert (await order.receiving()).code == "48011"


async def _again(
    process: ReceivingProcess, former: PaidReceivingOrder, client: str
) -> Conflict | None:
    """Why ``client`` cannot have the number of ``former`` once more."""
    (lease,) = await former.leases()
    (provider,) = process.shop.number_providers
    try:
        await check_again(process.shop, provider, lease, Claimant(None, client))
    except Conflict as error:
        return error
    return None


async def test_what_cannot_be_had_again_is_said_before_it_is_paid_for(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    former = await assigned(world, process, PaymentMethod.HOLD, client="me")
    acquired = await _again(process, former, "me")
    world.backend.text(await former.number(), CODE)
    await process.pass_ms(21 * MINUTE_MS)
    rests = await _again(process, former, "you")
    assert await _again(process, former, "me") is None
    await process.pass_ms(10 * MINUTE_MS)
    assert await _again(process, former, "you") is None
    (lease,) = await former.leases()
    with pytest.raises(Conflict) as gone:
        await check_again(
            process.shop, world.own, replace(lease, provider="former"), Claimant(None, "me")
        )

    assert acquired is not None and acquired.code == "NUMBER_TAKEN"
    assert rests is not None and rests.code == "NUMBER_TAKEN"
    assert 0 < (rests.retry_after_s or 0) <= 600
    assert gone.value.code == "NUMBER_GONE"


async def test_a_used_number_is_had_again_by_who_had_it(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    first = await assigned(world, process, client="me")
    number = await first.number()
    world.backend.text(number, CODE)
    await process.pass_ms(21 * MINUTE_MS)
    stranger = await world.buy(PaymentMethod.HOLD, client="you", again=number)
    await process.settle_down()
    assert not await stranger.has_been_paid(), "what comes late is for who had it"
    await process.pass_ms(3 * MINUTE_MS)
    again = await assigned(world, process, client="me", again=number)
    assert await again.number() == number


# Rentals


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
    assert world.backend.leases[0].told_back
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
    assert world.backend.leases[0].told_back
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
    assert not world.backend.leases[0].told_back


async def test_a_rental_is_cancelled_during_its_trial(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process, PaymentMethod.HOLD, hours=4)
    await process.pass_ms(19 * MINUTE_MS)
    await cancel_order(process.shop, order.id)
    await process.work()
    assert not await order.has_been_paid()
