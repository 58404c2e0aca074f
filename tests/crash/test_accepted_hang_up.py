"""A hang-up that was accepted is kept until the carrier has it, whichever worker dispatches: it
comes right before every single outside effect of a call in turn, while a worker dies, or loses its
lease, at every other one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringbolt.clock import SystemClock
from ringbolt.core.outcome import Recovery
from ringbolt.store.engine.opening import open_database
from ringbolt.store.keys import ApiKey
from support.memory import memory_carrier
from support.rigs.balance_calls import funded_key
from support.rigs.calls import CallWorld
from support.rigs.hang_ups import ANSWERS, NEVER, OUTAGE_MS, HungUpCall, RingingCarrier

EXAMPLES = int(os.environ.get("RINGBOLT_TEST_EXAMPLES", "60"))
EFFECTS = 5
"""The outside effects of a worker that places a call: claim, intend, place, store the answer, and
hear of it."""


@pytest.fixture
async def world(sqlite_url: str, clock: SystemClock) -> AsyncIterator[CallWorld]:
    db = await open_database(sqlite_url, clock)
    yield CallWorld(db, clock, memory_carrier(Recovery.LOOKUP, clock))
    await db.close()


@pytest.mark.parametrize("hang_up_at", range(1, EFFECTS + 2))
async def test_a_hang_up_at_any_moment_outlives_a_lease_lost_at_any_other(
    world: CallWorld, hang_up_at: int
) -> None:
    key = await funded_key(world.db)
    lost_at, stands_still = 0, True  # at 0 no lease is lost
    while stands_still:
        call = HungUpCall(world, key, RingingCarrier("first", world.clock, Recovery.LOOKUP))

        effects = await call.run(hang_up_at, lost_at, "pause")

        await call.assert_hung_up()
        stands_still = len(effects) >= lost_at
        lost_at += 1
    assert lost_at > 2


async def test_a_worker_has_as_many_effects_as_are_tried_here(world: CallWorld) -> None:
    carrier = RingingCarrier("first", world.clock, Recovery.LOOKUP)

    seen = await HungUpCall(world, await funded_key(world.db), carrier).run(NEVER)

    assert seen == ["tx claim", "tx _intend", "place", "tx _answered", "tx _apply"]


@dataclass(frozen=True)
class Fault:
    """What happens to a call that is hung up before the ``hang_up_at``-th outside effect."""

    recovery: Recovery
    answer: str
    carriers: int
    is_down: bool
    hang_up_at: int
    at: int
    kind: str


FAULTS = st.builds(
    Fault,
    recovery=st.sampled_from(list(Recovery)),
    answer=st.sampled_from(list(ANSWERS)),
    carriers=st.integers(1, 2),
    is_down=st.booleans(),
    hang_up_at=st.integers(1, EFFECTS + 1),
    at=st.integers(0, 2 * EFFECTS),
    kind=st.sampled_from(["before", "after", "pause"]),
)


async def _hang_up_amid(world: CallWorld, key: ApiKey, fault: Fault) -> None:
    names = ["first", "second"][: fault.carriers]
    carriers = [RingingCarrier(name, world.clock, fault.recovery) for name in names]
    answer = ANSWERS[fault.answer]
    if answer is not None:
        carriers[0].answers.append(answer(carriers[0]))
    call = HungUpCall(world, key, *carriers)
    call.outage_ms = OUTAGE_MS if fault.is_down else 0
    await call.run(fault.hang_up_at, fault.at, fault.kind)
    await call.assert_hung_up()


def test_a_hang_up_is_kept_whatever_the_carrier_answers(sqlite_url: str) -> None:
    """Some of some two thousand combinations: RINGBOLT_TEST_EXAMPLES says how many."""
    clock = SystemClock()
    with asyncio.Runner() as runner:
        db = runner.run(open_database(sqlite_url, clock))
        world = CallWorld(db, clock, memory_carrier(Recovery.LOOKUP, clock))
        key = runner.run(funded_key(db, 10_000_000))

        @settings(max_examples=EXAMPLES, deadline=None)
        @given(FAULTS)
        def check(fault: Fault) -> None:
            runner.run(_hang_up_amid(world, key, fault))

        check()
        assert runner.run(world.complaints()) == []
        runner.run(db.close())
