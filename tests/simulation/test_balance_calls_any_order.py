"""Whatever happens to calls on balances, in whatever order and however often: money and delivery
agree. What is held is taken by the minutes begun, or released, and no account has more calls up at
once than it may.

Hypothesis drives one shop and the calls of two accounts through everything that a carrier, a
buyer, a clock and a dying process can do, and shrinks what goes wrong to its shortest story.
"""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from ringbolt.app.accounts.keys import revoke_key
from ringbolt.app.policies import ChargeOn
from ringbolt.core.calls.call import CallStatus
from ringbolt.core.chart_of_accounts import account_of_key
from ringbolt.core.errors import NotFound
from ringbolt.core.outcome import Recovery
from ringbolt.store import calls, jobs
from support.memory import memory_carrier
from support.rigs.balance_calls import (
    Caller,
    assert_promise_kept,
    available_sats,
    funded_key,
    limited,
)
from support.rigs.calls import CallWorld
from support.rigs.shop import LEASE_MS
from support.simulation.call_machine import LIVES, WHO, CallMachine
from support.simulation.machine import assert_holds_whatever_happens

EXAMPLES = 100
TIMES = st.sampled_from([1, 220, 2_500, LEASE_MS + 1, 61_000, 150_000, 301_000, 901_000])
AT_ONCE = 2
MOST_CALLS = 5
GIFT_SATS = 1000


class BalanceCalls(CallMachine):
    """Calls of two accounts."""

    people: list[Caller]

    @initialize(
        recovery=st.sampled_from(list(Recovery)),
        life=LIVES,
        obeys=st.booleans(),
        charge_on=st.sampled_from(["answered", "placed"]),
    )
    def open(
        self,
        recovery: Recovery,
        life: tuple[CallStatus, ...],
        obeys: bool,
        charge_on: ChargeOn,
    ) -> None:
        db = self.open_database()
        self.world = CallWorld(db, self.clock, memory_carrier(recovery, self.clock))
        self.world.settings = limited(charge_on, calls_at_once=AT_ONCE, waiting_calls=3)
        self.world.carrier.life = life
        self.world.carrier.obeys = obeys
        self.charge_on = charge_on
        self.process = self.world.process()
        self.keys = [self.run(funded_key(self.world.db, GIFT_SATS)) for _ in range(2)]

    # The buyer

    @rule(whose=st.integers(0, 1), minutes=st.integers(1, 5))
    def place(self, whose: int, minutes: int) -> None:
        if len(self.people) < MOST_CALLS:
            name = f"call-{len(self.people)}"
            caller = Caller(self.world, self.keys[whose], name, minutes=minutes)
            self.run(self.attempt(caller.place(self.process)))
            if self.run(caller.exists()):
                self.people.append(caller)

    @rule(who=WHO)
    def place_it_again(self, who: int) -> None:
        for caller in self.somebody(who):
            self.run(self.attempt(caller.place(self.process)))

    @rule(who=WHO)
    def hang_up(self, who: int) -> None:
        for caller in self.somebody(who):
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

    @rule(who=WHO, hangs_up=st.booleans())
    def the_next_answer_comes_after_its_events(self, who: int, hangs_up: bool) -> None:
        """And perhaps after the buyer, who saw them, hung up."""

        async def first() -> None:
            await self.world.process().listen()
            for caller in self.somebody(who) if hangs_up else []:
                await caller.hang_up(self.world.process())

        self.world.carrier.before_answer.append(first)

    # Time

    @rule(ms=TIMES)
    def time_passes(self, ms: int) -> None:
        self.pass_ms(ms)

    @rule(ms=st.sampled_from([1000, 3_600_000]))
    def the_clock_is_set_back(self, ms: int) -> None:
        self.pass_ms(-ms)

    # What always holds

    @invariant()
    def no_account_has_more_calls_up_than_it_may(self) -> None:
        for key in getattr(self, "keys", []):
            account = account_of_key(key.id)
            assert self.run(self.world.db.read(calls.open_of, account)) <= AT_ONCE

    async def drain(self) -> None:
        """Every call is decided."""
        self.let_carrier_answer()
        await self.world.db.tx(jobs.release_all)
        await self.world.process().work()
        charged = dict.fromkeys((key.id for key in self.keys), 0)
        for caller in self.people:
            await assert_promise_kept(self.world, caller, rings=len(await caller.attempts()))
            charged[caller.key.id] += await caller.charged_sats() or 0
        for key in self.keys:
            assert await available_sats(self.world.db, key) == GIFT_SATS - charged[key.id]


def test_held_taken_and_released_agree_with_the_calls_whatever_happens(
    sqlite_template: Path,
) -> None:
    assert_holds_whatever_happens(BalanceCalls, sqlite_template, EXAMPLES)
