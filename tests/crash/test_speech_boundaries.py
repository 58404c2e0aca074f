"""A crash, or a long standstill, at every single outside effect of a text that is spoken into a
file, and of its refund."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

import pytest

from ringbolt.clock import SystemClock
from ringbolt.core.order import OrderState
from ringbolt.store import jobs
from ringbolt.store.engine.db import Database
from support.rigs.fate import Died, Fate
from support.rigs.messages import MessageProcess, MessageWorld
from support.rigs.paid_messages import MessageBuyer, assert_promise_kept
from support.rigs.shop import let_stand_still

MAX_EFFECTS = 40
S = OrderState


@dataclass(frozen=True)
class Flow:
    """``failing`` and ``busy``: how often the text cannot be spoken, or has to wait."""

    name: str
    end: OrderState
    failing: int = 0
    busy: int = 0
    retries: bool = False


FLOWS = [
    Flow("it is spoken", S.SETTLED),
    Flow("it waits for its turn", S.SETTLED, busy=2),
    Flow("it cannot be spoken, paid back", S.RETURNED, failing=1),
    Flow("it cannot be spoken, tried again", S.SETTLED, failing=1, retries=True),
]


@pytest.fixture
async def world(db: Database, clock: SystemClock) -> AsyncIterator[MessageWorld]:
    yield MessageWorld(db, clock)


class Story:
    """A flow as its buyer lives it; every step may be taken again after a crash."""

    def __init__(self, world: MessageWorld, flow: Flow) -> None:
        world.speaker.failing, world.speaker.busy = flow.failing, flow.busy
        self.flow = flow
        self.buyer = MessageBuyer(world, spoken=True)

    async def run(self, process: MessageProcess) -> None:
        """To the end. A crash comes out as ``Died``."""
        if not await self.buyer.exists():
            await self.buyer.redeem(process)
        await process.work()
        if self.flow.retries and await self._state() is S.FAILED:
            await self.buyer.redeem(process)
            await process.work()
        await self.buyer.claim(process)
        await process.work()

    async def _state(self) -> OrderState:
        return await (await self.buyer.order()).state()


async def _effects(world: MessageWorld, flow: Flow) -> int:
    """How many outside effects an undisturbed run has; its end must be the flow's."""
    fate = Fate()
    story = Story(world, flow)
    await story.run(world.process(fate))
    assert await assert_promise_kept(story.buyer) is flow.end
    assert 3 < len(fate.seen) < MAX_EFFECTS
    return len(fate.seen)


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
@pytest.mark.parametrize("kind", ["before", "after"])
async def test_a_crash_at_any_boundary_loses_no_money_and_makes_one_file(
    world: MessageWorld, flow: Flow, kind: str
) -> None:
    ends = set()
    for number in range(1, await _effects(world, flow) + 1):
        story = Story(world, flow)
        with suppress(Died):  # a request that fails has nothing after it
            await story.run(world.process(Fate(number, kind)))
        await world.db.tx(jobs.release_all)
        await story.run(world.process())
        ends.add(await assert_promise_kept(story.buyer))
    assert flow.end in ends
    assert ends <= {flow.end, S.SETTLED, S.RETURNED}


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
async def test_a_standstill_at_any_boundary_does_no_harm(world: MessageWorld, flow: Flow) -> None:
    for number in range(1, await _effects(world, flow) + 1):
        story = Story(world, flow)
        process = world.process(Fate(number, "pause"))
        standstill = await let_stand_still(process, story.run(process))
        await story.run(world.process())
        await standstill.go_on()
        await story.run(world.process())
        assert await assert_promise_kept(story.buyer) in {S.SETTLED, S.RETURNED}
