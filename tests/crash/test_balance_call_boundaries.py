"""A crash, or a long standstill, at every single outside effect of a call on a balance."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from itertools import count

import pytest

from ringbolt.clock import SystemClock
from ringbolt.core.calls.call import CallStatus
from ringbolt.core.order import OrderState
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.store import jobs
from ringbolt.store.engine.opening import open_database
from ringbolt.store.keys import ApiKey
from ringbolt.voice.carrier import PlaceCall, PlaceResult
from ringbolt.voice.memory.carrier import ANSWERED, BUSY, RINGS
from support.memory import memory_carrier
from support.rigs.balance_calls import (
    Caller,
    assert_promise_kept,
    available_sats,
    funded_key,
    limited,
)
from support.rigs.calls import CallProcess, CallWorld
from support.rigs.fate import Died, Fate
from support.rigs.shop import let_stand_still

RECOVERIES = [Recovery.IDEMPOTENT, Recovery.LOOKUP, Recovery.NONE]
TALKS = ANSWERED[:-1]
_S = OrderState
Answer = PlaceResult | Callable[[PlaceCall], PlaceResult]


@dataclass(frozen=True)
class Flow:
    """``life`` is what the call goes through, ``answer`` what the carrier says at first;
    ``hangs_up``: ``queued`` before it is asked for, ``up`` after it was."""

    name: str
    life: tuple[CallStatus, ...]
    ends: frozenset[OrderState]
    answer: str = ""
    hangs_up: str = ""


FLOWS = [
    Flow("answered", ANSWERED, frozenset({_S.SETTLED})),
    Flow("busy", BUSY, frozenset({_S.RETURNED})),
    Flow("refused for now", ANSWERED, frozenset({_S.SETTLED}), answer="not now"),
    Flow("answer lost", ANSWERED, frozenset({_S.SETTLED}), answer="lost"),
    Flow("request lost", ANSWERED, frozenset({_S.SETTLED}), answer="request lost"),
    Flow("hung up in the queue", ANSWERED, frozenset({_S.RETURNED}), hangs_up="queued"),
    Flow("hung up while it rings", RINGS, frozenset({_S.RETURNED}), hangs_up="up"),
    Flow("hung up while talking", TALKS, frozenset({_S.SETTLED}), hangs_up="up"),
]


@pytest.fixture(params=RECOVERIES, ids=str)
async def world(
    request: pytest.FixtureRequest, sqlite_url: str, clock: SystemClock
) -> AsyncIterator[CallWorld]:
    db = await open_database(sqlite_url, clock)
    world = CallWorld(db, clock, memory_carrier(request.param, clock))
    world.settings = limited()
    yield world
    await db.close()


class Story:
    """A flow as its buyer lives it; every step may be taken again after a crash."""

    names = count()

    def __init__(self, world: CallWorld, flow: Flow, key: ApiKey) -> None:
        self.world = world
        self.at = 0
        world.clock.set_offset(world.clock.offset_ms + 1000)  # so that its turn comes at once
        self.caller = Caller(world, key, f"call-{next(self.names)}")
        carrier = world.carrier
        carrier.obeys = True
        carrier.lives.clear()
        carrier.answers.clear()
        carrier.life = flow.life
        answers: dict[str, Answer] = {
            "not now": Rejected("no channel", permanent=False),
            "lost": carrier.lost,
            "request lost": Unknown("nobody knows"),
        }
        if flow.answer:
            carrier.answers.append(answers[flow.answer])
        self.steps: list[Callable[[CallProcess], Awaitable[object]]] = [self.caller.place]
        if flow.hangs_up == "up":
            self.steps.append(self._begin)
        if flow.hangs_up:
            self.steps.append(self.caller.hang_up)
        self.steps.append(CallProcess.work)

    async def _begin(self, process: CallProcess) -> None:
        """Until the carrier was asked, and was heard."""
        await process.run_due()
        await process.listen()

    async def run(self, process: CallProcess, first: int = 0) -> None:
        """From step ``first`` to the end. A crash comes out as ``Died``."""
        for number in range(first, len(self.steps)):
            self.at = number
            await self.steps[number](process)

    async def go_on(self, process: CallProcess) -> None:
        await self.run(process, self.at if await self.caller.exists() else 0)


async def _effects(world: CallWorld, flow: Flow, key: ApiKey) -> list[str]:
    """The outside effects of an undisturbed run."""
    fate = Fate()
    story = Story(world, flow, key)
    await story.run(world.process(fate))
    state = (await assert_promise_kept(world, story.caller)).state
    assert state in flow.ends or world.carrier.recovery is Recovery.NONE
    assert 1 < len(fate.seen) < 100
    return fate.seen


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
@pytest.mark.parametrize("kind", ["before", "after"])
async def test_a_crash_at_any_boundary_charges_only_what_was_answered(
    world: CallWorld, flow: Flow, kind: str
) -> None:
    key = await funded_key(world.db)
    ends = set()
    for number in range(1, len(await _effects(world, flow, key)) + 1):
        story = Story(world, flow, key)
        with pytest.raises(Died):
            await story.run(world.process(Fate(number, kind)))
        await world.db.tx(jobs.release_all)
        await story.go_on(world.process())
        ends.add((await assert_promise_kept(world, story.caller)).state)
    assert ends <= {OrderState.SETTLED, OrderState.RETURNED}
    # Who hangs up after a crash may find the call in another place than before.
    if world.carrier.recovery is not Recovery.NONE and flow.hangs_up != "up":
        assert ends == flow.ends


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
async def test_a_worker_that_stood_still_does_no_harm_when_it_goes_on(
    world: CallWorld, flow: Flow
) -> None:
    key = await funded_key(world.db)
    for number in range(1, len(await _effects(world, flow, key)) + 1):
        fate = Fate(number, "pause")
        story = Story(world, flow, key)
        process = world.process(fate)
        standstill = await let_stand_still(process, story.run(process))
        await story.go_on(world.process())
        await standstill.go_on()
        await story.go_on(world.process())
        await assert_promise_kept(world, story.caller)


async def test_what_is_not_taken_is_on_the_balance_again(world: CallWorld) -> None:
    key = await funded_key(world.db, 1000)
    answered = Story(world, FLOWS[0], key)
    await answered.run(world.process())
    assert await available_sats(world.db, key) == 990
    busy = Story(world, FLOWS[1], key)
    await busy.caller.place(world.process())
    assert await available_sats(world.db, key) == 960
    await busy.run(world.process())
    assert await available_sats(world.db, key) == 990
