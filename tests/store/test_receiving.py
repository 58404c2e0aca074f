"""Orders that receive texts: a code is paid for, and nothing else is; no text goes astray."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress

import pytest

from flow_rig import Died, Fate
from memory_lender import MINUTE_MS, USA
from reception_rig import LEASE_MS, ReceptionOrder, ReceptionProcess, ReceptionWorld
from ringbolt.app.another_number import another_number
from ringbolt.app.another_text import another_text
from ringbolt.app.cancel_order import cancel_order
from ringbolt.app.decide import fail
from ringbolt.app.end_reception import abandon_reception
from ringbolt.app.take_text import take_texts
from ringbolt.clock import SystemClock
from ringbolt.core.errors import Conflict, NotFound, Unavailable
from ringbolt.core.order import OrderState, PaymentMethod
from ringbolt.core.recovery import Recovery
from ringbolt.numbers.provider import InboundText
from ringbolt.store import jobs, receptions, suppressions
from ringbolt.store.db import Database
from ringbolt.store.opening import open_database

METHODS = [PaymentMethod.BALANCE, PaymentMethod.HOLD]
CODE = "Your Telegram code is 48010"
S = OrderState


@pytest.fixture
def world(database: Database, clock: SystemClock) -> ReceptionWorld:
    return ReceptionWorld(database, clock)


@pytest.fixture
def process(world: ReceptionWorld) -> ReceptionProcess:
    return world.process()


async def assigned(
    world: ReceptionWorld, process: ReceptionProcess, *args: object, **wanted: object
) -> ReceptionOrder:
    """An order with a number."""
    order = await world.buy(*args, **wanted)  # type: ignore[arg-type]
    await process.dispatch()
    assert await order.state() is S.IN_PROGRESS
    return order


async def refusal(work: Awaitable[None]) -> Conflict:
    with pytest.raises(Conflict) as caught:
        await work
    return caught.value


# A number, and a code


@pytest.mark.parametrize("method", METHODS)
async def test_a_code_that_came_is_shown_and_paid_for(
    world: ReceptionWorld, process: ReceptionProcess, method: PaymentMethod
) -> None:
    order = await assigned(world, process, method)
    reception = await order.reception()
    (loan,) = world.lender.loans
    assert (reception.number, reception.number_country) == (loan.number, USA)
    assert (reception.numbers_tried, reception.until_ms) == (1, loan.until_ms)
    world.lender.text(loan.number, CODE)
    await process.dispatch()
    assert await order.has_been_paid()
    (text,) = await order.texts()
    assert (text.text, text.sender, text.code) == (CODE, "Acme", "48010")
    assert (await order.reception()).code == "48010"
    assert loan.ended_ms is None, "the number is the buyer's until its time is over"


@pytest.mark.parametrize("odd", ["\x00", "\ud83d"])
async def test_a_text_that_no_database_keeps_holds_no_other_up(
    world: ReceptionWorld, process: ReceptionProcess, odd: str
) -> None:
    order = await assigned(world, process)
    number = await order.number()
    world.lender.text(number, f"Hello{odd}")
    world.lender.text(number, CODE)
    await process.dispatch()
    assert [text.text for text in await order.texts()] == ["Hello\ufffd", CODE]
    assert await order.has_been_paid()


async def test_the_number_goes_back_when_its_time_is_over(
    world: ReceptionWorld, process: ReceptionProcess
) -> None:
    order = await assigned(world, process)
    (loan,) = world.lender.loans
    world.lender.text(loan.number, CODE)
    await process.pass_ms(19 * MINUTE_MS)
    assert not loan.told_back
    await process.pass_ms(MINUTE_MS + 1000)
    assert loan.told_back
    row, reception = await order.row(), await order.reception()
    assert row.finished_ms is not None
    assert reception.closed_ms is not None
    assert await order.jobs_left() == []


async def test_later_texts_are_shown_and_the_latest_code_counts(
    world: ReceptionWorld, process: ReceptionProcess
) -> None:
    order = await assigned(world, process)
    number = await order.number()
    world.lender.text(number, "Code: 1111", "1111")
    world.lender.text(number, "Thank you for your visit")
    await process.dispatch()
    world.lender.text(number, "Code: 2222", "2222")
    await process.dispatch()
    assert [text.code for text in await order.texts()] == ["1111", "", "2222"]
    reception = await order.reception()
    assert (reception.code, reception.texts) == ("2222", 3)


async def test_the_code_that_the_provider_found_is_preferred(
    world: ReceptionWorld, process: ReceptionProcess
) -> None:
    order = await assigned(world, process)
    world.lender.text(await order.number(), CODE, "X7")
    await process.dispatch()
    assert (await order.reception()).code == "X7"


async def test_a_text_without_a_code_is_shown_but_not_paid_for(
    world: ReceptionWorld, process: ReceptionProcess
) -> None:
    order = await assigned(world, process)
    world.lender.text(await order.number(), "Welcome to our service!")
    await process.dispatch()
    assert await order.state() is S.IN_PROGRESS
    assert [text.text for text in await order.texts()] == ["Welcome to our service!"]
    await process.work()
    assert not await order.has_been_paid()


async def test_one_text_that_is_told_twice_counts_once(
    world: ReceptionWorld, process: ReceptionProcess
) -> None:
    order = await assigned(world, process)
    world.lender.text(await order.number(), CODE, copies=2)
    world.lender.text(await order.number(), CODE)  # a source that names its copies anew
    await process.dispatch()
    assert len(await order.texts()) == 1
    assert (await order.reception()).texts == 1


# No code


@pytest.mark.parametrize("method", METHODS)
async def test_without_a_code_the_money_and_the_number_go_back_at_the_deadline(
    world: ReceptionWorld, process: ReceptionProcess, method: PaymentMethod
) -> None:
    order = await assigned(world, process, method)
    await process.pass_ms(20 * MINUTE_MS)
    assert await order.state() is S.IN_PROGRESS
    await process.pass_ms(MINUTE_MS + 1000)
    assert not await order.has_been_paid()
    assert world.lender.loans[0].told_back
    assert (await order.row()).reason == "no code came in time"
    assert await order.jobs_left() == []
    assert await world.complaints() == []


async def test_the_last_look_finds_what_nobody_told(
    world: ReceptionWorld, process: ReceptionProcess
) -> None:
    order = await assigned(world, process)
    world.lender.text(await order.number(), CODE)
    world.lender.log.clear()
    await process.work()
    assert await order.has_been_paid()
    assert (await order.reception()).code == "48010"


async def test_a_code_in_the_instant_of_the_deadline_counts(
    world: ReceptionWorld, process: ReceptionProcess
) -> None:
    world.lender.lasts_ms = 30 * MINUTE_MS
    order = await assigned(world, process)
    number = await order.number()

    async def nothing() -> None: ...

    async def text() -> None:
        world.lender.text(number, CODE, "48010")

    await process.pass_ms(20 * MINUTE_MS)
    world.lender.before_answer += [nothing, text]  # after the look at texts, before the cancel
    await process.pass_ms(MINUTE_MS + 1000)
    assert await order.has_been_paid()


async def test_a_lender_that_is_gone_at_the_deadline_keeps_no_money(
    world: ReceptionWorld, process: ReceptionProcess
) -> None:
    world.lender.lasts_ms = 30 * MINUTE_MS
    order = await assigned(world, process)
    loan = world.lender.loans[0]
    world.lender.down = True
    await process.pass_ms(22 * MINUTE_MS)
    assert not await order.has_been_paid()
    assert not loan.told_back
    world.lender.down = False
    await process.pass_ms(2 * MINUTE_MS)
    assert loan.told_back
    assert await order.jobs_left() == []


@pytest.mark.parametrize("method", METHODS)
async def test_no_free_number_returns_the_money_at_once(
    world: ReceptionWorld, process: ReceptionProcess, method: PaymentMethod
) -> None:
    world.lender.answers.append("none")
    order = await world.buy(method)
    await process.dispatch()
    assert not await order.has_been_paid()
    assert (await order.row()).reason == "no number is free (NO_NUMBERS)"
    assert await order.number() == ""
    assert await order.jobs_left() == []


# Whose text it is


async def test_a_text_to_a_number_of_nobody_is_kept_from_everybody(
    world: ReceptionWorld, process: ReceptionProcess
) -> None:
    order = await assigned(world, process)
    world.lender.text("+12025559999", CODE)
    await process.pass_ms(5000)
    assert await order.texts() == []
    assert await order.state() is S.IN_PROGRESS


@pytest.mark.parametrize("names_loans", [True, False])
async def test_a_text_after_the_end_is_nobodys(
    world: ReceptionWorld, process: ReceptionProcess, names_loans: bool
) -> None:
    world.lender.names_loans = names_loans
    order = await assigned(world, process)
    number = await order.number()
    await process.pass_ms(22 * MINUTE_MS)
    assert not await order.has_been_paid()
    world.lender.text(number, CODE)
    await process.dispatch()
    assert await order.texts() == []


async def test_a_number_rests_before_another_buyer_has_it(
    world: ReceptionWorld, process: ReceptionProcess
) -> None:
    first = await assigned(world, process, service="tg")
    await process.pass_ms(21 * MINUTE_MS)
    world.lender.answers += ["taken", "yes"]
    second = await assigned(world, process, service="vk")
    assert await second.number() not in ("", await first.number())
    unfit = world.lender.loans[1]
    await process.pass_ms(3 * MINUTE_MS)
    assert unfit.told_back, "what could not be used is given back"
    world.lender._next = 0
    await process.pass_ms(8 * MINUTE_MS)
    third = await assigned(world, process, service="vk")
    assert await third.number() == await first.number()


async def test_a_text_that_is_told_late_is_not_the_next_borrowers(
    world: ReceptionWorld, process: ReceptionProcess
) -> None:
    world.lender.names_loans = False
    first = await assigned(world, process, service="tg")
    number = await first.number()
    late = world.lender.text(number, CODE)
    world.lender.log.clear()
    world.lender.loans[0].texts.clear()
    await process.pass_ms(32 * MINUTE_MS)
    world.lender._next = 0
    second = await assigned(world, process, service="vk")
    assert await second.number() == number
    world.lender.log.append(late)
    await process.dispatch()
    assert await second.texts() == []
    assert await second.state() is S.IN_PROGRESS


async def test_a_number_has_a_service_once_in_ninety_days(
    world: ReceptionWorld, process: ReceptionProcess
) -> None:
    first = await assigned(world, process)
    await process.pass_ms(60 * MINUTE_MS)
    world.lender.answers.append("taken")
    second = await assigned(world, process)
    assert await second.number() != await first.number()
    await process.pass_ms(91 * 24 * 60 * MINUTE_MS)
    world.lender._next = 0
    third = await assigned(world, process)
    assert await third.number() == await first.number()


async def test_a_lender_that_gives_one_number_twice_is_asked_for_another(
    world: ReceptionWorld, process: ReceptionProcess
) -> None:
    first = await assigned(world, process)
    world.lender.answers += ["taken"] * 5
    second = await world.buy()
    await process.dispatch()
    assert not await second.has_been_paid(), "three unfit numbers are none"
    assert len(world.lender.loans) == 4
    third = await assigned_after(world, process)
    assert await third.number() != await first.number()
    assert await first.state() is S.IN_PROGRESS


async def assigned_after(world: ReceptionWorld, process: ReceptionProcess) -> ReceptionOrder:
    world.lender.answers.clear()
    return await assigned(world, process)


@pytest.mark.parametrize("names_loans", [True, False])
async def test_a_text_that_is_faster_than_the_answer_waits_for_its_lease(
    world: ReceptionWorld, process: ReceptionProcess, names_loans: bool
) -> None:
    world.lender.names_loans = names_loans

    async def first() -> None:
        world.lender.text(world.lender.loans[-1].number, CODE)
        await world.process().listen()

    world.lender.before_answer.append(first)
    order = await world.buy()
    await process.dispatch()
    assert await order.has_been_paid()
    assert (await order.reception()).code == "48010"


async def test_stop_to_a_number_that_we_send_from_is_heeded(
    database: Database, clock: SystemClock
) -> None:
    world = ReceptionWorld(database, clock, options={"sms": {"senders": "+12025550177"}})
    process = world.process()
    for n, words in enumerate(("Stop.", "START", "please stop")):
        world.lender.text("+12025550177", words)
        await process.dispatch()
        suppressed = await database.read(suppressions.holds, "sms", b"Acme".hex())
        assert suppressed == (n == 0)


# Cancels


@pytest.mark.parametrize("method", METHODS)
async def test_a_cancel_returns_money_and_number(
    world: ReceptionWorld, process: ReceptionProcess, method: PaymentMethod
) -> None:
    order = await assigned(world, process, method)
    early = await refusal(cancel_order(process.shop, order.id))
    assert early.code == "TOO_EARLY"
    assert early.retry_after_s is not None
    assert 115 <= early.retry_after_s <= 120
    await process.pass_ms(2 * MINUTE_MS + 1)
    await cancel_order(process.shop, order.id)
    await process.dispatch()
    assert not await order.has_been_paid()
    assert world.lender.loans[0].told_back
    assert await order.jobs_left() == []
    await cancel_order(process.shop, order.id)  # again, to no effect
    assert await world.complaints() == []


async def test_a_cancel_before_there_is_a_number_is_possible_at_once(
    world: ReceptionWorld, process: ReceptionProcess
) -> None:
    order = await world.buy()
    await cancel_order(process.shop, order.id)
    await process.work()
    assert not await order.has_been_paid()
    assert world.lender.loans == []


async def test_a_number_that_comes_after_the_cancel_goes_back(
    world: ReceptionWorld, process: ReceptionProcess
) -> None:
    order = await world.buy()

    async def cancel() -> None:
        await cancel_order(world.process().shop, order.id)

    world.lender.before_answer.append(cancel)
    await process.work()
    assert not await order.has_been_paid()
    assert await order.number() == ""
    assert world.lender.loans[0].told_back


async def test_a_code_that_came_forbids_the_cancel(
    world: ReceptionWorld, process: ReceptionProcess
) -> None:
    order = await assigned(world, process)
    world.lender.text(await order.number(), CODE)
    await process.pass_ms(3 * MINUTE_MS)
    assert "code was delivered" in (await refusal(cancel_order(process.shop, order.id))).message
    assert await order.has_been_paid()


async def test_a_code_that_the_lender_has_forbids_the_cancel_and_is_delivered(
    world: ReceptionWorld, process: ReceptionProcess
) -> None:
    order = await assigned(world, process)
    await process.pass_ms(3 * MINUTE_MS)
    world.lender.text(await order.number(), CODE, "48010")
    assert "code was delivered" in (await refusal(cancel_order(process.shop, order.id))).message
    assert (await order.reception()).code == "48010"


async def test_a_code_that_is_told_while_the_lender_takes_the_number_back_is_delivered(
    world: ReceptionWorld, process: ReceptionProcess
) -> None:
    order = await assigned(world, process)
    await process.pass_ms(3 * MINUTE_MS)

    async def told_but_not_remembered() -> None:
        world.lender.text(await order.number(), CODE)
        world.lender.loans[0].texts.clear()
        await world.process().listen()

    world.lender.before_answer.append(told_but_not_remembered)
    assert "code was delivered" in (await refusal(cancel_order(process.shop, order.id))).message
    await process.dispatch()
    assert await order.has_been_paid()
    assert (await order.reception()).closed_ms is not None, "the lender has the number"
    assert await order.jobs_left() == []


async def test_a_code_and_a_cancel_at_once_agree_about_the_money(
    world: ReceptionWorld, process: ReceptionProcess
) -> None:
    sold = [await assigned(world, process, PaymentMethod.HOLD) for _ in range(6)]
    await process.pass_ms(3 * MINUTE_MS)

    async def cancel(order: ReceptionOrder) -> None:
        with suppress(Conflict):
            await cancel_order(process.shop, order.id)

    async def text(order: ReceptionOrder, n: int) -> None:
        number = (await order.leases())[0].number
        told = InboundText(f"e{n}", number, "", "Acme", CODE, "", world.clock.now_ms())
        await asyncio.sleep(0.0005 * n)
        await world.db.tx(take_texts, process.shop, "lender", [told])

    await asyncio.gather(
        *(cancel(order) for order in sold), *(text(order, n) for n, order in enumerate(sold))
    )
    await process.work()
    for order in sold:
        assert await order.has_been_paid() == bool(await order.texts())
        assert await order.jobs_left() == []
    assert await world.complaints() == []


async def test_a_lender_that_is_gone_cannot_stop_a_cancel(
    world: ReceptionWorld, process: ReceptionProcess
) -> None:
    order = await assigned(world, process)
    await process.pass_ms(3 * MINUTE_MS)
    world.lender.down = True
    await cancel_order(process.shop, order.id)
    await process.dispatch()
    assert not await order.has_been_paid()
    world.lender.down = False
    await process.pass_ms(2 * MINUTE_MS)
    assert world.lender.loans[0].told_back


async def test_an_early_cancel_that_only_the_lender_refuses_is_refused(
    world: ReceptionWorld, process: ReceptionProcess
) -> None:
    order = await assigned(world, process)
    loan = world.lender.loans[0]
    loan.cancel_after_ms += 3 * MINUTE_MS
    await process.pass_ms(3 * MINUTE_MS)
    assert (await refusal(cancel_order(process.shop, order.id))).code == "TOO_EARLY"
    assert await order.state() is S.IN_PROGRESS


async def test_an_unknown_order_is_not_found(process: ReceptionProcess) -> None:
    with pytest.raises(NotFound):
        await cancel_order(process.shop, "ab" * 32)


# Another number, another text


async def test_another_number_in_the_same_order(
    world: ReceptionWorld, process: ReceptionProcess
) -> None:
    order = await assigned(world, process)
    first = await order.number()
    assert (await refusal(another_number(process.shop, order.id))).code == "TOO_EARLY"
    await process.pass_ms(2 * MINUTE_MS + 1)
    deadline_ms = (await order.row()).deadline_ms
    await another_number(process.shop, order.id)
    assert await order.number() == ""
    await process.dispatch()
    second = await order.number()
    assert second not in ("", first)
    assert (await order.row()).deadline_ms == deadline_ms
    world.lender.text(first, CODE)
    await process.dispatch()
    assert await order.texts() == [], "what comes to the former number is nobody's"
    world.lender.text(second, CODE)
    await process.dispatch()
    assert await order.has_been_paid()
    assert [loan.told_back for loan in world.lender.loans] == [True, False]
    await refusal(another_number(process.shop, order.id))


async def test_other_numbers_are_limited(database: Database, clock: SystemClock) -> None:
    world = ReceptionWorld(database, clock, options={"orders": {"other_numbers": 2}})
    world.lender.refuses_early = False
    process = world.process()
    order = await assigned(world, process)
    for _ in range(2):
        await another_number(process.shop, order.id)
        await process.dispatch()
    assert "as many numbers" in (await refusal(another_number(process.shop, order.id))).message
    assert len({loan.number for loan in world.lender.loans}) == 3


async def test_no_other_number_returns_the_money(
    world: ReceptionWorld, process: ReceptionProcess
) -> None:
    order = await assigned(world, process)
    await process.pass_ms(3 * MINUTE_MS)
    world.lender.answers.append("none")
    await another_number(process.shop, order.id)
    await process.work()
    assert not await order.has_been_paid()
    assert await order.number() == ""


async def test_another_number_needs_a_lender_that_answers(
    world: ReceptionWorld, process: ReceptionProcess
) -> None:
    order = await assigned(world, process)
    await process.pass_ms(3 * MINUTE_MS)
    world.lender.down = True
    with pytest.raises(Unavailable):
        await another_number(process.shop, order.id)
    assert await order.state() is S.IN_PROGRESS


async def test_another_text_keeps_the_number_longer_but_not_for_ever(
    world: ReceptionWorld, process: ReceptionProcess
) -> None:
    order = await assigned(world, process)
    await refusal(another_text(process.shop, order.id))
    loan = world.lender.loans[0]
    first_until_ms = loan.until_ms
    world.lender.text(loan.number, "Code: 1111", "1111")
    for _ in range(3):
        await process.pass_ms(15 * MINUTE_MS)
        await another_text(process.shop, order.id)
    assert (await order.reception()).until_ms == first_until_ms + 40 * MINUTE_MS
    await process.pass_ms(16 * MINUTE_MS)
    assert loan.told_back, "two extensions of 20 minutes are all"
    await refusal(another_text(process.shop, order.id))


async def test_a_used_number_is_had_again_by_who_had_it(
    world: ReceptionWorld, process: ReceptionProcess
) -> None:
    first = await assigned(world, process, client="me")
    number = await first.number()
    world.lender.text(number, CODE)
    await process.pass_ms(21 * MINUTE_MS)
    stranger = await world.buy(PaymentMethod.HOLD, client="you", again=number)
    await process.dispatch()
    assert not await stranger.has_been_paid(), "what comes late is for who had it"
    await process.pass_ms(3 * MINUTE_MS)
    again = await assigned(world, process, client="me", again=number)
    assert await again.number() == number


# Rentals


async def test_the_first_text_of_a_rental_is_paid_for_and_its_inbox_stays_open(
    world: ReceptionWorld, process: ReceptionProcess
) -> None:
    order = await assigned(world, process, PaymentMethod.HOLD, hours=4)
    number = await order.number()
    world.lender.text(number, "Hello there")
    await process.dispatch()
    assert await order.has_been_paid()
    await process.pass_ms(3 * 60 * MINUTE_MS)
    world.lender.text(number, CODE)
    await process.dispatch()
    assert [text.text for text in await order.texts()] == ["Hello there", CODE]
    await process.pass_ms(61 * MINUTE_MS)
    assert world.lender.loans[0].told_back
    assert (await order.reception()).closed_ms is not None
    assert await order.jobs_left() == []


async def test_a_rental_is_paid_for_when_it_was_not_cancelled_in_time(
    world: ReceptionWorld, process: ReceptionProcess
) -> None:
    order = await assigned(world, process, PaymentMethod.HOLD, hours=4)
    await process.pass_ms(20 * MINUTE_MS - 5000)
    assert await order.state() is S.IN_PROGRESS
    await process.pass_ms(6000)
    assert await order.has_been_paid()
    assert "has begun" in (await refusal(cancel_order(process.shop, order.id))).message
    assert not world.lender.loans[0].told_back


async def test_a_rental_is_cancelled_during_its_trial(
    world: ReceptionWorld, process: ReceptionProcess
) -> None:
    order = await assigned(world, process, PaymentMethod.HOLD, hours=4)
    await process.pass_ms(19 * MINUTE_MS)
    await cancel_order(process.shop, order.id)
    await process.work()
    assert not await order.has_been_paid()


# Real numbers


async def test_a_real_number_comes_from_the_operators_own_pool_first(
    world: ReceptionWorld, process: ReceptionProcess
) -> None:
    order = await assigned(world, process, real=True)
    number = await order.number()
    assert number in world.own.numbers
    world.own.text(number, CODE)
    await process.dispatch()
    assert await order.has_been_paid()


@pytest.mark.parametrize("gone", [True, False])
async def test_without_a_free_one_of_ones_own_others_are_asked(
    world: ReceptionWorld, process: ReceptionProcess, gone: bool
) -> None:
    world.own.down = gone
    world.own.answers.append("none")
    order = await assigned(world, process, real=True)
    assert await order.number() in world.lender.numbers


# Death and doubt


@pytest.mark.parametrize("recovery", list(Recovery))
async def test_a_lost_answer_never_borrows_twice(
    database: Database, clock: SystemClock, recovery: Recovery
) -> None:
    world = ReceptionWorld(database, clock, recovery)
    world.lender.answers.append("lost")
    process = world.process()
    order = await world.buy()
    await process.pass_ms(30_000)
    if recovery is Recovery.NONE:
        await process.pass_ms(40_000)
        assert not await order.has_been_paid()
    else:
        assert await order.state() is S.IN_PROGRESS
    assert len(world.lender.loans) == 1


async def test_a_request_that_never_arrived_is_sent_again(
    world: ReceptionWorld, process: ReceptionProcess
) -> None:
    world.lender.answers.append("never_heard")
    order = await world.buy()
    await process.pass_ms(30_000)
    assert await order.state() is S.IN_PROGRESS
    assert len(world.lender.loans) == 1


async def test_what_was_lent_while_nobody_could_be_asked_goes_back_later(
    world: ReceptionWorld, process: ReceptionProcess
) -> None:
    order = await world.buy()

    async def go_down() -> None:
        world.lender.down = True

    world.lender.answers.append("lost")
    world.lender.before_answer.append(go_down)
    await process.pass_ms(70_000)
    assert not await order.has_been_paid()
    world.lender.down = False
    await process.pass_ms(3 * MINUTE_MS)
    assert world.lender.loans[0].told_back
    assert await order.jobs_left() == []


async def test_an_order_whose_payment_was_lost_gives_its_number_back(
    world: ReceptionWorld, process: ReceptionProcess
) -> None:
    order = await assigned(world, process)
    await world.db.tx(fail, order.id, "the payment fell back")
    world.lender.text(await order.number(), CODE)
    await process.work()
    assert await order.texts() == []
    assert world.lender.loans[0].told_back
    assert await world.db.read(receptions.open_leases) == 0


@pytest.mark.parametrize("kind", ["before", "after"])
async def test_death_at_any_effect_neither_borrows_twice_nor_keeps_money(
    sqlite_url: str, clock: SystemClock, kind: str
) -> None:

    database = await open_database(sqlite_url, clock)
    world = ReceptionWorld(database, clock)
    for at in range(1, 12):
        order = await world.buy(PaymentMethod.HOLD, service=f"s{at}")
        process = world.process(Fate(at, kind))
        try:
            await process.dispatch()
            for loan in await order.loans():
                world.lender.text(loan.number, CODE)
            await process.pass_ms(1000)
        except Died:
            await world.db.tx(jobs.release_all)
        process = world.process()
        await process.pass_ms(LEASE_MS)
        for loan in await order.loans():
            world.lender.text(loan.number, CODE)
        await process.work()
        assert len(await order.loans()) == 1
        assert await order.has_been_paid()
        assert (await order.reception()).code == "48010"
        assert await order.jobs_left() == []
    assert await world.complaints() == []
    await database.close()


@pytest.mark.parametrize("kind", ["dispatch_reception", "end_reception"])
async def test_a_fault_of_ours_returns_money_and_number(
    world: ReceptionWorld, process: ReceptionProcess, kind: str
) -> None:
    order = await assigned(world, process)
    if kind == "dispatch_reception":
        await process.pass_ms(3 * MINUTE_MS)
        await another_number(process.shop, order.id)
    else:
        await process.pass_ms(20 * MINUTE_MS)
        world.pass_ms(2 * MINUTE_MS)
    (job,) = await world.db.tx(jobs.claim, "dispatch", 1, LEASE_MS)
    assert job.kind == kind
    await abandon_reception(process.shop, job, "a fault")
    await process.work()
    assert not await order.has_been_paid()
    assert all(loan.told_back for loan in world.lender.loans)
    assert await order.jobs_left() == [job.uniq], "it is kept for a person to look at"
    assert await world.db.read(receptions.open_leases) == 0
