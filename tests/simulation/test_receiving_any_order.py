"""Whatever happens to numbers that were paid for, in whatever order: money and delivery agree.

Hypothesis drives one shop and up to three orders through everything that providers, texts, a buyer,
a clock and a dying process can do, and shrinks what goes wrong to its shortest story.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, initialize, invariant, rule

from ringbolt.app.numbers.cancel_order import cancel_order
from ringbolt.app.numbers.receive_text import receive_texts
from ringbolt.app.numbers.replace_number import replace_number
from ringbolt.app.numbers.request_text import request_text
from ringbolt.app.payments.decide_outcome import fail
from ringbolt.app.shop import Shop
from ringbolt.core.order import OrderState, PaymentMethod
from ringbolt.core.outcome import Recovery
from ringbolt.numbers.memory.provider import MINUTE_MS, USA, MemoryLease, MemoryProvider
from ringbolt.store import cursors, jobs
from support.rigs.receiving import PaidReceivingOrder, ReceivingProcess, ReceivingWorld
from support.rigs.shop import LEASE_MS
from support.simulation.machine import KINDS_OF_DEATH, ShopMachine, assert_holds_whatever_happens

EXAMPLES = 60
S = OrderState
LOST = "the payment fell back to the payer before the order was brought about"
ANSWERS = st.sampled_from(["yes", "none", "lost", "never_heard", "taken"])
METHODS = st.sampled_from([PaymentMethod.HOLD, PaymentMethod.BALANCE])
SERVICES = st.sampled_from(["tg", "vk"])
WORDS = st.sampled_from(["Your code is 48010", "Use 7171 to sign in", "Welcome to the club"])
HOURS = st.sampled_from([0, 0, 0, 4])
TIMES = st.sampled_from(
    [1, 1000, 6000, LEASE_MS + 1, 2 * MINUTE_MS + 1, 11 * MINUTE_MS, 19 * MINUTE_MS, 61 * MINUTE_MS]
)
Deed = Callable[[Shop, str], Awaitable[None]]
DEEDS: dict[str, Deed] = {
    "cancel": cancel_order,
    "another number": replace_number,
    "another text": request_text,
}
_PAID = frozenset({S.FULFILLED, S.SETTLED})


class Receptions(ShopMachine):
    """Up to three orders of numbers, and two providers."""

    world: ReceivingWorld
    bought = Bundle("bought")

    def __init__(self) -> None:
        super().__init__()
        self.orders: list[PaidReceivingOrder] = []

    @initialize(
        target=bought,
        recovery=st.sampled_from([Recovery.LOOKUP, *Recovery]),
        names_leases=st.booleans(),
        early=st.booleans(),
        method=METHODS,
        hours=HOURS,
        is_begun=st.booleans(),
    )
    def open(
        self,
        recovery: Recovery,
        names_leases: bool,
        early: bool,
        method: PaymentMethod,
        hours: int,
        is_begun: bool,
    ) -> int:
        """A shop with an order that was just paid, or has its number already."""
        db = self.open_database()
        self.world = ReceivingWorld(db, self.clock, recovery)
        self.world.backend.names_leases = names_leases
        self.world.backend.refuses_early = early
        self.process: ReceivingProcess = self.world.process()
        self.was_down = False
        self.orders.append(self.run(self.world.buy(method, service="tg", hours=hours)))
        if is_begun:
            self.run(self.process.settle_down())
        return 0

    # Buyers

    @rule(
        target=bought,
        method=METHODS,
        service=SERVICES,
        hours=HOURS,
        real=st.booleans(),
    )
    def buy(self, method: PaymentMethod, service: str, hours: int, real: bool) -> int:
        if len(self.orders) < 3:
            order = self.world.buy(method, service=service, hours=hours, real=real)
            self.orders.append(self.run(order))
        return len(self.orders) - 1

    @rule(which=bought, deed=st.sampled_from(sorted(DEEDS)))
    def the_buyer_wants(self, which: int, deed: str) -> None:
        self.run(self._want(self.process, deed, which))

    # Providers, and who texts

    @rule(answer=ANSWERS, own=st.booleans())
    def the_provider_will_say(self, answer: str, own: bool) -> None:
        self.world.backends[own].answers.append(answer)

    @rule(which=bought, words=WORDS, former=st.booleans(), copies=st.integers(1, 2))
    def a_text_comes(self, which: int, words: str, former: bool, copies: int) -> None:
        self.run(self._text(which, words, former, copies))

    @rule(own=st.booleans(), n=st.integers(0, 5), words=WORDS)
    def a_text_comes_to_any_number(self, own: bool, n: int, words: str) -> None:
        backend = self.world.backends[own]
        backend.text(backend.stock[USA][n], words)

    @rule(
        what=st.sampled_from(["text", "text, heard", "work", *sorted(DEEDS)]),
        which=bought,
        words=WORDS,
        skip=st.sampled_from([0, 0, 0, 1, 2]),
        own=st.sampled_from([False, False, True]),
    )
    def before_the_provider_answers(
        self, what: str, which: int, words: str, skip: int, own: bool
    ) -> None:
        """What happens at the same instant: after the shop asked, before it hears."""
        waiting = self.world.backends[own].before_answer
        if len(waiting) < 4:
            waiting.extend([_nothing] * skip)
            waiting.append(lambda: self._meanwhile(what, which, words))

    @rule()
    def all_texts_are_reported_again(self) -> None:
        for backend in self.world.backends:
            self.run(
                self.world.db.tx(
                    receive_texts,
                    self.process.shop.policies.receiving,
                    backend.name,
                    tuple(backend.log),
                )
            )

    @rule(own=st.booleans())
    def a_stream_loses_what_nobody_heard_yet(self, own: bool) -> None:
        """Only the last look finds it."""
        backend = self.world.backends[own]
        heard = self.run(self.world.db.read(cursors.get, f"texts:{backend.name}"))
        del backend.log[int(heard or 0) :]

    @rule(own=st.booleans(), down=st.booleans())
    def a_provider_goes_or_comes(self, own: bool, down: bool) -> None:
        self.world.backends[own].down = down
        self.was_down = self.was_down or down

    # The node

    @rule(which=bought)
    def a_payment_falls_back(self, which: int) -> None:
        async def lose() -> None:
            order = await self.orders[which].row()
            if order.method is PaymentMethod.HOLD:
                under_way = frozenset({S.PAID, S.DISPATCHING, S.IN_PROGRESS})
                await self.world.db.tx(_lose, order.id, under_way)

        self.run(lose())

    # The shop, and time

    async def work_once(self, process: ReceivingProcess) -> None:
        await process.settle_down()

    @rule(
        which=bought, deed=st.sampled_from(sorted(DEEDS)), at=st.integers(1, 4), kind=KINDS_OF_DEATH
    )
    def die_while_the_buyer_wants(self, which: int, deed: str, at: int, kind: str) -> None:
        self.die(at, kind, lambda process: self._want(process, deed, which))

    @rule(ms=TIMES)
    def time_passes(self, ms: int) -> None:
        self.pass_ms(ms)

    @rule(ms=TIMES)
    def time_passes_at_work(self, ms: int) -> None:
        self.run(self.process.pass_ms(ms))

    # What always holds

    @invariant()
    def every_text_is_of_who_had_the_number(self) -> None:
        for n in range(len(self.orders)):
            self.run(self._check_texts(self.orders[n]))

    @invariant()
    def who_has_a_code_pays_for_it(self) -> None:
        for order in self.orders:
            self.run(self._check_delivery(order))

    async def _check_texts(self, order: PaidReceivingOrder) -> None:
        leases = {lease.ref for lease in await order.provider_leases()}
        for text in await order.texts():
            came_to = self._came_to(text.source, text.event_id)
            assert came_to is None or came_to.ref in leases, "a stranger's text"
            known = {lease.number: lease for lease in await order.leases()}
            lease = known[text.number]
            assert text.received_ms >= lease.from_ms
            assert lease.ended_ms is None or text.received_ms <= lease.ended_ms

    def _came_to(self, source: str, event_id: str) -> MemoryLease | None:
        """The lease that a text came to, as the provider knows it."""
        for backend in self.world.backends:
            for lease in backend.leases if backend.name == source else []:
                if any(text.event_id == event_id for text in lease.texts):
                    return lease
        return None

    async def _check_delivery(self, order: PaidReceivingOrder) -> None:
        row, receiving, texts = await order.row(), await order.receiving(), await order.texts()
        assert receiving.texts == len(texts)
        codes = [text.code for text in texts if text.code]
        assert receiving.code == (codes[-1] if codes else "")
        is_delivered = bool(texts) if receiving.is_rental else bool(codes)
        if receiving.is_rental and row.state in _PAID and not is_delivered:
            assert row.paid_ms is not None
            assert (receiving.assigned_ms or 0) + 20 * MINUTE_MS <= self.clock.now_ms()
        else:
            assert is_delivered == (row.state in _PAID), (row.state, row.reason)
        assert receiving.numbers_tried <= 6
        held = [lease for lease in await order.leases() if lease.ended_ms is None]
        assert len(held) <= 1

    # Doing it

    async def _text(self, which: int, words: str, former: bool, copies: int) -> None:
        leases = await self.orders[which].provider_leases()
        if leases:
            lease = leases[0] if former else leases[-1]
            backend = self._provider_of(lease)
            backend.text(lease.number, words, copies=copies)

    def _provider_of(self, lease: MemoryLease) -> MemoryProvider:
        return next(each for each in self.world.backends if lease in each.leases)

    async def _meanwhile(self, what: str, which: int, words: str) -> None:
        other = self.world.process()
        if what.startswith("text"):
            await self._text(which, words, former=False, copies=1)
        if what == "text, heard":
            await other.listen()
        elif what == "work":
            await other.run_due()
        elif what in DEEDS:
            await self._want(other, what, which)

    async def _want(self, process: ReceivingProcess, deed: str, which: int) -> None:
        await self.attempt(DEEDS[deed](process.shop, self.orders[which].id))

    async def drain(self) -> None:
        """Every order is decided, and no number kept."""
        for backend in self.world.backends:
            backend.down = False
            backend.answers.clear()
            backend.before_answer.clear()
        await self.world.db.tx(jobs.release_all)
        await self.world.process().work()
        for order in self.orders:
            await order.has_been_paid()
            await self._check_delivery(order)
            assert await order.jobs_left() == []
            assert all(lease.ended_ms is not None for lease in await order.leases())
            await self._check_loans(order)
        assert await self.world.complaints() == []

    async def _check_loans(self, order: PaidReceivingOrder) -> None:
        """Nothing was borrowed twice for one attempt, and everything that is known went back."""
        leases = await order.provider_leases()
        refs = [lease.ref for lease in leases]
        assert len(set(refs)) == len(refs), "one attempt borrowed twice"
        known = {attempt.carrier_id for attempt in await order.attempts()}
        for lease in leases:
            asked = lease.id in known or self._provider_of(lease).recovery is Recovery.LOOKUP
            assert lease.released or not asked or self.was_down


async def _nothing() -> None: ...


def _lose(tx: Any, order_id: str, under_way: frozenset[OrderState]) -> None:
    fail(tx, order_id, LOST, only_from=under_way)


def test_money_and_delivery_agree_whatever_happens_to_numbers(sqlite_template: Path) -> None:
    assert_holds_whatever_happens(Receptions, sqlite_template, EXAMPLES)
