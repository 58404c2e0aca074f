"""Whatever happens to an order, in whatever order and however often: money and delivery agree.

Hypothesis drives one shop and up to three orders through everything that a carrier, a node, a
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

from ringbolt.app.calls.record_outcome import apply_event
from ringbolt.app.payments.refund import claim_refund
from ringbolt.clock import SystemClock
from ringbolt.core.calls.call import CallStatus
from ringbolt.core.errors import RingboltError
from ringbolt.core.order import OrderState
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.lightning.node import PaymentFailed, PaymentSucceeded, PaymentUnknown
from ringbolt.store import calls, jobs
from ringbolt.store.engine.opening import open_database
from ringbolt.voice.carrier import Accepted, PlaceCall, PlaceResult
from support.memory_world import ANSWERED, BUSY, RINGS, memory_carrier
from support.rigs.calls import LEASE_MS, PRICE_MSAT, Buyer, Died, Fate, Process, World, check

T = TypeVar("T")
LIVES = st.sampled_from([ANSWERED, BUSY, RINGS, ()])
TOLD = st.sampled_from([status for status in CallStatus if status is not CallStatus.QUEUED])
EXAMPLES = int(os.environ.get("RINGBOLT_TEST_EXAMPLES", "100"))
TIMES = st.sampled_from([1, 400, 6_000, LEASE_MS + 1, 60_000, 301_000, 3_600_000, 90_000_000])


class Shop(RuleBasedStateMachine):
    """The rules are what may happen; ``template`` is a migrated database."""

    template: Path
    buyers = Bundle("buyers")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.directory = Path(tempfile.mkdtemp(prefix="rb-any-"))
        self.people: list[Buyer] = []

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize(recovery=st.sampled_from(list(Recovery)), life=LIVES)
    def open(self, recovery: Recovery, life: tuple[CallStatus, ...]) -> None:
        path = self.directory / "shop.db"
        shutil.copy(self.template, path)
        clock = SystemClock()
        self.clock = clock
        db = self.run(open_database(f"sqlite:///{path}", clock))
        self.world = World(db, clock, memory_carrier(recovery, clock))
        self.world.carrier.life = life
        self.process = self.world.process()

    # The buyer

    @rule(target=buyers)
    def pay_and_redeem(self) -> int:
        if len(self.people) < 3:
            self.people.append(Buyer(self.world))
            self.run(self.people[-1].redeem(self.process))
        return len(self.people) - 1

    @rule(who=buyers)
    def show_the_credential_again(self, who: int) -> None:
        self.run(self.people[who].redeem(self.process))

    @rule(who=buyers)
    def claim_the_refund(self, who: int) -> None:
        self.run(self._try(self.people[who].claim(self.process)))

    @rule(who=buyers)
    def claim_with_the_same_invoice_again(self, who: int) -> None:
        refund = self.run(self.people[who].refund())
        if refund is not None and refund.bolt11 is not None:
            self.run(self._try(claim_refund(self.process.shop, refund.k1, refund.bolt11)))

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

    @rule(retry=st.booleans())
    def the_next_answer_comes_after_its_events(self, retry: bool) -> None:
        """And perhaps after the buyer, who saw them, showed the credential again."""

        async def first() -> None:
            await self.world.process().listen()
            for buyer in self.people if retry else []:
                await buyer.redeem(self.process)

        self.world.carrier.before_answer.append(first)

    @rule(who=buyers, status=TOLD, digits=st.sampled_from(["", "1", "#"]), skip=st.integers(0, 2))
    def something_happens_to_a_call(
        self, who: int, status: CallStatus, digits: str, skip: int
    ) -> None:
        """Also what no honest carrier tells: a busy line that is answered, numbers left out."""
        for ref in self.run(self.people[who].rings())[-1:]:
            self.world.carrier.tell(ref, status, digits=digits, skip=skip)

    @rule(who=buyers, which=st.integers(0, 20))
    def an_old_event_is_told_again(self, who: int, which: int) -> None:
        log = self.world.carrier.log
        if log:
            self.run(self.world.db.tx(apply_event, log[which % len(log)], "answered"))

    @rule()
    def the_whole_stream_is_told_again(self) -> None:
        for event in list(self.world.carrier.log):
            self.run(self.world.db.tx(apply_event, event, "answered"))

    # The node

    @rule(
        outcome=st.sampled_from(
            [PaymentSucceeded(b"\1" * 32, 0), PaymentFailed("no route"), PaymentUnknown("?")]
        )
    )
    def the_next_payment_will(self, outcome: Any) -> None:
        self.world.node.outcomes.append(outcome)

    @rule(success=st.booleans())
    def payments_in_flight_end(self, success: bool) -> None:
        node = self.world.node
        for payment_hash, outcome in node.known.items():
            if isinstance(outcome, PaymentUnknown):
                node.known[payment_hash] = (
                    PaymentSucceeded(b"\1" * 32, 0) if success else PaymentFailed("timeout")
                )
                if success:
                    node.paid_out[payment_hash] = PRICE_MSAT

    @rule(down=st.booleans())
    def the_node_goes_or_comes(self, down: bool) -> None:
        self.world.node.down = down

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
        if hasattr(self, "world") and not self.world.node.down:
            assert self.run(self._complaints()) == []

    @invariant()
    def nobody_is_called_twice_for_one_try(self) -> None:
        for buyer in self.people:
            rings = self.run(buyer.rings())
            assert len(rings) == len(set(rings)), "an attempt rang twice"

    async def _complaints(self) -> list[str]:
        await self.process.listen()  # what the node has, the books may have only then
        return await self.world.complaints()

    async def _try(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            await work
        except RingboltError:
            return

    def teardown(self) -> None:
        """In the end, when everybody answers again, every order is decided."""
        try:
            if hasattr(self, "world"):
                self.run(self._drain())
        finally:
            if hasattr(self, "world"):
                self.run(self.world.db.close())
            self.runner.close()
            shutil.rmtree(self.directory)

    async def _drain(self) -> None:
        node, carrier = self.world.node, self.world.carrier
        node.down = False
        node.outcomes.clear()
        carrier.answers.clear()
        carrier.before_answer.clear()
        for payment_hash, outcome in node.known.items():
            if isinstance(outcome, PaymentUnknown):
                node.known[payment_hash] = PaymentFailed("timeout")
        await self.world.db.tx(jobs.release_all)
        process: Process = self.world.process()
        await process.work()
        for buyer in self.people:
            order = await buyer.order()
            assert order.state in (OrderState.SETTLED, OrderState.FAILED, OrderState.RETURNED)
            if order.state is OrderState.FAILED:
                await self._try(buyer.claim(process))
                await process.work()
            await self._judge(buyer)

    async def _judge(self, buyer: Buyer) -> None:
        tries = len(await buyer.attempts())
        order = await check(self.world, buyer, rings=tries)
        call = await self.world.db.read(calls.call_of, order.id)
        assert call is not None
        assert call.status.is_final
        if order.state is not OrderState.SETTLED:
            assert order.state is OrderState.RETURNED


def test_money_and_delivery_agree_whatever_happens(sqlite_template: Path) -> None:
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
