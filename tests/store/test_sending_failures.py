"""Texts of paid orders that are refused, lost, late or cancelled: sent once at most, and paid for
only if they were sent."""

from __future__ import annotations

import pytest

from ringbolt.app.messages.close_message import abandon_message
from ringbolt.app.payments import decide_outcome
from ringbolt.clock import SystemClock
from ringbolt.core.order import OrderState, PaymentMethod
from ringbolt.core.outcome import Recovery
from ringbolt.sms.carrier import ReceiptState
from ringbolt.sms.memory.carrier import MemoryLookupSms
from ringbolt.store import jobs, suppressions
from ringbolt.store.engine.db import Database
from ringbolt.store.messages import MessageStatus
from support.rigs.fate import Died, Fate
from support.rigs.messages import MessageWorld
from support.rigs.shop import LEASE_MS

SENT, DELIVERED = ReceiptState.SENT, ReceiptState.DELIVERED


@pytest.fixture
def world(database: Database, clock: SystemClock) -> MessageWorld:
    return MessageWorld(database, clock)


async def test_a_refusal_for_good_returns_the_money(world: MessageWorld) -> None:
    world.sms.answers.append(world.sms.refuses)
    order = await world.buy(PaymentMethod.HOLD)
    await world.process().run_all_due()
    assert not await order.has_been_paid()
    assert (await order.message()).status is MessageStatus.FAILED
    assert await order.jobs_left() == []


async def test_a_carrier_that_refuses_for_now_is_asked_again(world: MessageWorld) -> None:
    world.sms.answers.extend([world.sms.refuses_for_now] * 2)
    order = await world.buy()
    process = world.process()
    await process.run_all_due()
    assert await order.state() is OrderState.PAID
    for ms in (1000, 2000):
        world.clock.set_offset(world.clock.offset_ms + ms)
        await process.run_all_due()
    assert await order.state() is OrderState.IN_PROGRESS
    assert len(await order.texts()) == 1


async def test_a_carrier_that_always_refuses_is_not_asked_for_ever(world: MessageWorld) -> None:
    world.sms.answers.extend([world.sms.refuses_for_now] * 6)
    order = await world.buy()
    await world.process().work()
    assert not await order.has_been_paid()
    assert await order.texts() == []


@pytest.mark.parametrize("recovery", list(Recovery))
async def test_a_lost_answer_never_sends_twice(
    database: Database, clock: SystemClock, recovery: Recovery
) -> None:
    world = MessageWorld(database, clock, recovery)
    world.sms.answers.append(world.sms.takes_unheard)
    world.sms.echoes = False
    order = await world.buy()
    process = world.process()
    await process.run_all_due()
    world.clock.set_offset(1000)
    await process.run_all_due()
    (sms,) = await order.texts()
    world.sms.tell(sms, SENT)
    await process.work()
    assert await order.texts() == [sms]
    # Whom we cannot ask, and who does not name our reference, cannot tell us.
    assert await order.has_been_paid() == (recovery is not Recovery.NONE)


async def test_a_lost_answer_is_made_good_by_a_receipt_with_our_reference(
    database: Database, clock: SystemClock
) -> None:
    world = MessageWorld(database, clock, Recovery.NONE)
    world.sms.answers.append(world.sms.takes_unheard)
    order = await world.buy()
    process = world.process()
    await process.run_all_due()
    world.sms.tell(world.sms.sent[0], SENT)
    await process.listen()
    assert await order.has_been_paid()


async def test_a_lost_request_is_sent_once_it_is_known_to_be_lost(world: MessageWorld) -> None:
    world.sms.answers.append(world.sms.never_hears)
    order = await world.buy()
    process = world.process()
    await process.run_all_due()
    for ms in (1000, 6000):
        assert await order.texts() == []
        world.clock.set_offset(world.clock.offset_ms + ms)
        await process.run_all_due()
    assert len(await order.texts()) == 1


@pytest.mark.parametrize("recovery", list(Recovery))
async def test_what_nobody_tells_of_is_given_up_in_time(
    database: Database, clock: SystemClock, recovery: Recovery
) -> None:
    world = MessageWorld(database, clock, recovery)
    began_ms = clock.now_ms()
    order = await world.buy(PaymentMethod.HOLD)
    await world.process().work()
    assert not await order.has_been_paid()
    within_ms = world.settings.orders.receipt_within_s * 1000
    assert clock.now_ms() - began_ms >= within_ms
    assert clock.offset_ms <= within_ms + 15_000, "the clock was moved too far"
    assert (await order.message()).status is MessageStatus.FAILED
    assert await world.complaints() == []


async def test_the_last_look_finds_what_was_not_heard(world: MessageWorld) -> None:
    order = await world.buy()
    process = world.process()
    await process.run_all_due()
    world.sms.tell(world.sms.sent[0], SENT)
    world.clock.set_offset(world.settings.orders.receipt_within_s * 1000)
    await process.run_all_due()
    assert await order.has_been_paid()
    assert (await order.row()).finished_ms is not None


async def test_a_carrier_that_never_answers_does_not_keep_the_money(world: MessageWorld) -> None:
    assert isinstance(world.sms, MemoryLookupSms)
    order = await world.buy()
    process = world.process()
    await process.run_all_due()
    world.sms.down = True
    await process.work()
    assert not await order.has_been_paid()


async def test_a_late_receipt_changes_nothing_about_the_money(world: MessageWorld) -> None:
    order = await world.buy()
    process = world.process()
    await process.work()
    assert not await order.has_been_paid()
    world.sms.tell(world.sms.sent[0], DELIVERED)
    await process.listen()
    assert not await order.has_been_paid()
    assert (await order.message()).status is MessageStatus.FAILED


async def test_what_is_paid_too_late_is_not_sent(world: MessageWorld) -> None:
    order = await world.buy()
    world.clock.set_offset(world.settings.orders.receipt_within_s * 1000)
    await world.process().run_all_due()
    assert not await order.has_been_paid()
    assert world.sms.sent == []


async def test_who_wants_nothing_gets_nothing(world: MessageWorld) -> None:
    order = await world.buy()
    await world.db.tx(suppressions.add, "sms", (await order.message()).to_hash, "STOP")
    await world.process().run_all_due()
    assert not await order.has_been_paid()
    assert world.sms.sent == []
    assert "asked to get no messages" in (await order.row()).reason


async def test_an_order_that_was_cancelled_is_not_sent(world: MessageWorld) -> None:
    order = await world.buy()
    await world.db.tx(decide_outcome.fail, order.id, "cancelled")
    await world.process().run_all_due()
    assert world.sms.sent == []
    assert await order.jobs_left() == []


@pytest.mark.parametrize("recovery", list(Recovery))
@pytest.mark.parametrize("kind", ["before", "after"])
@pytest.mark.parametrize("at", range(1, 6))
async def test_wherever_a_worker_dies_the_text_is_sent_once(
    world: MessageWorld, recovery: Recovery, kind: str, at: int
) -> None:
    world = MessageWorld(world.db, world.clock, recovery)
    world.sms.life = (SENT,)
    order = await world.buy(PaymentMethod.HOLD)
    try:
        await world.process(Fate(at, kind)).run_all_due()
    except Died:
        world.clock.set_offset(world.clock.offset_ms + LEASE_MS + 1)
    await world.process().work()
    texts = await order.texts()
    assert len(texts) <= 1
    assert await order.has_been_paid() == bool(texts)
    # Only a carrier that cannot be asked leaves something unsent: nobody knows that it is.
    assert texts or recovery is Recovery.NONE
    assert await world.complaints() == []


async def test_a_fault_of_ours_returns_the_money(world: MessageWorld) -> None:
    order = await world.buy(PaymentMethod.HOLD)
    process = world.process()
    (job,) = await world.db.tx(jobs.claim, "dispatch", 1, LEASE_MS)
    await abandon_message(process.shop, job, "a bug")
    await process.work()
    assert not await order.has_been_paid()
    assert (await order.message()).status is MessageStatus.FAILED
    assert (await order.row()).finished_ms is not None
