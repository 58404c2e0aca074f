"""Cancels, other numbers, further texts and rentals: what a buyer may change, and until when."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ringbolt.app.checkout.reactivate_number import Claimant, check_again
from ringbolt.app.numbers.replace_number import replace_number
from ringbolt.app.numbers.request_text import request_text
from ringbolt.clock import SystemClock
from ringbolt.core.errors import Conflict, Unavailable
from ringbolt.core.order import OrderState, PaymentMethod
from ringbolt.core.outcome import Recovery
from ringbolt.numbers.memory.provider import MINUTE_MS
from ringbolt.store.engine.db import Database
from support.rigs.receiving import (
    CODE,
    PaidReceivingOrder,
    ReceivingProcess,
    ReceivingWorld,
    assigned,
    refusal,
)

S = OrderState


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
    assert [lease.released for lease in world.backend.leases] == [True, False]
    await refusal(replace_number(process.shop, order.id))


async def test_a_code_that_comes_while_the_number_is_replaced_is_delivered(
    world: ReceivingWorld, process: ReceivingProcess
) -> None:
    order = await assigned(world, process)
    await process.pass_ms(3 * MINUTE_MS)
    await order.code_comes_before_an_answer()
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


async def test_another_number_needs_a_provider_that_answers(
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
    assert lease.released, "two extensions of 20 minutes are all"
    await refusal(request_text(process.shop, order.id))


async def test_a_provider_that_extends_nothing_gives_texts_until_the_numbers_time_is_over(
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
    assert lease.released


async def test_a_text_that_is_granted_right_before_the_provider_is_gone_stays_granted(
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
