"""Whatever happens to texts that were paid for, in whatever order: money and delivery agree.

Hypothesis drives one shop and up to three orders through everything that a carrier, its receipts,
a node, a clock and a dying process can do, and shrinks what goes wrong to its shortest story.
"""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, initialize, invariant, rule

from ringbolt.app.messages.record_receipt import record_receipt
from ringbolt.core.order import PaymentMethod
from ringbolt.core.outcome import Recovery
from ringbolt.sms.carrier import OutSms, ReceiptState
from ringbolt.sms.memory.carrier import MemoryLookupSms
from ringbolt.store import jobs
from ringbolt.store.messages import MessageStatus
from support.memory import SearchedSms
from support.rigs.messages import MessageOrder, MessageProcess, MessageWorld
from support.rigs.shop import LEASE_MS
from support.simulation.machine import ShopMachine, assert_holds_whatever_happens

EXAMPLES = 60
TIMES = st.sampled_from([400, 1_100, 1_100, 6_000, LEASE_MS + 1, 60_000, 601_000, -3_600_000])
TOLD = st.sampled_from([*ReceiptState, ReceiptState.FAILED])
RECEIPTS = st.lists(st.tuples(TOLD, st.sampled_from([1, 1, 2, 3, 4])), min_size=1, max_size=3)
METHODS = st.sampled_from([PaymentMethod.HOLD, PaymentMethod.BALANCE])
ANSWERS = ["takes", "sends_at_once", "takes_unheard", "never_hears", "refuses", "refuses_for_now"]
PARTS = st.sampled_from([1, 1, 2, 3])
ANSWERED = st.sampled_from(["takes", "takes_unheard", "never_hears", *ANSWERS, "takes"])
SENT_STATES = (ReceiptState.SENT, ReceiptState.DELIVERED)


class Texts(ShopMachine):
    """Up to three texts."""

    world: MessageWorld
    bought = Bundle("bought")

    def __init__(self) -> None:
        super().__init__()
        self.orders: list[MessageOrder] = []
        self.first_deadline_ms = 0
        self.was_down = False

    @initialize(
        target=bought,
        method=METHODS,
        parts=PARTS,
        answer=ANSWERED,
        recovery=st.sampled_from([*Recovery, "searched"]),
        settle_on=st.sampled_from(["sent", "delivered"]),
        echoes=st.booleans(),
        one_name=st.booleans(),
    )
    def open(
        self,
        method: PaymentMethod,
        parts: int,
        answer: str,
        recovery: Recovery | str,
        settle_on: str,
        echoes: bool,
        one_name: bool,
    ) -> int:
        db = self.open_database()
        options = {"sms": {"settle_on": settle_on}}
        known = recovery if isinstance(recovery, Recovery) else Recovery.LOOKUP
        self.world = MessageWorld(db, self.clock, known, options)
        if isinstance(recovery, Recovery):
            self.world.sms.one_name = one_name
        else:
            self.world.sms = SearchedSms(self.clock)
        self.world.sms.echoes = echoes
        self.process = self.world.process()
        return self.buy_one(method, parts, answer, waits=False)

    # The buyer

    @rule(
        target=bought,
        method=METHODS,
        parts=PARTS,
        answer=ANSWERED,
        waits=st.booleans(),
    )
    def buy(self, method: PaymentMethod, parts: int, answer: str, waits: bool) -> int:
        return self.buy_one(method, parts, answer, waits)

    def buy_one(self, method: PaymentMethod, parts: int, answer: str, waits: bool) -> int:
        """A text is paid for, and sent at once unless the shop is busy (``waits``)."""
        if len(self.orders) < 3:
            # Each to another number: whose of two alike a text is, only their receipts tell.
            to = f"+120255501{len(self.orders):02d}"
            self.orders.append(self.run(self.world.buy(method, parts=parts, to=to)))
            self.first_deadline_ms = self.first_deadline_ms or self._deadline_ms()
            self.world.sms.answers.append(getattr(self.world.sms, answer))
            if not waits:
                self.run(self.process.run_all_due())
        return len(self.orders) - 1

    def _deadline_ms(self) -> int:
        return self.clock.now_ms() + self.world.settings.orders.receipt_within_s * 1000 - 10_000

    # The carrier

    @rule(answer=st.sampled_from(ANSWERS))
    def the_carrier_will_say(self, answer: str) -> None:
        self.world.sms.answers.append(getattr(self.world.sms, answer))

    @rule(reported=RECEIPTS)
    def receipts_come_before_the_next_answer(
        self, reported: list[tuple[ReceiptState, int]]
    ) -> None:
        async def first() -> None:
            for state, n in reported:
                self._tell(self.world.sms.sent[-1:], state, n)
            await self.world.process().listen()

        self.world.sms.before_answer.append(first)

    @rule(which=bought, reported=RECEIPTS, heard=st.booleans())
    def something_happens_to_parts(
        self, which: int, reported: list[tuple[ReceiptState, int]], heard: bool
    ) -> None:
        """Also what no honest carrier tells: failed and then delivered, a fourth part of three."""
        for state, n in reported:
            self._tell(self.run(self.orders[which].texts()), state, n)
        if heard:
            self.listen()

    @rule(which=bought, state=st.sampled_from(SENT_STATES), heard=st.booleans())
    def all_parts_come_on(self, which: int, state: ReceiptState, heard: bool) -> None:
        for sms in self.run(self.orders[which].texts()):
            for n, _ in enumerate(self.world.sms.part_ids(sms), 1):
                self.world.sms.tell(sms, state, n)
        if heard:
            self.listen()

    def _tell(self, texts: list[OutSms], state: ReceiptState, n: int) -> None:
        for sms in texts:
            if n <= len(self.world.sms.part_ids(sms)) or not self.world.sms.one_name:
                self.world.sms.tell(sms, state, n)

    @rule(which=st.integers(0, 20))
    def an_old_receipt_is_reported_again(self, which: int) -> None:
        log, settle_on = self.world.sms.log, self.world.settings.sms.settle_on
        if log:
            receipt = log[which % len(log)]
            self.run(self.world.db.tx(record_receipt, "memory", receipt, settle_on))

    @rule(carrier=st.booleans(), node=st.booleans())
    def the_others_go_or_come(self, carrier: bool, node: bool) -> None:
        """The carrier cannot be asked what became of a text, and the node cannot be told."""
        self.world.node.down = node
        if isinstance(self.world.sms, MemoryLookupSms):
            self.world.sms.down = carrier
            self.was_down |= carrier

    # The shop, and time

    async def work_once(self, process: MessageProcess) -> None:
        await process.run_all_due()

    @rule(ms=TIMES)
    def time_passes(self, ms: int) -> None:
        """Or is set back."""
        self.pass_ms(ms)

    # What always holds

    async def complaints(self) -> list[str]:
        return [] if self.world.node.down else await super().complaints()

    @invariant()
    def nothing_is_sent_twice(self) -> None:
        for order in self.orders:
            assert len(self.run(order.texts())) <= 1, "a text was sent twice"

    async def drain(self) -> None:
        """Every order is decided."""
        sms, node = self.world.sms, self.world.node
        node.down = False
        if isinstance(sms, MemoryLookupSms):
            sms.down = False
        sms.answers.clear()
        sms.before_answer.clear()
        await self.world.db.tx(jobs.release_all)
        await self.world.process().work()
        for order in self.orders:
            await self._judge(order)
        assert await self.world.complaints() == []

    async def _judge(self, order: MessageOrder) -> None:
        message, row = await order.message(), await order.row()
        texts = await order.texts()
        assert len(texts) <= 1
        assert await order.jobs_left() == []
        assert row.finished_ms is not None
        if await order.has_been_paid():
            assert self._is_reported(texts[0]), "a text was charged without the receipts for it"
            assert message.status is not MessageStatus.CREATED
        else:
            assert message.status is MessageStatus.FAILED
            assert not texts or not self._must_be_paid(texts[0]), "a sent text was given away"

    def _must_be_paid(self, sms: OutSms) -> bool:
        """A carrier that can be asked told enough in time, and never of a failure."""
        reported = self.world.sms.receipts_of(sms)
        is_late = any(each.at_ms > self.first_deadline_ms for each in reported)
        failed = any(each.state is ReceiptState.FAILED for each in reported)
        could_ask = isinstance(self.world.sms, MemoryLookupSms | SearchedSms) and not self.was_down
        return could_ask and not failed and not is_late and self._is_reported(sms)

    def _is_reported(self, sms: OutSms) -> bool:
        """Whether every part was said to be where it has to be to be paid for."""
        enough: tuple[ReceiptState, ...] = SENT_STATES
        if self.world.settings.sms.settle_on == "delivered":
            enough = (ReceiptState.DELIVERED,)
        elif sms.ref in self.world.sms.sent_at_once:
            return True
        reached = {each.part_id for each in self.world.sms.receipts_of(sms) if each.state in enough}
        return reached >= set(self.world.sms.part_ids(sms))


def test_money_and_delivery_of_texts_agree_whatever_happens(sqlite_template: Path) -> None:
    assert_holds_whatever_happens(Texts, sqlite_template, EXAMPLES)
