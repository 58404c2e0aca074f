"""A crash, or a long standstill, at every single outside effect of a text or e-mail that is paid
for by itself, and of its refund."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from ringbolt.clock import SystemClock
from ringbolt.core.order import OrderState
from ringbolt.core.outcome import Recovery
from ringbolt.sms.carrier import ReceiptState
from ringbolt.store import jobs
from ringbolt.store.engine.opening import open_database
from support.rigs.fate import Died, Fate
from support.rigs.messages import MessageProcess, MessageWorld
from support.rigs.paid_messages import MessageBuyer, assert_promise_kept
from support.rigs.shop import let_stand_still

MAX_EFFECTS = 80
S = OrderState
DECIDED = frozenset({S.SETTLED, S.RETURNED, S.FAILED})
_DELIVERED = (ReceiptState.SENT, ReceiptState.DELIVERED)


@dataclass(frozen=True)
class Flow:
    """``refusals``: how often it is refused for good before it is sent."""

    name: str
    end: OrderState
    mail: bool = False
    life: tuple[ReceiptState, ...] = _DELIVERED
    refusals: int = 0
    retries: bool = False


FLOWS = [
    Flow("a text is sent", S.SETTLED),
    Flow("a text fails, paid back", S.RETURNED, life=(ReceiptState.FAILED,)),
    Flow("a text is refused, paid back", S.RETURNED, refusals=1),
    Flow("a text is refused, tried again", S.SETTLED, refusals=1, retries=True),
    Flow("a mail is sent", S.SETTLED, mail=True),
    Flow("a mail is refused, paid back", S.RETURNED, mail=True, refusals=1),
    Flow("a mail is refused, tried again", S.SETTLED, mail=True, refusals=1, retries=True),
]


@pytest.fixture(params=[Recovery.IDEMPOTENT, Recovery.LOOKUP, Recovery.NONE], ids=str)
async def world(
    request: pytest.FixtureRequest, sqlite_url: str, clock: SystemClock
) -> AsyncIterator[MessageWorld]:
    db = await open_database(sqlite_url, clock)
    yield MessageWorld(db, clock, request.param)
    await db.close()


class Story:
    """A flow as its buyer lives it; every step may be taken again after a crash."""

    def __init__(self, world: MessageWorld, flow: Flow) -> None:
        world.sms.life = flow.life
        world.sms.answers.clear()
        world.mailer.answers.clear()
        world.sms.answers.extend([world.sms.refuses] * (0 if flow.mail else flow.refusals))
        world.mailer.answers.extend([world.mailer.refuses] * (flow.refusals if flow.mail else 0))
        self.at = 0
        self.buyer = MessageBuyer(world, mail=flow.mail)
        self.steps: list[Callable[[MessageProcess], Awaitable[None]]] = [self._redeem, self._work]
        if flow.retries:
            self.steps += [self._retry, self._work]
        self.steps += [self._claim, self._work]

    async def run(self, process: MessageProcess) -> None:
        """From where it is to the end. A crash comes out as ``Died``."""
        if not await self.buyer.exists():
            self.at = 0
        while self.at < len(self.steps):
            await self.steps[self.at](process)
            self.at += 1

    async def _redeem(self, process: MessageProcess) -> None:
        await self.buyer.redeem(process)

    async def _retry(self, process: MessageProcess) -> None:
        if await (await self.buyer.order()).state() is OrderState.FAILED:
            await self.buyer.redeem(process)

    async def _claim(self, process: MessageProcess) -> None:
        await self.buyer.claim(process)

    async def _work(self, process: MessageProcess) -> None:
        await process.work()


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
async def test_a_crash_at_any_boundary_loses_no_money_and_sends_nothing_twice(
    world: MessageWorld, flow: Flow, kind: str
) -> None:
    ends = set()
    for number in range(1, await _effects(world, flow) + 1):
        story = Story(world, flow)
        with pytest.raises(Died):
            await story.run(world.process(Fate(number, kind)))
        await world.db.tx(jobs.release_all)
        await story.run(world.process())
        ends.add(await assert_promise_kept(story.buyer))
    assert ends <= DECIDED
    if world.sms.recovery is not Recovery.NONE and not flow.refusals:
        assert ends == {flow.end}


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
async def test_a_standstill_at_any_boundary_does_no_harm(world: MessageWorld, flow: Flow) -> None:
    for number in range(1, await _effects(world, flow) + 1):
        story = Story(world, flow)
        process = world.process(Fate(number, "pause"))
        standstill = await let_stand_still(process, story.run(process))
        await story.run(world.process())
        await standstill.go_on()
        await story.run(world.process())
        assert await assert_promise_kept(story.buyer) in DECIDED
