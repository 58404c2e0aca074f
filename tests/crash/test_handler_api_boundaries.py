"""A crash, or a long standstill, at every commit and every request of a provider behind
``handler_api.php``, from the paid order to the end of its lease, on both databases.

The provider is that of the simulated world, whose books say what was leased and what it cost.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ringbolt.app import part_costs
from ringbolt.app.numbers.cancel_order import cancel_order
from ringbolt.app.numbers.replace_number import replace_number
from ringbolt.app.numbers.request_text import request_text
from ringbolt.clock import SystemClock
from ringbolt.core.errors import Conflict
from ringbolt.core.order import OrderState
from ringbolt.numbers.memory.provider import USA
from ringbolt.simulator.numbers.activation import price_micros
from ringbolt.store import jobs
from ringbolt.store.engine.db import Database
from support.rigs.fate import Died
from support.rigs.handler_api import BusyFate, HandlerApiWorld
from support.rigs.receiving import PaidReceivingOrder, ReceivingProcess
from support.rigs.shop import let_stand_still
from support.servers.world import running_world

S = OrderState
MAX_EFFECTS = 60
_ON_ITS_WAY = (S.PAID, S.DISPATCHING)
_CODE, _FIRST = "48010", "11111"
_FORMER = "666666"
"""A code that comes to a number which its buyer gave back."""


@dataclass(frozen=True)
class Flow:
    """``deed``: what its buyer or the world does once there is a number."""

    name: str
    deed: str = ""
    end: OrderState = S.SETTLED
    wanted: dict[str, Any] = field(default_factory=dict)


_RENTAL = {"service": "full", "hours": 4}
ACTIVATIONS = [
    Flow("a code comes", "code"),
    Flow("no code comes", end=S.RETURNED),
    Flow("cancelled", "cancel", S.RETURNED),
    Flow("another number", "another number"),
    Flow("another text", "another text"),
]
FLOWS = [
    *ACTIVATIONS,
    Flow("a rental's text", "code", wanted=_RENTAL),
    Flow("a rental is kept", wanted=_RENTAL),
]


@pytest.fixture
async def world(
    request: pytest.FixtureRequest,
    database: Database,
    clock: SystemClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[HandlerApiWorld]:
    # Costs are booked at the end, not every few seconds of the hours that pass.
    monkeypatch.setattr(part_costs, "EVERY_MS", 5 * 3_600_000)
    async with running_world(tmp_path / "world") as server:
        world = HandlerApiWorld(database, clock, server, request.param)
        yield world
        await world.close()


class Story:
    """A flow as its buyer lives it; every step may be taken again after a crash."""

    def __init__(self, world: HandlerApiWorld, flow: Flow, order: PaidReceivingOrder) -> None:
        self.world = world
        self.flow = flow
        self.order = order
        self.at = 0
        self.bought = world.bought()
        self.balance_micros = world.balance_micros()
        self.steps: list[Callable[[ReceivingProcess], Awaitable[None]]] = [
            self._go, self._deed, self._work,
        ]  # fmt: skip

    async def run(self, process: ReceivingProcess) -> None:
        """From where it is to the end. A crash comes out as ``Died``."""
        while self.at < len(self.steps):
            await self.steps[self.at](process)
            self.at += 1

    async def _go(self, process: ReceivingProcess) -> None:
        await process.settle_down()
        for _ in range(120):  # what a crash left unclear takes a while
            if await self.order.state() not in _ON_ITS_WAY:
                return
            self.world.pass_ms(1000)
            await process.settle_down()

    async def _deed(self, process: ReceivingProcess) -> None:
        if await self.order.state() is S.RETURNED:
            return
        if self.flow.deed == "code":
            await self._text(_CODE)
        elif self.flow.deed == "cancel":
            self.world.pass_ms(121_000)
            await cancel_order(process.shop, self.order.id)
        elif self.flow.deed == "another number":
            await self._another_number(process)
        elif self.flow.deed == "another text":
            await self._text(_FIRST)
            await process.settle_down()
            with suppress(Conflict):  # it is asked for again, and the lease is over
                await request_text(process.shop, self.order.id)
            await self._text(_CODE)

    async def _another_number(self, process: ReceivingProcess) -> None:
        """As often as it takes: who asks does not always hear the answer."""
        first = (await self.order.leases())[0].number
        if await self.order.number() == first:
            self.world.pass_ms(121_000)
            await replace_number(process.shop, self.order.id)
        await self._go(process)
        assert await self.order.number() not in ("", first)
        await self.world.text(first, f"Your code is {_FORMER}")
        await self._text(_CODE)

    async def _text(self, code: str) -> None:
        await self.world.text(await self.order.number(), f"Your code is {code}")

    async def _work(self, process: ReceivingProcess) -> None:
        await process.work()

    async def assert_ended_well(self) -> None:
        """What was paid for is delivered, and the provider has been paid for just that."""
        row = await self.order.row()
        assert row.state is self.flow.end, (row.state, row.reason)
        is_paid = await self.order.has_been_paid()
        receiving = await self.order.receiving()
        if not self.flow.wanted:
            assert receiving.code == (_CODE if is_paid else "")
        assert self.balance_micros - self.world.balance_micros() == (self.cost if is_paid else 0)
        for rentals in (False, True):
            assert await self.world.open_leases(rentals=rentals) == ()
        assert await self.order.jobs_left() == []
        assert await self.world.complaints() == []

    @property
    def cost(self) -> int:
        service, hours = ("full", 4) if self.flow.wanted else ("tg", 0)
        return price_micros(service, USA, hours)


async def _story(world: HandlerApiWorld, flow: Flow) -> Story:
    return Story(world, flow, await world.buy(**flow.wanted))


async def _effects(world: HandlerApiWorld, flow: Flow) -> int:
    """How many outside effects an undisturbed run has."""
    fate = BusyFate()
    story = await _story(world, flow)
    await story.run(world.process(fate))
    await story.assert_ended_well()
    assert 4 < len(fate.seen) < MAX_EFFECTS, fate.seen
    return len(fate.seen)


def _lives(dialect: str, flows: list[Flow]) -> list[Any]:
    return [pytest.param(dialect, flow, id=f"{dialect}: {flow.name}") for flow in flows]


@pytest.mark.parametrize(
    ("world", "flow"),
    # hero-sms does not list rentals.
    [*_lives("sms-activate", FLOWS), *_lives("hero-sms", ACTIVATIONS)],
    indirect=["world"],
)
async def test_a_crash_at_any_boundary_leases_nothing_twice_and_loses_nothing(
    world: HandlerApiWorld, flow: Flow
) -> None:
    for number in range(1, await _effects(world, flow) + 1):
        for kind in ("before", "after"):
            story = await _story(world, flow)
            with pytest.raises(Died):
                await story.run(world.process(BusyFate(number, kind)))
            await world.db.tx(jobs.release_all)
            await story.run(world.process())
            await story.assert_ended_well()


@pytest.mark.parametrize(("world", "flow"), _lives("sms-activate", FLOWS), indirect=["world"])
async def test_a_worker_that_stood_still_longer_than_its_lease_does_no_harm_when_it_goes_on(
    world: HandlerApiWorld, flow: Flow
) -> None:
    for number in range(1, await _effects(world, flow) + 1):
        story = await _story(world, flow)
        process = world.process(BusyFate(number, "pause"))
        standstill = await let_stand_still(process, story.run(process))
        at = story.at
        await story.run(world.process())
        await standstill.go_on()
        story.at = at
        await story.run(world.process())
        await story.assert_ended_well()


@pytest.mark.parametrize(("world", "flow"), _lives("plain", FLOWS[:2]), indirect=["world"])
async def test_a_provider_that_lists_nothing_is_never_asked_twice_for_one_order(
    world: HandlerApiWorld, flow: Flow
) -> None:
    fate = BusyFate()
    await (await _story(world, flow)).run(world.process(fate))
    for number in range(1, len(fate.seen) + 1):
        for kind in ("before", "after"):
            story = await _story(world, flow)
            with pytest.raises(Died):
                await story.run(world.process(BusyFate(number, kind)))
            await world.db.tx(jobs.release_all)
            await story.run(world.process())
            assert world.bought() - story.bought <= 1, fate.seen[:number]
            is_paid = await story.order.has_been_paid()
            assert (await story.order.receiving()).code == (_CODE if is_paid else "")
            assert is_paid <= (flow.end is S.SETTLED)
            assert await world.complaints() == []
