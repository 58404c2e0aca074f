"""A crash at every single outside effect of a call that costs something: it is booked once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ringbolt.clock import SystemClock
from ringbolt.core import chart_of_accounts as chart
from ringbolt.core.calls.call import CallStatus
from ringbolt.core.order import OrderState
from ringbolt.core.pricing.amount import Amount
from ringbolt.registry.parts import Part, Parts
from ringbolt.registry.terms import PartTerms
from ringbolt.store import part_costs
from ringbolt.store.engine.db import Database
from ringbolt.store.engine.opening import open_database
from ringbolt.store.money_report import moved_since
from ringbolt.voice.carrier import PlaceCall, PlaceResult
from support.named_parts import NamedCarrier
from support.rigs.calls import Buyer, CallProcess, CallWorld
from support.rigs.fate import Died, Fate, mortal

MAX_EFFECTS = 60
COST = Amount(8_000, "USD")
BILLED_MSAT = 8_000


class Biller(NamedCarrier):
    """``tells_late``: it knows the cost only when it is asked after the call."""

    def __init__(self, clock: SystemClock, *, tells_late: bool) -> None:
        super().__init__("real", clock)
        self.tells_late = tells_late
        self.lives.clear()

    async def place(self, call: PlaceCall) -> PlaceResult:
        is_known = call.ref in self.rings
        answer = await super().place(call)
        if not self.tells_late and not is_known:
            self.tell(call.ref, CallStatus.COMPLETED, cost=COST)
        return answer

    async def cost_of(self, ref: str, carrier_id: str) -> Amount | None:
        return COST if self.tells_late else None


def process_of(world: CallWorld, fate: Fate) -> CallProcess:
    process = world.process(fate)
    carrier = mortal(world.carrier, fate, "place", "hang_up", "find", "cost_of")
    part: Part[Any] = Part("real", carrier, terms=PartTerms(daily_spend_msat=1_000_000))
    known = Parts([part], world.clock.now_ms)
    process.shop = replace(process.shop, carriers=known)
    return process


@pytest.fixture
async def sqlite(tmp_path: Path, clock: SystemClock) -> AsyncIterator[Database]:
    db = await open_database(f"sqlite:///{tmp_path}/costs.db", clock)
    yield db
    await db.close()


async def run(world: CallWorld, fate: Fate) -> bool:
    """A call from its payment to its booked cost, by a process that may die and one that takes
    over; whether the first one died."""
    buyer = Buyer(world)
    with suppress(Died):
        process = process_of(world, fate)
        await buyer.redeem(process)
        await process.work()
    if fate.dead:
        second = process_of(world, Fate())
        if not await buyer.exists():
            await buyer.redeem(second)
        world.pass_ms(20_000)  # until the leases of the dead one are over
        await second.work()
    order = await buyer.order()
    assert order.state is OrderState.SETTLED, (fate.at, fate.kind, fate.seen, order.reason)
    costs = (await world.db.read(part_costs.of_order, order.id)).values()
    booked = sum(each.msat or 0 for each in costs)
    assert booked == BILLED_MSAT, (fate.at, fate.kind, fate.seen)
    assert await world.complaints() == []
    return fate.dead


@pytest.mark.parametrize("kind", ["before", "after"])
@pytest.mark.parametrize("tells_late", [False, True])
async def test_wherever_the_shop_dies_a_cost_is_booked_once(
    sqlite: Database, clock: SystemClock, tells_late: bool, kind: str
) -> None:
    world = CallWorld(sqlite, clock, Biller(clock, tells_late=tells_late))
    costs = world.settings.costs.model_copy(update={"sats_per": {"USD": 1000.0}})
    world.settings = world.settings.model_copy(update={"costs": costs})
    calls = 0
    for at in range(1, MAX_EFFECTS):
        calls += 1
        if not await run(world, Fate(at, kind)):
            break
    else:
        pytest.fail("the flow has more effects than are tried")
    assert calls > 8
    moved = await sqlite.read(moved_since, 0)
    assert moved.booked[chart.PART_COST] == calls * BILLED_MSAT
    assert chart.PART_COST_BACK not in moved.booked
