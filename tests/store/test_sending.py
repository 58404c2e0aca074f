"""Texts of paid orders: sent once, and paid for only if they were sent (or delivered)."""

from __future__ import annotations

import pytest

from ringbolt.clock import SystemClock
from ringbolt.core.order import OrderState, PaymentMethod
from ringbolt.sms.carrier import ReceiptState
from ringbolt.store import cursors, inbox
from ringbolt.store.engine.db import Database
from ringbolt.store.messages import MessageStatus
from support.rigs.fate import Died, Fate
from support.rigs.messages import MessageWorld

SENT, DELIVERED, FAILED = ReceiptState.SENT, ReceiptState.DELIVERED, ReceiptState.FAILED
METHODS = [PaymentMethod.BALANCE, PaymentMethod.HOLD]


@pytest.fixture
def world(database: Database, clock: SystemClock) -> MessageWorld:
    return MessageWorld(database, clock)


@pytest.mark.parametrize("method", METHODS)
async def test_a_text_is_paid_for_when_it_is_sent(
    world: MessageWorld, method: PaymentMethod
) -> None:
    order = await world.buy(method)
    process = world.process()
    await process.run_all_due()
    assert await order.state() is OrderState.IN_PROGRESS
    (sms,) = await order.texts()
    assert (sms.to, sms.parts, sms.sender) == ("+12025550123", ("Hello",), "Ringbolt")
    world.sms.tell(sms, SENT)
    await process.listen()
    await process.run_all_due()
    assert await order.has_been_paid()
    assert (await order.message()).status is MessageStatus.SENT
    assert await world.complaints() == []


@pytest.mark.parametrize("method", METHODS)
async def test_a_text_that_fails_before_it_is_sent_costs_nothing(
    world: MessageWorld, method: PaymentMethod
) -> None:
    order = await world.buy(method)
    process = world.process()
    await process.run_all_due()
    world.sms.tell(world.sms.sent[0], FAILED)
    await process.work()
    assert not await order.has_been_paid()
    message = await order.message()
    assert (message.status, message.cause) == (MessageStatus.FAILED, "FAILED")
    assert (await order.row()).reason == "the text was not delivered (FAILED)"
    assert await order.jobs_left() == []
    assert await world.complaints() == []


async def test_a_text_that_is_sent_and_then_fails_is_paid_for_and_says_so(
    world: MessageWorld,
) -> None:
    order = await world.buy()
    process = world.process()
    await process.run_all_due()
    for state in (SENT, FAILED):
        world.sms.tell(world.sms.sent[0], state)
        await process.listen()
    assert await order.has_been_paid()
    assert (await order.message()).status is MessageStatus.FAILED


async def test_where_delivery_is_sold_only_delivery_is_paid_for(
    database: Database, clock: SystemClock
) -> None:
    world = MessageWorld(database, clock, options={"sms": {"settle_on": "delivered"}})
    delivered, failed = await world.buy(), await world.buy()
    process = world.process()
    await process.run_all_due()
    for order, end in ((delivered, DELIVERED), (failed, FAILED)):
        (sms,) = await order.texts()
        world.sms.tell(sms, SENT)
        await process.listen()
        assert await order.state() is OrderState.IN_PROGRESS
        world.sms.tell(sms, end)
        await process.listen()
    assert await delivered.has_been_paid()
    assert not await failed.has_been_paid()


async def test_a_text_of_several_parts_is_sent_when_all_are(world: MessageWorld) -> None:
    order = await world.buy(parts=3)
    process = world.process()
    await process.run_all_due()
    (sms,) = await order.texts()
    for n in (3, 1, 2):
        assert await order.state() is OrderState.IN_PROGRESS
        world.sms.tell(sms, SENT, n)
        await process.listen()
    assert await order.has_been_paid()


async def test_one_failed_part_fails_the_text(world: MessageWorld) -> None:
    order = await world.buy(parts=3)
    process = world.process()
    await process.run_all_due()
    (sms,) = await order.texts()
    for n, state in ((1, DELIVERED), (2, FAILED), (3, DELIVERED)):
        world.sms.tell(sms, state, n)
    await process.work()
    assert not await order.has_been_paid()


async def test_parts_with_one_name_are_one(world: MessageWorld) -> None:
    world.sms.one_name = True
    order = await world.buy(parts=2)
    process = world.process()
    await process.run_all_due()
    world.sms.tell(world.sms.sent[0], SENT)
    await process.listen()
    assert await order.has_been_paid()


async def test_enroute_decides_nothing(world: MessageWorld) -> None:
    order = await world.buy()
    process = world.process()
    await process.run_all_due()
    world.sms.tell(world.sms.sent[0], ReceiptState.ENROUTE)
    await process.listen()
    assert await order.state() is OrderState.IN_PROGRESS
    assert (await order.message()).status is MessageStatus.CREATED


async def test_the_answer_may_say_that_it_is_sent_already(world: MessageWorld) -> None:
    world.sms.answers.append(world.sms.sends_at_once)
    order = await world.buy(parts=2)
    await world.process().run_all_due()
    assert await order.has_been_paid()
    assert (await order.message()).sent_ms is not None


@pytest.mark.parametrize("echoes", [True, False])
@pytest.mark.parametrize("parts", [1, 2])
async def test_receipts_may_come_before_the_answer(
    world: MessageWorld, echoes: bool, parts: int
) -> None:
    world.sms.echoes = echoes

    async def receipts_come() -> None:
        for n in range(1, parts + 1):
            world.sms.tell(world.sms.sent[0], SENT, n)
        await world.process().listen()

    world.sms.before_answer.append(receipts_come)
    order = await world.buy(parts=parts)
    await world.process().run_all_due()
    assert await order.has_been_paid()
    assert (await order.message()).status is MessageStatus.SENT


async def test_a_failure_that_comes_before_the_answer_costs_nothing(world: MessageWorld) -> None:
    world.sms.echoes = False

    async def it_fails() -> None:
        world.sms.tell(world.sms.sent[0], FAILED)
        await world.process().listen()

    world.sms.before_answer.append(it_fails)
    order = await world.buy()
    await world.process().run_all_due()
    assert not await order.has_been_paid()


async def test_receipts_may_come_twice_and_in_any_order(world: MessageWorld) -> None:
    order = await world.buy(parts=2)
    process = world.process()
    await process.run_all_due()
    (sms,) = await order.texts()
    for n, state in ((2, DELIVERED), (1, DELIVERED), (1, SENT), (2, DELIVERED), (2, SENT)):
        world.sms.tell(sms, state, n)
        await process.listen()
    assert await order.has_been_paid()
    message = await order.message()
    assert message.status is MessageStatus.DELIVERED
    assert message.sent_ms is not None
    assert await order.jobs_left() == []
    assert (await order.row()).finished_ms is not None


async def test_a_strangers_receipt_is_kept_and_does_nothing(world: MessageWorld) -> None:
    order = await world.buy()
    process = world.process()
    await process.run_all_due()
    (sms,) = await order.texts()
    world.sms.echoes = False
    for _ in range(2):
        stranger = world.sms.tell(sms, FAILED, 7)
        await process.listen()
    assert await order.state() is OrderState.IN_PROGRESS
    waiting = await world.db.read(inbox.unapplied, f"sms:memory:{stranger.part_id}")
    assert len(waiting) == 1


@pytest.mark.parametrize(
    ("at", "kind", "is_in_effect", "was_heard"),
    [
        (1, "before", False, False),
        (1, "after", True, False),
        (2, "before", True, False),
        (2, "after", True, True),
    ],
)
async def test_the_place_in_the_stream_is_never_ahead_of_what_is_in_effect(
    world: MessageWorld, at: int, kind: str, is_in_effect: bool, was_heard: bool
) -> None:
    order = await world.buy()
    await world.process().run_all_due()
    world.sms.tell(world.sms.sent[0], SENT)
    with pytest.raises(Died):
        await world.process(Fate(at, kind)).listen()
    assert (await order.state() is OrderState.SETTLED) == is_in_effect
    assert (await world.db.read(cursors.get, "sms:memory") == "1") == was_heard
    await world.process().listen()
    assert await order.has_been_paid()
