"""Texts whose carrier has one id for all parts, lists them by number, or must be asked about them;
on each kind of database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from ringbolt.app.messages.record_receipt import record_receipt
from ringbolt.clock import SystemClock
from ringbolt.core.order import OrderState
from ringbolt.sms.carrier import DeliveryReceipt, OpenText, ReceiptState
from ringbolt.store import messages
from ringbolt.store.engine.db import Database
from ringbolt.store.messages import MessageStatus
from ringbolt.worker.message_poller import poll_once
from support.memory import SearchedSms
from support.rigs.messages import MessageOrder, MessageWorld

SENT, DELIVERED, FAILED = ReceiptState.SENT, ReceiptState.DELIVERED, ReceiptState.FAILED
UNLISTED_MS = 31_000


class PolledSms(SearchedSms):
    """Tells nothing by itself. ``asked``: the texts it was asked about, each time."""

    poll_every_s = 1.0

    def __init__(self, clock: SystemClock) -> None:
        super().__init__(clock)
        self.asked: list[Sequence[OpenText]] = []
        self.answer: tuple[ReceiptState, ...] = ()

    async def poll(self, texts: Sequence[OpenText]) -> Sequence[DeliveryReceipt]:
        self.asked.append(texts)
        sent = {self.part_ids(sms)[0]: sms for sms in self.sent}
        told = [self.tell(sent[text.part_ids[0]], state) for text in texts for state in self.answer]
        self.log.clear()
        return told


@pytest.fixture
def world(database: Database, clock: SystemClock) -> MessageWorld:
    world = MessageWorld(database, clock)
    world.sms = SearchedSms(clock)
    return world


async def sent(world: MessageWorld, parts: int = 1) -> MessageOrder:
    order = await world.buy(parts=parts)
    await world.process().run_all_due()
    return order


async def told(world: MessageWorld, receipt: DeliveryReceipt) -> None:
    await world.db.tx(record_receipt, world.sms.name, receipt, "sent")


# One id for all parts


@pytest.mark.parametrize("state", [SENT, DELIVERED, FAILED])
async def test_a_receipt_of_the_whole_is_about_every_part(
    world: MessageWorld, state: ReceiptState
) -> None:
    order = await sent(world, parts=3)

    world.sms.tell(world.sms.sent[0], state)
    await world.process().settle_down()

    assert (await order.message()).status == state.value
    assert await order.has_been_paid() is (state is not FAILED)
    assert await world.complaints() == []


async def test_a_receipt_of_the_whole_before_the_answer_decides(world: MessageWorld) -> None:
    async def heard_first() -> None:
        world.sms.tell(world.sms.sent[0], SENT)
        await world.process().listen()

    world.sms.before_answer.append(heard_first)
    order = await sent(world, parts=3)
    await world.process().settle_down()

    assert (await order.message()).status is MessageStatus.SENT
    assert await order.has_been_paid()


async def test_a_lost_answer_and_a_receipt_of_the_whole_are_a_text(world: MessageWorld) -> None:
    world.sms.answers.append(world.sms.takes_unheard)
    order = await sent(world, parts=3)

    world.sms.tell(world.sms.sent[0], DELIVERED)
    await world.process().work()

    assert (await order.message()).status is MessageStatus.DELIVERED
    assert await order.has_been_paid()
    assert len(await order.texts()) == 1


async def test_a_receipt_that_names_our_reference_for_another_text_changes_nothing(
    world: MessageWorld,
) -> None:
    order = await sent(world)
    right = world.sms.tell(world.sms.sent[0], DELIVERED)
    world.sms.log.clear()

    await told(world, replace(right, part_id="of-another", event_id="other"))

    assert (await order.message()).status is MessageStatus.CREATED
    await told(world, right)
    assert (await order.message()).status is MessageStatus.DELIVERED


# Looked for by number and text


async def test_a_text_that_is_listed_is_not_sent_again(world: MessageWorld) -> None:
    world.sms.answers.append(world.sms.takes_unheard)
    world.sms.life = (SENT,)
    order = await sent(world)
    world.sms.log.clear()  # its receipts are lost as well

    await world.process().pass_ms(UNLISTED_MS)

    assert len(world.sms.sent) == 1
    assert await order.state() is OrderState.IN_PROGRESS


async def test_a_text_that_is_not_listed_for_long_is_sent_once_more(world: MessageWorld) -> None:
    world.sms.answers.append(world.sms.never_hears)
    world.sms.life = (SENT,)
    order = await sent(world)

    await world.process().pass_ms(UNLISTED_MS - 2000)
    assert world.sms.sent == []
    await world.process().pass_ms(4000)

    assert len(await order.texts()) == 1
    await world.process().work()
    assert await order.has_been_paid()


async def test_of_two_alike_each_order_has_one(world: MessageWorld) -> None:
    world.sms.life = (SENT, DELIVERED)
    world.sms.answers.extend([world.sms.takes_unheard, world.sms.never_hears])
    orders = [await world.buy(), await world.buy()]
    await world.process().run_all_due()
    world.sms.log.clear()

    await world.process().work()

    assert len(world.sms.sent) == 2
    parts = [
        part.part_id
        for order in orders
        for attempt in await order.attempts()
        for part in await world.db.read(messages.parts_of, attempt.id)
    ]
    assert len(set(parts)) == 2
    assert await world.complaints() == []


# Asked again and again


async def test_open_texts_are_asked_about_until_their_end(
    database: Database, clock: SystemClock
) -> None:
    world = MessageWorld(database, clock)
    world.sms = polled = PolledSms(clock)
    first, second = await sent(world, parts=3), await sent(world)
    process = world.process()

    for answer in ((), (SENT,), (DELIVERED,), (DELIVERED,)):
        polled.answer = answer
        await poll_once(process.shop, polled.name, polled)
        await process.run_all_due()

    assert [len(texts) for texts in polled.asked] == [2, 2, 2]
    assert {text.part_ids for text in polled.asked[0]} == {
        polled.part_ids(sms) for sms in polled.sent
    }
    for order in (first, second):
        assert (await order.message()).status is MessageStatus.DELIVERED
        assert await order.has_been_paid()
    assert await world.complaints() == []


@pytest.mark.parametrize("state", [SENT, None])
async def test_a_text_is_asked_about_once_more_before_the_money_is_returned(
    database: Database, clock: SystemClock, state: ReceiptState | None
) -> None:
    world = MessageWorld(database, clock)
    world.sms = polled = PolledSms(clock)
    order = await sent(world, parts=3)
    polled.answer = () if state is None else (state,)

    await world.process().work()  # to its deadline

    assert await order.has_been_paid() is (state is SENT)
    assert len(polled.asked) == 1
    assert len(polled.sent) == 1
