"""What calls cost: as their carriers tell it, else by the operator's card; booked once, whatever
comes in which order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ringbolt.app.operator.money_report import report_money
from ringbolt.app.operator.part_report import KnownPart, report_parts
from ringbolt.app.part_costs import LOOKUPS_MS
from ringbolt.app.part_limits import spend_scope
from ringbolt.clock import SystemClock
from ringbolt.core.calls.call import CallStatus
from ringbolt.core.errors import Unavailable
from ringbolt.core.order import OrderState
from ringbolt.core.outcome import Recovery, Rejected
from ringbolt.core.pricing.amount import Amount
from ringbolt.core.pricing.costs import TextCosts
from ringbolt.core.pricing.part_card import PartCard, parse_part_card
from ringbolt.core.pricing.rates import parse_csv
from ringbolt.registry.parts import Part, Parts
from ringbolt.registry.routing import Health
from ringbolt.registry.settings import VoiceCarrierSettings
from ringbolt.registry.terms import PartTerms
from ringbolt.store import part_costs, part_states, spends
from ringbolt.store.engine.db import Database
from ringbolt.store.part_costs import AttemptCost
from support.named_parts import NamedCarrier
from support.rigs.calls import Buyer, CallProcess, CallWorld

RATES = parse_csv("prefix,sats_per_minute,cost_sats_per_minute,label\n+1,10,5,US\n")
DAY_MS = 86_400_000


def usd(units: float) -> Amount:
    return Amount(round(units * 1_000_000), "USD")


class Costly:
    """A shop with one carrier of calls, which bills in dollars: 1000 sats each."""

    def __init__(self, database: Database, clock: SystemClock, carrier: NamedCarrier) -> None:
        self.carrier = carrier
        self.world = CallWorld(database, clock, carrier)
        rates = self.world.settings.costs.model_copy(update={"sats_per": {"USD": 1000.0}})
        self.world.settings = self.world.settings.model_copy(update={"costs": rates})
        self.buyer = Buyer(self.world)

    async def process(self, card: PartCard | None = None, **terms: Any) -> CallProcess:
        process = self.world.process()
        part: Part[Any] = Part("real", self.carrier, terms=PartTerms(card=card, **terms))
        known = Parts([part], self.world.clock.now_ms)
        process.shop = replace(process.shop, carriers=known)
        await self.buyer.redeem(process)
        return process

    async def cost(self) -> AttemptCost:
        [cost] = (
            await self.world.db.read(part_costs.of_order, (await self.buyer.order()).id)
        ).values()
        return cost

    async def booked_msat(self) -> int:
        [today, _] = await self.world.db.read(report_money, RATES, TextCosts({"1": 1}))
        return today.carriers


@pytest.fixture
def costly(database: Database, clock: SystemClock) -> Costly:
    return Costly(database, clock, NamedCarrier("real", clock))


ANSWERED = (CallStatus.INITIATED, CallStatus.IN_PROGRESS)


async def answered(costly: Costly, process: CallProcess) -> str:
    """The reference of a call that is up."""
    costly.carrier.life = ANSWERED
    await process.settle_down()
    [ref] = costly.carrier.rings
    return ref


async def test_what_a_carrier_tells_is_booked(costly: Costly) -> None:
    process = await costly.process()
    ref = await answered(costly, process)
    costly.carrier.tell(ref, CallStatus.COMPLETED, cost=usd(0.0075))

    await process.work()

    cost = await costly.cost()
    assert (cost.source, cost.micros, cost.currency, cost.msat) == ("told", 7500, "USD", 7500)
    assert await costly.booked_msat() == 7500
    scope = spend_scope("calls", "real")
    assert await costly.world.db.read(spends.sold, [scope]) == {scope: 7500}
    assert await costly.world.complaints() == []


async def test_a_correction_after_the_end_books_the_difference(costly: Costly) -> None:
    process = await costly.process(parse_part_card("prefix,cost,currency\n1,0.02,USD\n"))
    ref = await answered(costly, process)
    costly.carrier.tell(ref, CallStatus.COMPLETED)
    await process.work()
    by_card = await costly.cost()
    costly.carrier.tell(ref, CallStatus.COMPLETED, cost=usd(0.005))
    costly.carrier.tell(ref, CallStatus.COMPLETED, cost=usd(0.005))  # told twice

    await process.work()

    assert (by_card.source, by_card.msat) == ("card", 20_000)
    cost = await costly.cost()
    assert (cost.source, cost.msat, cost.bookings) == ("told", 5000, 2)
    assert await costly.booked_msat() == 5000
    assert (await costly.buyer.order()).state is OrderState.SETTLED
    assert await costly.world.complaints() == []


async def test_a_call_that_nobody_answered_costs_nothing_by_the_card(costly: Costly) -> None:
    costly.carrier.life = (CallStatus.INITIATED, CallStatus.NO_ANSWER)
    process = await costly.process(parse_part_card("prefix,cost,currency\n,0.02,USD\n"))

    await process.work()

    cost = await costly.cost()
    assert (cost.source, cost.msat) == ("card", 0)
    assert await costly.booked_msat() == 0


async def test_a_currency_without_a_rate_is_listed_and_not_booked(costly: Costly) -> None:
    process = await costly.process()
    ref = await answered(costly, process)
    costly.carrier.tell(ref, CallStatus.COMPLETED, cost=Amount(7500, "XYZ"))

    await process.work()

    cost = await costly.cost()
    assert (cost.source, cost.micros, cost.currency, cost.msat) == ("told", 7500, "XYZ", None)
    [today, _] = await costly.world.db.read(report_money, RATES, TextCosts({"1": 1}))
    assert (today.carriers, today.carriers_at_most) == (0, 5000)  # a minute by the rate card
    assert await costly.world.complaints() == []


async def test_what_was_refused_is_free(costly: Costly) -> None:
    costly.carrier.answers.append(Rejected("no route"))
    process = await costly.process(parse_part_card("prefix,cost,currency\n,0.02,USD\n"))

    await process.work()

    assert (await costly.cost()).msat == 0
    assert await costly.booked_msat() == 0


class LateTeller(NamedCarrier):
    """A carrier that knows its price some time after the call."""

    def __init__(self, clock: SystemClock) -> None:
        super().__init__("real", clock)
        self.prices: list[Amount | Exception | None] = []
        self.asked = 0

    async def cost_of(self, ref: str, carrier_id: str) -> Amount | None:
        assert carrier_id == f"id-{ref}"
        self.asked += 1
        found = self.prices.pop(0) if self.prices else None
        if isinstance(found, Exception):
            raise found
        return found


async def test_a_cost_that_is_known_later_is_asked_for(
    database: Database, clock: SystemClock
) -> None:
    late = LateTeller(clock)
    late.prices = [None, Unavailable("not reached"), usd(0.01)]
    costly = Costly(database, clock, late)
    process = await costly.process()

    await process.work()

    assert late.asked == 3
    cost = await costly.cost()
    assert (cost.source, cost.msat) == ("told", 10_000)
    assert await costly.world.complaints() == []


async def test_who_never_tells_is_asked_for_a_day_and_booked_by_the_card(
    database: Database, clock: SystemClock
) -> None:
    late = LateTeller(clock)
    costly = Costly(database, clock, late)
    process = await costly.process(
        parse_part_card("prefix,cost,currency,per_seconds\n,0.06,USD,1\n")
    )
    began_ms = clock.now_ms()

    await process.work()

    assert late.asked == len(LOOKUPS_MS)
    assert 0.9 * DAY_MS < clock.now_ms() - began_ms < 1.1 * DAY_MS
    assert (await costly.cost()).source == "card"
    assert await costly.world.complaints() == []


async def test_the_most_that_a_call_can_cost_counts_until_its_cost_is_known(costly: Costly) -> None:
    card = parse_part_card("prefix,cost,currency\n,20,SAT\n")
    process = await costly.process(card, daily_spend_msat=25_000)
    other = Buyer(costly.world)
    await other.redeem(process)
    ref = await answered(costly, process)

    await process.pass_ms(60_000)
    assert costly.carrier.rings == [ref]  # two calls could cost 40 sats

    costly.carrier.tell(ref, CallStatus.COMPLETED, cost=Amount(4_000_000, "SAT"))
    await process.pass_ms(60_000)

    assert len(costly.carrier.rings) == 2
    assert await costly.world.complaints() == []


async def test_the_operator_sees_what_each_carrier_did_cost_and_earned(costly: Costly) -> None:
    process = await costly.process()
    ref = await answered(costly, process)
    costly.carrier.tell(ref, CallStatus.COMPLETED, cost=usd(0.0075))
    other = Buyer(costly.world)
    await other.redeem(process)
    costly.carrier.answers.append(Rejected("no route"))
    await process.work()
    # What is open at a part that is gone from the settings is listed, too.
    costly.carrier.life = ANSWERED
    third = Buyer(costly.world)
    await third.redeem(process)
    await process.run_all_due()

    known = [KnownPart("calls", VoiceCarrierSettings(type="x", name="new"), False, "all")]
    health = Health(5, costly.world.clock.now_ms() + 60_000, "HTTP 500")
    await costly.world.db.tx(part_states.record, "calls", "new", health)
    new, gone = await costly.world.db.read(report_parts, known, ("calls",))
    assert await costly.world.db.read(part_states.left_alone) == [("calls", "new", True)]

    assert (new["name"], new["state"], new["reason"], new["asked"]) == (
        "new",
        "left alone",
        "HTTP 500",
        0,
    )
    assert (gone["name"], gone["state"], gone["asked"], gone["open"]) == ("real", "gone", 3, 1)
    assert (gone["delivered"], gone["refused"], gone["success_percent"]) == (1, 1, 50.0)
    assert (gone["cost_msat"], gone["earned_msat"]) == (7500, 250_000)


async def test_recovery_none_is_told_of_costs_too(database: Database, clock: SystemClock) -> None:
    costly = Costly(database, clock, NamedCarrier("real", clock, Recovery.NONE))
    costly.carrier.answers.append(costly.carrier.lost)
    process = await costly.process()
    ref = await answered(costly, process)
    costly.carrier.tell(ref, CallStatus.COMPLETED, cost=usd(0.01))

    await process.work()

    assert (await costly.cost()).msat == 10_000
    assert (await costly.buyer.order()).state is OrderState.SETTLED
