"""The limits of a part: requests a second, calls at the same time, costs of a day; by all processes
together, and without losing an order."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from ringbolt.app.part_limits import spend_scope
from ringbolt.clock import SystemClock
from ringbolt.core.calls.call import CallStatus
from ringbolt.core.order import OrderState
from ringbolt.core.outcome import Rejected
from ringbolt.core.pricing.part_card import parse_part_card
from ringbolt.registry.parts import Part, Parts
from ringbolt.registry.terms import PartTerms
from ringbolt.store import spends
from ringbolt.store.engine.db import Database
from ringbolt.voice.memory.carrier import RINGS
from support.named_parts import NamedCarrier, NamedSms
from support.rigs.balance_calls import Caller, funded_key
from support.rigs.balance_calls import limited as limited_accounts
from support.rigs.calls import Buyer, CallProcess, CallWorld
from support.rigs.messages import MessageProcess, MessageWorld


def limited(clock: SystemClock, *entries: tuple[Any, PartTerms]) -> Parts[Any]:
    return Parts([Part(port.name, port, terms=terms) for port, terms in entries], clock.now_ms)


class Calls:
    """A shop with two carriers, and any number of buyers who have paid."""

    def __init__(self, database: Database, clock: SystemClock) -> None:
        self.clock = clock
        self.first = NamedCarrier("first", clock)
        self.second = NamedCarrier("second", clock)
        self.world = CallWorld(database, clock, self.first)

    def process(self, *entries: tuple[NamedCarrier, PartTerms]) -> CallProcess:
        process = self.world.process()
        process.shop = replace(process.shop, carriers=limited(self.clock, *entries))
        return process

    async def bought(self, process: CallProcess, count: int) -> list[Buyer]:
        buyers = [Buyer(self.world) for _ in range(count)]
        for buyer in buyers:
            await buyer.redeem(process)
        return buyers


@pytest.fixture
def calls(database: Database, clock: SystemClock) -> Calls:
    return Calls(database, clock)


async def states(buyers: list[Buyer]) -> set[OrderState]:
    return {(await buyer.order()).state for buyer in buyers}


async def test_calls_wait_for_the_turn_of_their_carrier(calls: Calls) -> None:
    process = calls.process((calls.first, PartTerms(per_second=0.1)))
    buyers = await calls.bought(process, 3)

    await process.settle_down()
    assert len(calls.first.rings) == 1
    await process.work()

    assert await states(buyers) == {OrderState.SETTLED}
    began = sorted([(await buyer.attempts())[0].created_ms for buyer in buyers])
    assert began[2] - began[0] >= 2 * 10_000 - 2000  # a turn may be used a little later
    assert await calls.world.complaints() == []


@pytest.mark.parametrize(("of_account", "of_carrier"), [(50, 2), (50, 20), (3, 5), (4, 4)])
async def test_turns_of_an_account_and_of_a_carrier_do_not_hold_each_other_up(
    database: Database, clock: SystemClock, of_account: int, of_carrier: int
) -> None:
    """Also of two accounts: each waits at its own pace for the carrier's turns."""
    carrier = NamedCarrier("only", clock)
    world = CallWorld(database, clock, carrier)
    world.settings = limited_accounts(calls_per_second=of_account, calls_at_once=100)
    process = world.process()
    terms = PartTerms(per_second=of_carrier)
    process.shop = replace(process.shop, carriers=limited(clock, (carrier, terms)))
    keys = [await funded_key(database) for _ in range(2)]
    callers = [Caller(world, keys[n % 2], f"call {n}") for n in range(12)]
    for caller in callers:
        await caller.place(process)

    await process.work()

    began = sorted([(await caller.attempts())[0].created_ms for caller in callers])
    assert len(carrier.rings) == 12
    # A turn may be used a little later, but the average is kept.
    assert began[-1] - began[0] >= 11 * 1000 // of_carrier - 2000
    assert {(await caller.order()).state for caller in callers} == {OrderState.SETTLED}
    assert await world.complaints() == []


async def test_what_one_cannot_take_now_is_given_to_the_next(calls: Calls) -> None:
    process = calls.process((calls.first, PartTerms(per_second=0.1)), (calls.second, PartTerms()))
    buyers = await calls.bought(process, 4)

    await process.settle_down()

    assert (len(calls.first.rings), len(calls.second.rings)) == (1, 3)
    assert await states(buyers) == {OrderState.SETTLED}


async def test_no_more_calls_are_up_than_a_carrier_has_lines(calls: Calls) -> None:
    calls.first.life = RINGS
    process = calls.process((calls.first, PartTerms(max_calls=2)))
    buyers = await calls.bought(process, 3)

    await process.settle_down()
    await process.pass_ms(3000)
    assert len(calls.first.rings) == 2

    for ref in tuple(calls.first.rings):
        calls.first.tell(ref, CallStatus.IN_PROGRESS)
        calls.first.tell(ref, CallStatus.COMPLETED)
    calls.first.life = (CallStatus.INITIATED, CallStatus.IN_PROGRESS, CallStatus.COMPLETED)
    await process.pass_ms(3000)

    assert len(calls.first.rings) == 3
    assert await states(buyers) == {OrderState.SETTLED}


async def test_machines_do_not_take_the_same_free_line(calls: Calls) -> None:
    calls.first.life = RINGS
    terms = (calls.first, PartTerms(max_calls=3))
    processes = [calls.process(terms) for _ in range(4)]
    await calls.bought(processes[0], 8)

    await asyncio.gather(*(process.run_all_due() for process in processes))

    assert len(calls.first.rings) == 3


async def test_a_call_that_waits_in_vain_returns_its_money(calls: Calls) -> None:
    calls.first.life = RINGS
    process = calls.process((calls.first, PartTerms(max_calls=1)))
    buyers = await calls.bought(process, 3)

    await process.pass_ms(330_000)  # each keeps the line for minutes: nothing tells of its end

    [waiting] = [buyer for buyer in buyers if not await buyer.attempts()]
    order = await waiting.order()
    assert order.state is OrderState.FAILED
    assert order.may_retry
    assert await calls.world.complaints() == []


async def test_a_carrier_that_has_cost_its_share_of_the_day_is_left_out(calls: Calls) -> None:
    share = PartTerms(daily_spend_msat=50_000)
    process = calls.process((calls.first, share), (calls.second, PartTerms()))
    scope = spend_scope("calls", "first")
    await calls.world.db.tx(spends.add, [scope], 50_000, "ab12")

    buyers = await calls.bought(process, 2)
    await process.settle_down()

    assert (len(calls.first.rings), len(calls.second.rings)) == (0, 2)
    assert await states(buyers) == {OrderState.SETTLED}
    assert await calls.world.db.read(spends.today) == {}  # it is no sale


async def test_machines_do_not_spend_the_same_rest_of_the_day(calls: Calls) -> None:
    calls.first.life = RINGS
    card = parse_part_card("prefix,cost,currency\n,20,SAT\n")
    terms = (calls.first, PartTerms(card=card, daily_spend_msat=60_000))
    processes = [calls.process(terms) for _ in range(8)]
    await calls.bought(processes[0], 16)

    await asyncio.gather(*(process.run_all_due() for process in processes))

    assert len(calls.first.rings) == 3


async def test_calls_have_the_caller_id_of_their_carrier(calls: Calls) -> None:
    own = PartTerms(caller_ids=("+442079460000", "+442079460001"))
    process = calls.process((calls.first, own), (calls.second, PartTerms()))
    calls.first.answers.append(Rejected("no route"))
    await calls.bought(process, 2)

    await process.work()

    [ours] = calls.first.placed.values()
    [theirs] = calls.second.placed.values()
    assert (ours.caller_id, theirs.caller_id) == ("+442079460000", "+12025550199")


# Texts


def sends(world: MessageWorld, *entries: tuple[NamedSms, PartTerms]) -> MessageProcess:
    process = world.process()
    process.shop = replace(process.shop, sms_carriers=limited(world.clock, *entries))
    return process


async def test_texts_wait_for_their_turn_and_have_the_senders_of_their_carrier(
    database: Database, clock: SystemClock
) -> None:
    world = MessageWorld(database, clock)
    only = NamedSms("only", clock)
    process = sends(world, (only, PartTerms(per_second=0.5, senders=("Acme", "+442079460000"))))
    for _ in range(3):
        await world.buy()

    await process.settle_down()
    assert len(only.sent) == 1
    await process.pass_ms(2100)
    assert len(only.sent) == 2
    await process.pass_ms(2100)

    assert [sms.sender for sms in only.sent] == ["Acme"] * 3


async def test_two_processes_keep_the_rate_together(database: Database, clock: SystemClock) -> None:
    world = MessageWorld(database, clock)
    only = NamedSms("only", clock)
    one, two = (sends(world, (only, PartTerms(per_second=2))) for _ in range(2))
    orders = [await world.buy() for _ in range(6)]

    await asyncio.gather(one.run_all_due(), two.run_all_due())
    for process in (one, two, one, two, one, two):
        await process.pass_ms(500)

    began = sorted([(await order.attempts())[0].created_ms for order in orders])
    assert len(only.sent) == 6
    assert all(at_ms >= began[0] + 500 * n for n, at_ms in enumerate(began))
    assert await world.complaints() == []


async def test_a_turn_is_not_used_for_a_second_request(
    database: Database, clock: SystemClock
) -> None:
    world = MessageWorld(database, clock)
    only = NamedSms("only", clock)
    only.answers.append(only.refuses_for_now)
    process = sends(world, (only, PartTerms(per_second=0.1)))
    order = await world.buy()

    await process.settle_down()
    await process.pass_ms(5000)
    assert len(await order.attempts()) == 1
    await process.pass_ms(6000)

    assert len(await order.attempts()) == 2
    assert len(only.sent) == 1
