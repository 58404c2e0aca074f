"""A crash, or a long standstill, at every single outside effect of a call and of a refund.

For every carrier (asked again safely, looked up, or neither) and every flow, the effects of an
undisturbed run are counted; then the flow is run once for each of them with the process dying
right before it, right after it, or standing still before it while another process takes over.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from ringbolt.clock import SystemClock
from ringbolt.core.order import OrderState
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.store import jobs
from ringbolt.store.engine.opening import open_database
from ringbolt.voice.memory.carrier import ANSWERED, BUSY
from support.memory import memory_carrier
from support.rigs.calls import Buyer, CallProcess, CallWorld, assert_promise_kept
from support.rigs.fate import Died, Fate
from support.rigs.shop import let_stand_still

RECOVERIES = [Recovery.IDEMPOTENT, Recovery.LOOKUP, Recovery.NONE]
MAX_EFFECTS = 100


@dataclass(frozen=True)
class Flow:
    """``prepare`` sets up the carrier; ``rings`` is how often the phone may ring at most."""

    name: str
    prepare: Callable[[CallWorld], None]
    ends: frozenset[OrderState]
    rings: int = 1
    retries: bool = False
    refunds: bool = False


def _lives(world: CallWorld, *lives: tuple[object, ...]) -> None:
    world.carrier.lives.clear()
    world.carrier.answers.clear()
    world.carrier.lives.extend(lives)  # type: ignore[arg-type]


def _answered(world: CallWorld) -> None:
    _lives(world, ANSWERED)


def _busy(world: CallWorld) -> None:
    _lives(world, BUSY)


def _busy_then_answered(world: CallWorld) -> None:
    _lives(world, BUSY, ANSWERED)


def _refused_for_now(world: CallWorld) -> None:
    _lives(world, ANSWERED)
    world.carrier.answers.append(Rejected("no channel", permanent=False))


def _answer_lost(world: CallWorld) -> None:
    _lives(world, ANSWERED)
    world.carrier.answers.append(world.carrier.lost)


def _request_lost(world: CallWorld) -> None:
    _lives(world, ANSWERED)
    world.carrier.answers.append(Unknown("nobody knows"))


_S = OrderState
_PAID_BACK = frozenset({_S.RETURNED})
DECIDED = {_S.SETTLED, _S.RETURNED, _S.FAILED}
FLOWS = [
    Flow("answered", _answered, frozenset({_S.SETTLED}), refunds=True),
    Flow("busy, paid back", _busy, _PAID_BACK, refunds=True),
    Flow("busy, tried again", _busy_then_answered, frozenset({_S.SETTLED}), rings=2, retries=True),
    Flow("refused for now", _refused_for_now, frozenset({_S.SETTLED}), refunds=True),
    Flow("refused, answer lost", _answer_lost, frozenset({_S.SETTLED}), refunds=True),
    Flow("refused, request lost", _request_lost, frozenset({_S.SETTLED}), refunds=True),
]


@pytest.fixture(params=RECOVERIES, ids=str)
async def world(
    request: pytest.FixtureRequest, sqlite_url: str, clock: SystemClock
) -> AsyncIterator[CallWorld]:
    db = await open_database(sqlite_url, clock)
    yield CallWorld(db, clock, memory_carrier(request.param, clock))
    await db.close()


class Story:
    """A flow as its buyer lives it; every step may be taken again after a crash."""

    def __init__(self, world: CallWorld, flow: Flow) -> None:
        self.world = world
        self.flow = flow
        self.buyer = Buyer(world)
        self.steps: list[Callable[[CallProcess], Awaitable[None]]] = [self._redeem, self._work]
        if flow.retries:
            self.steps += [self._retry, self._work]
        if flow.refunds:
            self.steps += [self._claim, self._work]

    async def run(self, process: CallProcess, first: int = 0) -> None:
        """From step ``first`` to the end. A crash comes out as ``Died``."""
        for number in range(first, len(self.steps)):
            self.at = number
            await self.steps[number](process)

    async def _redeem(self, process: CallProcess) -> None:
        await self.buyer.redeem(process)

    async def _retry(self, process: CallProcess) -> None:
        if (await self.buyer.order()).state is OrderState.FAILED:
            await self.buyer.redeem(process)

    async def _claim(self, process: CallProcess) -> None:
        await self.buyer.claim(process)

    async def _work(self, process: CallProcess) -> None:
        await process.work()


async def _effects(world: CallWorld, flow: Flow) -> list[str]:
    """The outside effects of an undisturbed run."""
    fate = Fate()
    flow.prepare(world)
    story = Story(world, flow)
    await story.run(world.process(fate))
    await assert_promise_kept(world, story.buyer, rings=flow.rings)
    return fate.seen


async def _crash(world: CallWorld, flow: Flow, fate: Fate, again: Fate | None = None) -> str:
    """Run ``flow`` with a crash, recover (with another crash, if so wanted), check; the state."""
    flow.prepare(world)
    story = Story(world, flow)
    with pytest.raises(Died):
        await story.run(world.process(fate))
    await world.db.tx(jobs.release_all)
    if again is not None:
        try:
            await story.run(world.process(again), story.at)
        except Died:
            await world.db.tx(jobs.release_all)
    await story.run(world.process(), 0 if not await story.buyer.exists() else story.at)
    return (await assert_promise_kept(world, story.buyer, rings=flow.rings)).state


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
@pytest.mark.parametrize("kind", ["before", "after"])
async def test_a_crash_at_any_boundary_loses_no_money_and_rings_no_phone_twice(
    world: CallWorld, flow: Flow, kind: str
) -> None:
    effects = await _effects(world, flow)
    assert 5 < len(effects) < MAX_EFFECTS
    ends = set()
    for number in range(1, len(effects) + 1):
        ends.add(await _crash(world, flow, Fate(number, kind)))
    # What the crash took may be given back, or be found again; both must not be left undecided.
    assert ends <= DECIDED
    if world.carrier.recovery is not Recovery.NONE:
        assert ends == flow.ends


@pytest.mark.parametrize("flow", FLOWS[1:3], ids=lambda flow: flow.name)
async def test_a_crash_while_recovering_from_a_crash_is_no_worse(
    world: CallWorld, flow: Flow
) -> None:
    effects = await _effects(world, flow)
    for first in range(1, len(effects) + 1):
        for second in (2, 5):
            kinds = ("after", "before") if (first + second) % 2 else ("before", "after")
            end = await _crash(world, flow, Fate(first, kinds[0]), Fate(second, kinds[1]))
            assert end in DECIDED


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
async def test_a_worker_that_stood_still_longer_than_its_lease_does_no_harm_when_it_goes_on(
    world: CallWorld, flow: Flow
) -> None:
    effects = await _effects(world, flow)
    for number in range(1, len(effects) + 1):
        await assert_survives_standstill(world, flow, Fate(number, "pause"))


async def assert_survives_standstill(world: CallWorld, flow: Flow, fate: Fate) -> None:
    flow.prepare(world)
    story = Story(world, flow)
    process = world.process(fate)
    standstill = await let_stand_still(process, story.run(process))
    await story.run(world.process(), 0 if not await story.buyer.exists() else story.at)
    await standstill.go_on()
    await story.run(world.process(), story.at)
    await assert_promise_kept(world, story.buyer, rings=flow.rings)
