"""A carrier of texts and a mail server in memory, as strict as real ones: who is asked twice
sends twice, unless it says that it does not."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ringbolt.clock import Clock
from ringbolt.core.errors import Unavailable
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.core.sink import Sink
from ringbolt.mail import mailer
from ringbolt.mail.mailer import MailResult, OutMail
from ringbolt.sms import carrier
from ringbolt.sms.carrier import (
    DeliveryReceipt,
    OutSms,
    ReceiptBatch,
    ReceiptState,
    SendResult,
    SmsSnapshot,
)

T = TypeVar("T")


class MemorySms:
    """A carrier that cannot be asked what became of a text.

    ``sent``: the texts that left, one entry each time. ``answers`` are given to the next requests
    (default: yes). ``before_answer`` happens between a text and the answer to who asked for it.
    ``echoes``: whether receipts name our reference. ``one_name``: all parts have one name.
    ``life``: what is told of every part as soon as the text left. ``sent_at_once``: the references
    of texts whose answer said that they were sent.
    """

    def __init__(self, recovery: Recovery, clock: Clock) -> None:
        self.recovery = recovery
        self.sent: list[OutSms] = []
        self.log: list[DeliveryReceipt] = []
        self.answers: deque[Callable[[OutSms], SendResult]] = deque()
        self.before_answer: deque[Callable[[], Awaitable[object]]] = deque()
        self.echoes = True
        self.one_name = False
        self.sent_at_once: set[str] = set()
        self.life: tuple[ReceiptState, ...] = ()
        self._clock = clock

    @property
    def name(self) -> str:
        return "memory"

    async def send(self, sms: OutSms) -> SendResult:
        if not sms.still_wanted():
            return Rejected("not wanted any more", permanent=False)
        answer = (self.answers.popleft() if self.answers else self.takes)(sms)
        if self.before_answer:
            await self.before_answer.popleft()()
        return answer

    # What ``answers`` may hold

    def takes(self, sms: OutSms) -> SendResult:
        self._let_go(sms)
        return carrier.Accepted(self.part_ids(sms))

    def sends_at_once(self, sms: OutSms) -> SendResult:
        self._let_go(sms)
        self.sent_at_once.add(sms.ref)
        return carrier.Accepted(self.part_ids(sms), sent=True)

    def takes_unheard(self, sms: OutSms) -> SendResult:
        self._let_go(sms)
        return Unknown("the answer was lost")

    def never_hears(self, sms: OutSms) -> SendResult:
        return Unknown("the request was lost")

    def refuses(self, sms: OutSms) -> SendResult:
        return Rejected("this destination is not served")

    def refuses_for_now(self, sms: OutSms) -> SendResult:
        return Rejected("throttled", permanent=False)

    def _let_go(self, sms: OutSms) -> None:
        if self.recovery is Recovery.IDEMPOTENT and sms.ref in self.refs:
            return
        self.sent.append(sms)
        for state in self.life:
            for n, _ in enumerate(self.part_ids(sms), 1):
                self.tell(sms, state, n)

    @property
    def refs(self) -> list[str]:
        return [sms.ref for sms in self.sent]

    def part_ids(self, sms: OutSms) -> tuple[str, ...]:
        count = 1 if self.one_name else len(sms.parts)
        return tuple(f"{sms.ref}-{n}" for n in range(1, count + 1))

    # What becomes of texts

    def tell(self, sms: OutSms, state: ReceiptState, n: int = 1) -> DeliveryReceipt:
        """What happens to part ``n`` is told, whether or not somebody listens."""
        part_id = f"{sms.ref}-{n}"
        receipt = DeliveryReceipt(
            event_id=f"{part_id}:{state}",
            part_id=part_id,
            ref=sms.ref if self.echoes else "",
            n=n if self.echoes else 0,
            state=state,
            raw=state.upper(),
            at_ms=self._clock.now_ms(),
        )
        self.log.append(receipt)
        return receipt

    def told(self, sms: OutSms) -> tuple[DeliveryReceipt, ...]:
        return tuple(each for each in self.log if each.part_id.rpartition("-")[0] == sms.ref)

    async def follow(self, cursor: str, sink: Sink[ReceiptBatch]) -> None:
        """What there is now; then the stream breaks off."""
        await sink(ReceiptBatch(tuple(self.log[int(cursor or 0) :]), str(len(self.log))))
        raise Unavailable("the stream ended")

    async def close(self) -> None: ...


class MemoryLookupSms(MemorySms):
    """A carrier that can be asked. ``down``: not now."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(Recovery.LOOKUP, clock)
        self.down = False

    async def find(self, ref: str) -> SmsSnapshot | None:
        if self.down:
            raise Unavailable("the carrier cannot be asked")
        for sms in self.sent:
            if sms.ref == ref:
                return SmsSnapshot(ref, self.part_ids(sms), self.told(sms))
        return None


def memory_sms(recovery: Recovery, clock: Clock) -> MemorySms:
    return MemoryLookupSms(clock) if recovery is Recovery.LOOKUP else MemorySms(recovery, clock)


class MemoryMailer:
    """A mail server; ``sent`` are the mails that it took, one entry each time."""

    def __init__(self, recovery: Recovery) -> None:
        self.recovery = recovery
        self.sent: list[OutMail] = []
        self.answers: deque[Callable[[OutMail], MailResult]] = deque()

    @property
    def name(self) -> str:
        return "memory-mail"

    async def send(self, mail: OutMail) -> MailResult:
        if not mail.still_wanted():
            return Rejected("not wanted any more", permanent=False)
        return (self.answers.popleft() if self.answers else self.takes)(mail)

    def takes(self, mail: OutMail) -> MailResult:
        if self.recovery is not Recovery.IDEMPOTENT or mail.ref not in self.refs:
            self.sent.append(mail)
        return mailer.Accepted(f"mail-{mail.ref}")

    def takes_unheard(self, mail: OutMail) -> MailResult:
        self.takes(mail)
        return Unknown("the answer was lost")

    def never_hears(self, mail: OutMail) -> MailResult:
        return Unknown("the request was lost")

    def refuses(self, mail: OutMail) -> MailResult:
        return Rejected("550 no such user")

    def refuses_for_now(self, mail: OutMail) -> MailResult:
        return Rejected("451 greylisted", permanent=False)

    @property
    def refs(self) -> list[str]:
        return [mail.ref for mail in self.sent]

    async def close(self) -> None: ...


class MemoryLookupMailer(MemoryMailer):
    def __init__(self) -> None:
        super().__init__(Recovery.LOOKUP)

    async def find(self, ref: str) -> str | None:
        return f"mail-{ref}" if ref in self.refs else None


def memory_mailer(recovery: Recovery) -> MemoryMailer:
    return MemoryLookupMailer() if recovery is Recovery.LOOKUP else MemoryMailer(recovery)
