"""What texts, numbers and e-mails cost: as their parts tell it, else by the operator's card."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ringbolt.app.part_costs import EVERY_MS
from ringbolt.clock import SystemClock
from ringbolt.core.pricing.amount import Amount
from ringbolt.core.pricing.part_card import PartCard, parse_part_card
from ringbolt.mail import mailer
from ringbolt.mail.memory.mailer import MemoryLookupMailer
from ringbolt.registry.parts import Part, Parts
from ringbolt.registry.terms import PartTerms
from ringbolt.sms.carrier import Accepted, OutSms, ReceiptState, SendResult
from ringbolt.store import part_costs, part_figures
from ringbolt.store.engine.db import Database
from ringbolt.store.part_costs import AttemptCost
from support.named_parts import NamedSms
from support.rigs.messages import MessageOrder, MessageProcess, MessageWorld
from support.rigs.receiving import CODE, ReceivingProcess, ReceivingWorld


def usd(units: float) -> Amount:
    return Amount(round(units * 1_000_000), "USD")


def real(port: Any, clock: SystemClock, card: PartCard | None = None) -> Parts[Any]:
    return Parts([Part(port.name, port, terms=PartTerms(card=card))], clock.now_ms)


def process_of(world: MessageWorld, **parts: Any) -> MessageProcess:
    process = world.process()
    process.shop = replace(process.shop, **parts)
    return process


async def cost_of(order: MessageOrder) -> AttemptCost:
    [cost] = (await order.world.db.read(part_costs.of_order, order.id)).values()
    return cost


SATS = {"costs": {"sats_per": {"USD": 1000.0}}}


@pytest.mark.parametrize("is_early", [False, True])
async def test_each_part_of_a_text_costs(
    database: Database, clock: SystemClock, is_early: bool
) -> None:
    """Also by receipts that come before the answer which names the parts."""
    only = NamedSms("only", clock)
    only.echoes = not is_early
    world = MessageWorld(database, clock, options=SATS)
    process = process_of(world, sms_carriers=real(only, clock))
    order = await world.buy(parts=2)

    def takes(sms: OutSms) -> SendResult:
        only.sent.append(sms)
        for n in (1, 2):
            only.tell(sms, ReceiptState.DELIVERED, n, cost=usd(0.008))
        return Accepted(only.part_ids(sms))

    only.answers.append(takes)
    if is_early:
        only.before_answer.append(process.listen)
    await process.work()

    cost = await cost_of(order)
    assert (cost.source, cost.micros, cost.msat) == ("told", 16_000, 16_000)
    assert await order.has_been_paid()
    assert await world.complaints() == []


async def test_the_cost_of_the_whole_text_is_that_of_its_answer(
    database: Database, clock: SystemClock
) -> None:
    only = NamedSms("only", clock)
    only.answers.append(lambda sms: Accepted(only.part_ids(sms), sent=True, cost=usd(0.03)))
    world = MessageWorld(database, clock, options=SATS)
    order = await world.buy(parts=2)

    await process_of(world, sms_carriers=real(only, clock)).work()

    assert (await cost_of(order)).msat == 30_000


async def test_texts_and_mails_cost_by_the_card_of_their_part(
    database: Database, clock: SystemClock
) -> None:
    card = parse_part_card("prefix,cost,currency\n,1,SAT\n1,3,SAT\n")
    sms, mails = NamedSms("only", clock), MemoryLookupMailer("relay")
    sms.life = (ReceiptState.SENT, ReceiptState.DELIVERED)
    world = MessageWorld(database, clock)
    text, mail = await world.buy(parts=2), await world.buy(mail=True)

    process = process_of(
        world, sms_carriers=real(sms, clock, card), mailers=real(mails, clock, card)
    )
    await process.work()

    assert [(await cost_of(each)).msat for each in (text, mail)] == [6000, 1000]
    assert await world.complaints() == []


async def test_a_mail_server_may_tell_its_cost(database: Database, clock: SystemClock) -> None:
    mails = MemoryLookupMailer("relay")
    mails.answers.append(lambda _: mailer.Accepted("id", usd(0.001)))
    world = MessageWorld(database, clock, options=SATS)
    mail = await world.buy(mail=True)

    await process_of(world, mailers=real(mails, clock)).work()

    assert (await cost_of(mail)).msat == 1000


def costing(world: ReceivingWorld, clock: SystemClock) -> ReceivingProcess:
    """A process whose numbers cost 5 sats each."""
    acquire = world.backend.acquire

    async def with_cost(wanted: Any) -> Any:
        found: Any = await acquire(wanted)
        return replace(found, cost=Amount(5_000_000, "SAT"))

    world.backend.acquire = with_cost  # type: ignore[method-assign]
    process = world.process()
    process.shop = replace(process.shop, number_providers=real(world.backend, clock))
    return process


@pytest.mark.parametrize(
    ("text", "cost_msat", "is_paid"),
    [("", 0, False), ("Welcome to Telegram", 5000, False), (CODE, 5000, True)],
)
async def test_a_number_costs_only_if_its_text_came(
    database: Database, clock: SystemClock, text: str, cost_msat: int, is_paid: bool
) -> None:
    """A provider bills a text without a code, too."""
    world = ReceivingWorld(database, clock)
    process = costing(world, clock)
    order = await world.buy()
    await process.settle_down()
    if text:
        world.backend.text(await order.number(), text)

    await process.work()

    costs = await world.db.read(part_costs.of_order, order.id)
    assert sum(each.msat or 0 for each in costs.values()) == cost_msat
    assert await order.has_been_paid() is is_paid
    assert await world.complaints() == []


async def test_a_number_whose_code_came_has_delivered_and_costs_before_its_lease_is_over(
    database: Database, clock: SystemClock
) -> None:
    world = ReceivingWorld(database, clock)
    process = costing(world, clock)
    order = await world.buy()
    await world.buy()
    await process.settle_down()
    world.backend.text(await order.number(), CODE)
    await process.pass_ms(EVERY_MS)

    [figures] = (await world.db.read(part_figures.of_parts, 0)).values()
    assert (figures.asked, figures.open, figures.delivered, figures.success_rate) == (2, 1, 1, 1)
    assert figures.cost_msat == 5000
