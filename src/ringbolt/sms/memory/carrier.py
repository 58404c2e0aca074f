"""An SMS carrier in memory. Like a real one, it sends a text twice if it is requested twice, unless
its ``recovery`` is ``IDEMPOTENT``."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable

from ringbolt.clock import Clock
from ringbolt.core.errors import Unavailable
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.core.pricing.amount import Amount
from ringbolt.core.sink import Sink
from ringbolt.core.texts.segments import part_fault
from ringbolt.sms.carrier import (
    Accepted,
    DeliveryReceipt,
    OutSms,
    ReceiptBatch,
    ReceiptState,
    SendResult,
    SmsSnapshot,
)
from ringbolt.upstream.event_log import EventLog

AnswerTo = Callable[[OutSms], SendResult]


class MemorySms:
    """An SMS carrier without a look-up.

    ``sent``: the texts sent, one entry each time. ``answers``: the answers to the next requests;
    ``by_number``: to requests for a number (default: ``takes``). ``before_answer``: run after the
    text was sent and before the request is answered. ``life``: the states that receipts report of
    every part as soon as a text was sent. ``echoes``: whether receipts contain our reference.
    ``one_name``: all parts have the same id. ``sent_at_once``: references of texts that were
    answered as sent. ``log``: all receipts.
    """

    def __init__(self, recovery: Recovery, clock: Clock, name: str = "memory") -> None:
        self.name = name
        self.recovery = recovery
        self.sent: list[OutSms] = []
        self.log: EventLog[DeliveryReceipt] = EventLog()
        self.answers: deque[AnswerTo] = deque()
        self.by_number: dict[str, AnswerTo] = {}
        self.before_answer: deque[Callable[[], Awaitable[object]]] = deque()
        self.echoes = True
        self.one_name = False
        self.sent_at_once: set[str] = set()
        self.life: tuple[ReceiptState, ...] = ()
        self._clock = clock

    async def send(self, sms: OutSms) -> SendResult:
        if not sms.still_wanted():
            return Rejected("not wanted any more", permanent=False)
        fault = part_fault(sms.parts, sms.encoding)
        if fault is not None:
            return Rejected(f"invalid message: {fault}")
        answer_to = self.answers.popleft() if self.answers else self.by_number.get(sms.to)
        answer = (answer_to or self.takes)(sms)
        if self.before_answer:
            await self.before_answer.popleft()()
        return answer

    # What ``answers`` and ``by_number`` may hold

    def takes(self, sms: OutSms) -> SendResult:
        self._let_go(sms, self.life)
        return Accepted(self.part_ids(sms))

    def takes_and_tells(self, *states: ReceiptState) -> AnswerTo:
        """Accept the text, and report ``states`` of every part instead of ``life``."""

        def answer(sms: OutSms) -> SendResult:
            self._let_go(sms, states)
            return Accepted(self.part_ids(sms))

        return answer

    def sends_at_once(self, sms: OutSms) -> SendResult:
        self._let_go(sms, self.life)
        self.sent_at_once.add(sms.ref)
        return Accepted(self.part_ids(sms), sent=True)

    def takes_unheard(self, sms: OutSms) -> SendResult:
        self._let_go(sms, self.life)
        return Unknown("the answer was lost")

    def never_hears(self, sms: OutSms) -> SendResult:
        return Unknown("the request was lost")

    def refuses(self, sms: OutSms) -> SendResult:
        return Rejected("this destination is not served")

    def refuses_for_now(self, sms: OutSms) -> SendResult:
        return Rejected("throttled", permanent=False, retry_after_ms=1000)

    def _let_go(self, sms: OutSms, life: tuple[ReceiptState, ...]) -> None:
        if self.recovery is Recovery.IDEMPOTENT and sms.ref in self.refs:
            return
        self.sent.append(sms)
        for state in life:
            for n, _ in enumerate(self.part_ids(sms), 1):
                self.tell(sms, state, n)

    @property
    def refs(self) -> list[str]:
        return [sms.ref for sms in self.sent]

    def part_ids(self, sms: OutSms) -> tuple[str, ...]:
        count = 1 if self.one_name else len(sms.parts)
        return tuple(f"{sms.ref}-{n}" for n in range(1, count + 1))

    # Receipts

    def tell(
        self, sms: OutSms, state: ReceiptState, n: int = 1, cost: Amount | None = None
    ) -> DeliveryReceipt:
        """Report ``state`` of part ``n`` in a receipt."""
        part_id = f"{sms.ref}-{n}"
        receipt = DeliveryReceipt(
            event_id=f"{part_id}:{state}",
            part_id=part_id,
            ref=sms.ref if self.echoes else "",
            n=n if self.echoes else 0,
            state=state,
            raw=state.upper(),
            at_ms=self._clock.now_ms(),
            cost=cost,
        )
        self.log.append(receipt)
        return receipt

    def receipts_of(self, sms: OutSms) -> tuple[DeliveryReceipt, ...]:
        return tuple(each for each in self.log if each.part_id.rpartition("-")[0] == sms.ref)

    def inbox(self, number: str) -> list[OutSms]:
        """The texts on the phone with this number: those with all parts delivered."""
        return [sms for sms in self.sent if sms.to == number and self._is_delivered(sms)]

    def _is_delivered(self, sms: OutSms) -> bool:
        delivered = {each.part_id for each in self.receipts_of(sms) if each.state == "delivered"}
        return delivered.issuperset(self.part_ids(sms))

    async def follow(self, cursor: str, sink: Sink[ReceiptBatch]) -> None:
        await self.log.follow(cursor, lambda events, place: sink(ReceiptBatch(events, place)))

    async def close(self) -> None: ...


class MemoryLookupSms(MemorySms):
    """An SMS carrier with a look-up. ``down``: it does not answer at present."""

    def __init__(self, clock: Clock, name: str = "memory") -> None:
        super().__init__(Recovery.LOOKUP, clock, name)
        self.down = False

    async def find(self, ref: str) -> SmsSnapshot | None:
        if self.down:
            raise Unavailable("the carrier cannot be asked")
        for sms in self.sent:
            if sms.ref == ref:
                return SmsSnapshot(ref, self.part_ids(sms), self.receipts_of(sms))
        return None


def memory_sms(recovery: Recovery, clock: Clock, name: str = "memory") -> MemorySms:
    """A carrier in memory, for tests."""
    if recovery is Recovery.LOOKUP:
        return MemoryLookupSms(clock, name)
    return MemorySms(recovery, clock, name)
