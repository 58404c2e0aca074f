"""Several text carriers, mail servers, providers of numbers or nodes: what one refuses goes to the
next, and what one may have done is done by no other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import structlog

from ringbolt.app.operator.gone_parts import GonePart, gone_parts, known_parts
from ringbolt.clock import SystemClock
from ringbolt.core.order import OrderState, PaymentMethod
from ringbolt.core.outcome import Recovery, Rejected
from ringbolt.lightning.node import InvoiceState
from ringbolt.numbers.memory.provider import MemoryProvider
from ringbolt.registry.parts import Part, Parts
from ringbolt.sms.carrier import ReceiptState
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.engine.upsert import update_row
from ringbolt.store.schema.tables import orders
from support.memory import memory_provider
from support.named_parts import NamedMailer, NamedSms
from support.parts import one_node, simulated
from support.rigs.messages import MessageProcess, MessageWorld
from support.rigs.receiving import ReceivingProcess, ReceivingWorld

MINUTE_MS = 60_000


def sends(world: MessageWorld, parts: Mapping[str, list[Any]]) -> MessageProcess:
    process = world.process()
    named: Any = {name: simulated(world.clock, *each) for name, each in parts.items()}
    process.shop = replace(process.shop, **named)
    return process


async def test_a_text_that_is_refused_is_sent_by_the_next_carrier(
    database: Database, clock: SystemClock
) -> None:
    first, second = NamedSms("first", clock), NamedSms("second", clock)
    first.answers.append(first.refuses)
    second.life = (ReceiptState.SENT, ReceiptState.DELIVERED)
    world = MessageWorld(database, clock)
    order = await world.buy()

    await sends(world, {"sms_carriers": [first, second]}).work()

    assert await order.has_been_paid()
    assert (len(first.sent), len(second.sent)) == (0, 1)
    assert [each.carrier for each in await order.attempts()] == ["first", "second"]
    assert await world.complaints() == []


async def test_a_mail_that_is_refused_is_taken_by_the_next_server(
    database: Database, clock: SystemClock
) -> None:
    first, second = NamedMailer("first"), NamedMailer("second")
    first.answers.append(first.refuses)
    world = MessageWorld(database, clock)
    order = await world.buy(mail=True)

    await sends(world, {"mailers": [first, second]}).work()

    assert await order.has_been_paid()
    assert (len(first.sent), len(second.sent)) == (0, 1)


@pytest.mark.parametrize("mail", [False, True])
async def test_what_a_gone_part_may_have_sent_is_sent_by_nobody_else(
    database: Database, clock: SystemClock, mail: bool
) -> None:
    carriers: Any = [NamedSms("first", clock), NamedSms("second", clock)]
    if mail:
        carriers = [NamedMailer("first"), NamedMailer("second")]
    first, second = carriers
    first.answers.append(first.takes_unheard)
    kind = "mailers" if mail else "sms_carriers"
    world = MessageWorld(database, clock)
    order = await world.buy(mail=mail)
    await sends(world, {kind: [first, second]}).run_due()

    process = sends(world, {kind: [second]})
    [waiting] = await process.shop.db.read(gone_parts, known_parts(process.shop))
    await process.work()

    assert waiting == GonePart("mail" if mail else "sms", "first", 1)
    assert not await order.has_been_paid()
    assert (len(first.sent), len(second.sent)) == (1, 0)
    assert await world.complaints() == []


@pytest.mark.parametrize("permanent", [True, False])
async def test_a_text_that_its_number_refuses_is_sent_by_nobody_else(
    database: Database, clock: SystemClock, permanent: bool
) -> None:
    first, second = NamedSms("first", clock), NamedSms("second", clock)
    first.answers.append(lambda _: Rejected("unallocated", permanent, by_destination=True))
    world = MessageWorld(database, clock)
    order = await world.buy()

    await sends(world, {"sms_carriers": [first, second]}).work()

    assert not await order.has_been_paid()
    assert [each.carrier for each in await order.attempts()] == ["first"]
    assert (first.sent, second.sent) == ([], [])
    assert await world.complaints() == []


async def test_after_an_unclear_answer_no_other_carrier_gets_the_text(
    database: Database, clock: SystemClock
) -> None:
    first, second = NamedSms("first", clock, Recovery.NONE), NamedSms("second", clock)
    first.answers.append(first.never_hears)
    world = MessageWorld(database, clock)
    order = await world.buy()

    await sends(world, {"sms_carriers": [first, second]}).work()

    assert not await order.has_been_paid()
    assert [each.carrier for each in await order.attempts()] == ["first"]
    assert second.sent == []


# Numbers


def receives(world: ReceivingWorld, *providers: MemoryProvider) -> ReceivingProcess:
    process = world.process()
    process.shop = replace(process.shop, number_providers=simulated(world.clock, *providers))
    return process


async def test_a_provider_without_numbers_is_followed_by_the_next(
    database: Database, clock: SystemClock
) -> None:
    world = ReceivingWorld(database, clock)
    second = memory_provider("second", Recovery.LOOKUP, clock, "+120255509")
    world.backend.answers.append("none")
    order = await world.buy()
    process = receives(world, world.backend, second)

    await process.settle_down()
    assert await order.number() == "+12025550900"
    second.text(await order.number(), "Your Telegram code is 48010")
    await process.work()

    assert await order.has_been_paid()
    assert [each.carrier for each in await order.attempts()] == ["provider", "second"]
    assert await world.complaints() == []


async def test_numbers_that_cannot_be_used_are_as_good_as_none(
    database: Database, clock: SystemClock
) -> None:
    world = ReceivingWorld(database, clock)
    second = memory_provider("second", Recovery.LOOKUP, clock, "+120255509")
    taken = await world.buy()
    await receives(world, world.backend).settle_down()
    world.backend.answers.extend(["taken"] * 3)
    order = await world.buy()

    await receives(world, world.backend, second).settle_down()

    assert (await taken.number()).startswith("+120255501")
    assert (await order.number()).startswith("+120255509")


async def test_a_number_that_is_wanted_again_is_asked_of_who_had_it(
    database: Database, clock: SystemClock
) -> None:
    world = ReceivingWorld(database, clock)
    second = memory_provider("second", Recovery.LOOKUP, clock, "+120255509")
    order = await world.buy(again="+12025550903", provider="second")

    await receives(world, world.backend, second).settle_down()

    assert await order.number() == "+12025550903"
    assert world.backend.leases == []


# Nodes


async def test_a_hold_is_closed_at_the_node_that_it_is_at(
    database: Database, clock: SystemClock
) -> None:
    world = MessageWorld(database, clock)
    world.sms.life = (ReceiptState.SENT,)
    order = await world.buy(PaymentMethod.HOLD)
    assert (await order.row()).node == "", "as in rows of earlier versions"
    await database.tx(partial(_at_node, order.id, "former"))

    # Its node is gone: it is told, and nothing is asked of another one.
    process = world.process()
    process.shop = replace(process.shop, nodes=one_node(world.clock, world.node, "present"))
    with structlog.testing.capture_logs() as logs:
        await process.pass_ms(MINUTE_MS)
    payment_hash = bytes.fromhex((await order.row()).payment_hash or "")
    assert (await order.row()).state is OrderState.FULFILLED
    assert world.node.invoices[payment_hash].state is InvoiceState.ACCEPTED
    assert {each["node"] for each in logs if "gone from the settings" in each["event"]} == {
        "former"
    }
    shop = process.shop
    assert await shop.db.read(gone_parts, known_parts(shop)) == [GonePart("node", "former", 1)]

    # Put back, nothing was lost.
    both: list[Part[Any]] = [Part("present", world.node), Part("former", world.node)]
    process.shop = replace(shop, nodes=Parts(both, world.clock.now_ms))
    await process.work()
    assert await order.has_been_paid()
    assert await world.complaints() == []


def _at_node(order_id: str, name: str, tx: Tx) -> None:
    update_row(tx, orders.c.id, order_id, node=name)


async def test_a_destination_that_wants_to_be_asked_later_is(
    database: Database, clock: SystemClock
) -> None:
    server = NamedMailer("first")
    server.answers.append(
        lambda _: Rejected("greylisted", False, retry_after_ms=90_000, by_destination=True)
    )
    world = MessageWorld(database, clock)
    order = await world.buy(mail=True)
    process = sends(world, {"mailers": [server]})

    await process.work()

    assert await order.has_been_paid()
    assert [each.carrier for each in await order.attempts()] == ["first", "first"]
    assert not process.shop.mailers.health("first").failures
    assert await world.complaints() == []
