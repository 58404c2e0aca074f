"""Whatever happens to calls on balances, in whatever order and however often: money and delivery
agree. What is held is taken by the minutes begun, or released, and no account has more calls up at
once than it may.

Hypothesis drives one shop and the calls of two accounts through everything that a carrier, a
buyer, a clock and a dying process can do, and shrinks what goes wrong to its shortest story.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from ringbolt.app.accounts.chart_of_accounts import account_of_key
from ringbolt.app.accounts.keys import revoke_key
from ringbolt.app.calls.record_outcome import apply_event
from ringbolt.clock import SystemClock
from ringbolt.core.calls.call import CallStatus
from ringbolt.core.errors import NotFound, RingboltError
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.store import calls, jobs
from ringbolt.store.engine.opening import open_database
from ringbolt.voice.carrier import Accepted, PlaceCall, PlaceResult
from support.memory_world import ANSWERED, BUSY, RINGS, memory_carrier
from support.rigs.balance_calls import Caller, available_sats, check, funded_key, limited
from support.rigs.calls import LEASE_MS, Died, Fate, World

T = TypeVar("T")
TALKS = ANSWERED[:-1]
LIVES = st.sampled_from([ANSWERED, TALKS, BUSY, RINGS, ()])
TOLD = st.sampled_from([status for status in CallStatus if status is not CallStatus.QUEUED])
EXAMPLES = int(os.environ.get("RINGBOLT_TEST_EXAMPLES", "100"))
TIMES = st.sampled_from([1, 220, 2_500, LEASE_MS + 1, 61_000, 150_000, 301_000, 901_000])
AT_ONCE = 2
MOST_CALLS = 5
GIFT_SATS = 1000


class Shop(RuleBasedStateMachine):
    """The rules are what may happen; ``template`` is a migrated database."""

    template: Path
    callers = Bundle("callers")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.directory = Path(tempfile.mkdtemp(prefix="rb-balance-"))
        self.people: list[Caller] = []

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize(
        recovery=st.sampled_from(list(Recovery)),
        life=LIVES,
        obeys=st.booleans(),
        charge_on=st.sampled_from(["answered", "placed"]),
    )
    def open(
        self, recovery: Recovery, life: tuple[CallStatus, ...], obeys: bool, charge_on: str
    ) -> None:
        path = self.directory / "shop.db"
        shutil.copy(self.template, path)
        self.clock = SystemClock()
        db = self.run(open_database(f"sqlite:///{path}", self.clock))
        self.world = World(db, self.clock, memory_carrier(recovery, self.clock))
        self.world.settings = limited(charge_on, calls_at_once=AT_ONCE, waiting_calls=3)
        self.world.carrier.life = life
        self.world.carrier.obeys = obeys
        self.charge_on = charge_on
        self.process = self.world.process()
        self.keys = [self.run(funded_key(self.world.db, GIFT_SATS)) for _ in range(2)]

    # The buyer

    @rule(target=callers, whose=st.integers(0, 1), minutes=st.integers(1, 5))
    def place(self, whose: int, minutes: int) -> int:
        if len(self.people) < MOST_CALLS:
            name = f"call-{len(self.people)}"
            caller = Caller(self.world, self.keys[whose], name, minutes=minutes)
            self.run(self._try(caller.place(self.process)))
            if self.run(caller.exists()):
                self.people.append(caller)
        return max(0, len(self.people) - 1)

    @rule(who=callers)
    def place_it_again(self, who: int) -> None:
        for caller in self.people[who : who + 1]:
            self.run(self._try(caller.place(self.process)))

    @rule(who=callers)
    def hang_up(self, who: int) -> None:
        for caller in self.people[who : who + 1]:
            self.run(caller.hang_up(self.process))

    @rule(whose=st.integers(0, 1))
    def a_key_is_revoked(self, whose: int) -> None:
        async def revoke() -> None:
            try:
                await revoke_key(self.world.db, self.keys[whose].id)
            except NotFound:
                return

        self.run(revoke())

    # The carrier

    @rule(
        answer=st.sampled_from(["yes", "no", "not now", "lost", "lost before", "lie"]),
        life=LIVES,
    )
    def the_carrier_will_say(self, answer: str, life: tuple[CallStatus, ...]) -> None:
        carrier = self.world.carrier
        carrier.lives.append(life)
        answers: dict[str, PlaceResult | Callable[[PlaceCall], PlaceResult]] = {
            "yes": Accepted("id"),
            "no": Rejected("no"),
            "not now": Rejected("not now", permanent=False),
            "lost": carrier.lost,
            "lost before": Unknown("lost"),
            "lie": carrier.lie,
        }
        carrier.answers.append(answers[answer])

    @rule(who=callers, hangs_up=st.booleans())
    def the_next_answer_comes_after_its_events(self, who: int, hangs_up: bool) -> None:
        """And perhaps after the buyer, who saw them, hung up."""

        async def first() -> None:
            await self.world.process().listen()
            for caller in self.people[who : who + 1] if hangs_up else []:
                await caller.hang_up(self.world.process())

        self.world.carrier.before_answer.append(first)

    @rule(who=callers, status=TOLD, digits=st.sampled_from(["", "1", "#"]), skip=st.integers(0, 2))
    def something_happens_to_a_call(
        self, who: int, status: CallStatus, digits: str, skip: int
    ) -> None:
        """Also what no honest carrier tells: a busy line that is answered, numbers left out."""
        for caller in self.people[who : who + 1]:
            for ref in self.run(caller.rings())[-1:]:
                self.world.carrier.tell(ref, status, digits=digits, skip=skip)

    @rule(which=st.integers(0, 20))
    def an_old_event_is_told_again(self, which: int) -> None:
        log = self.world.carrier.log
        if log:
            event = log[which % len(log)]
            self.run(self.world.db.tx(apply_event, event, self.charge_on))

    @rule()
    def the_whole_stream_is_told_again(self) -> None:
        for event in list(self.world.carrier.log):
            self.run(self.world.db.tx(apply_event, event, self.charge_on))

    # The shop, and time

    @rule()
    def listen(self) -> None:
        self.run(self.process.listen())

    @rule()
    def work(self) -> None:
        self.run(self.process.run_due())

    @rule(at=st.integers(1, 12), kind=st.sampled_from(["before", "after"]))
    def die_while_working(self, at: int, kind: str) -> None:
        async def die() -> None:
            process = self.world.process(Fate(at, kind))
            try:
                await process.listen()
                await process.run_due()
            except Died:
                await self.world.db.tx(jobs.release_all)

        self.run(die())

    @rule(ms=TIMES)
    def time_passes(self, ms: int) -> None:
        self.clock.set_offset(self.clock.offset_ms + ms)

    @rule(ms=st.sampled_from([1000, 3_600_000]))
    def the_clock_is_set_back(self, ms: int) -> None:
        self.clock.set_offset(self.clock.offset_ms - ms)

    # What always holds

    @invariant()
    def the_books_agree(self) -> None:
        if hasattr(self, "world"):
            assert self.run(self.world.complaints()) == []

    @invariant()
    def nobody_is_called_twice_for_one_try(self) -> None:
        for caller in self.people:
            rings = self.run(caller.rings())
            assert len(rings) == len(set(rings)), "an attempt rang twice"

    @invariant()
    def no_account_has_more_calls_up_than_it_may(self) -> None:
        for key in getattr(self, "keys", []):
            account = account_of_key(key.id)
            assert self.run(self.world.db.read(calls.open_of, account)) <= AT_ONCE

    async def _try(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            await work
        except RingboltError:
            return

    def teardown(self) -> None:
        """In the end, when everybody answers again, every call is decided."""
        try:
            if hasattr(self, "world"):
                self.run(self._drain())
        finally:
            if hasattr(self, "world"):
                self.run(self.world.db.close())
            self.runner.close()
            shutil.rmtree(self.directory)

    async def _drain(self) -> None:
        carrier = self.world.carrier
        carrier.answers.clear()
        carrier.before_answer.clear()
        await self.world.db.tx(jobs.release_all)
        await self.world.process().work()
        charged = dict.fromkeys((key.id for key in self.keys), 0)
        for caller in self.people:
            await check(self.world, caller, rings=len(await caller.attempts()))
            charged[caller.key.id] += await caller.charged_sats() or 0
        for key in self.keys:
            assert await available_sats(self.world.db, key) == GIFT_SATS - charged[key.id]


def test_held_taken_and_released_agree_with_the_calls_whatever_happens(
    sqlite_template: Path,
) -> None:
    Shop.template = sqlite_template
    run_state_machine_as_test(
        Shop,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
