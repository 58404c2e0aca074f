"""A lender of numbers in memory, as strict as a real one: asked twice it lends twice, unless the
reference tells it that it need not, and a number whose loan is over is lent to the next."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from ringbolt.clock import Clock
from ringbolt.core.errors import Unavailable
from ringbolt.core.recovery import Recovery
from ringbolt.numbers.provider import (
    ActiveLoan,
    Cancelled,
    CancelResult,
    HasText,
    InboundText,
    LendNumber,
    LendResult,
    Lent,
    NoNumber,
    Offer,
    TextBatch,
    TooEarly,
    Unknown,
)

MINUTE_MS = 60_000
USA = 187


@dataclass
class Loan:
    """``told_back``: we said that we do not want it any more, however it ended."""

    id: str
    ref: str
    number: str
    hours: int
    from_ms: int
    until_ms: int
    cancel_after_ms: int
    service: str = ""
    ended_ms: int | None = None
    told_back: bool = False
    texts: list[InboundText] = field(default_factory=list)

    def is_over(self, now_ms: int) -> bool:
        return self.ended_ms is not None or now_ms >= self.until_ms

    @property
    def is_served(self) -> bool:
        return bool(self.texts) if self.hours else any(text.code for text in self.texts)

    def lent(self) -> Lent:
        return Lent(self.id, self.number, self.until_ms, self.cancel_after_ms, USA)


class MemoryLender:
    """Numbers ``prefix`` + 00, 01, ..; ``size`` of them. ``loans`` are all that it ever lent.

    ``answers`` are given to the next requests: ``yes`` (the default), ``none``, ``lost`` (lent,
    and nobody hears of it), ``never_heard`` and ``taken`` (a number that it has lent already, as a
    careless lender does). ``before_answer`` happens right before the next answer, of whatever
    kind. ``lasts_ms``: how long an activation may take. ``names_loans``: texts say which loan they
    came to. ``down``: it does not answer. ``places``: the countries of its
    numbers.
    """

    def __init__(
        self, name: str, recovery: Recovery, clock: Clock, prefix: str = "+120255501", size: int = 6
    ) -> None:
        self.name = name
        self.recovery = recovery
        self.loans: list[Loan] = []
        self.log: list[InboundText] = []
        self.answers: deque[str] = deque()
        self.before_answer: deque[Callable[[], Awaitable[object]]] = deque()
        self.names_loans = True
        self.refuses_early = True
        self.down = False
        self.places: tuple[int, ...] = (USA,)
        self.lasts_ms = 20 * MINUTE_MS
        self.numbers = [f"{prefix}{n:02d}" for n in range(size)]
        self._next = 0
        self._events = itertools.count(1)
        self._clock = clock

    # What the world does

    def open_loan(self, number: str) -> Loan | None:
        now_ms = self._clock.now_ms()
        for loan in self.loans:
            if loan.number == number and not loan.is_over(now_ms):
                return loan
        return None

    def text(self, number: str, text: str, code: str = "", copies: int = 1) -> InboundText:
        """Somebody sends a text to a number; told ``copies`` times with one event id."""
        loan = self.open_loan(number)
        lease_id = loan.id if loan is not None and self.names_loans else ""
        event_id = f"{self.name}-{next(self._events)}"
        now_ms = self._clock.now_ms()
        arrived = InboundText(event_id, number, lease_id, "Acme", text, code, now_ms)
        if loan is not None:
            loan.texts.append(arrived)
        self.log += [arrived] * copies
        return arrived

    def loan_of(self, ref: str) -> Loan | None:
        return next((loan for loan in self.loans if loan.ref == ref), None)

    # What the shop asks

    async def _answering(self) -> None:
        if self.before_answer:
            await self.before_answer.popleft()()
        if self.down:
            raise Unavailable("the lender is down")

    async def lend(self, wanted: LendNumber) -> LendResult:
        if not wanted.still_wanted():
            return NoNumber("not wanted any more", for_now=True)
        if self.down:
            return NoNumber("it was never sent", for_now=True)
        answer = self.answers.popleft() if self.answers else "yes"
        result: LendResult = Unknown("the answer was lost")
        if answer in ("yes", "lost", "taken"):
            before = self.loan_of(wanted.ref) if self.recovery is Recovery.IDEMPOTENT else None
            number = "" if before else self._number(wanted, careless=answer == "taken")
            loan = before or (self._lend(wanted, number) if number else None)
            if answer != "lost" or loan is None:
                result = loan.lent() if loan else NoNumber("NO_NUMBERS")
        elif answer == "none":
            result = NoNumber("NO_NUMBERS")
        if self.before_answer:
            await self.before_answer.popleft()()
        return result

    def _number(self, wanted: LendNumber, *, careless: bool) -> str:
        """The next free one; a careless lender gives the one that it gave last."""
        if careless and self.loans:
            return self.loans[-1].number
        if wanted.again:
            return "" if self.open_loan(wanted.again) else wanted.again
        for _ in self.numbers:
            number = self.numbers[self._next % len(self.numbers)]
            self._next += 1
            if number not in wanted.avoid and self.open_loan(number) is None:
                return number
        return ""

    def _lend(self, wanted: LendNumber, number: str) -> Loan:
        now_ms = self._clock.now_ms()
        lasts_ms = wanted.hours * 60 * MINUTE_MS or self.lasts_ms
        cancel_after_ms = now_ms + 2 * MINUTE_MS if self.refuses_early else 0
        loan = Loan(
            f"{self.name}-loan-{len(self.loans) + 1}", wanted.ref, number, wanted.hours, now_ms,
            now_ms + lasts_ms, cancel_after_ms, wanted.service,
        )  # fmt: skip
        self.loans.append(loan)
        return loan

    def _loan(self, lease_id: str) -> Loan | None:
        return next((loan for loan in self.loans if loan.id == lease_id), None)

    async def cancel(self, lease_id: str) -> CancelResult:
        await self._answering()
        loan = self._loan(lease_id)
        if loan is None:
            return Cancelled()
        now_ms = self._clock.now_ms()
        if loan.is_served:
            return HasText(tuple(loan.texts))
        if not loan.is_over(now_ms) and now_ms < loan.cancel_after_ms:
            return TooEarly(loan.cancel_after_ms)
        self._end(loan)
        return Cancelled()

    async def finish(self, lease_id: str) -> None:
        await self._answering()
        loan = self._loan(lease_id)
        if loan is not None:
            self._end(loan)

    def _end(self, loan: Loan) -> None:
        loan.told_back = True
        if loan.ended_ms is None:
            loan.ended_ms = min(self._clock.now_ms(), loan.until_ms)

    async def another_text(self, lease_id: str) -> bool:
        await self._answering()
        loan = self._loan(lease_id)
        if loan is None or loan.is_over(self._clock.now_ms()):
            return False
        loan.until_ms = self._clock.now_ms() + 20 * MINUTE_MS
        return True

    async def texts(self, lease_id: str) -> tuple[InboundText, ...]:
        await self._answering()
        loan = self._loan(lease_id)
        return () if loan is None else tuple(loan.texts)

    async def events(self, cursor: str) -> AsyncIterator[TextBatch]:
        """What there is now; then the stream breaks off."""
        after = int(cursor or 0)
        if len(self.log) > after:
            yield TextBatch(tuple(self.log[after:]), str(len(self.log)))
        raise Unavailable("the stream ended")

    async def offers(self, country: int) -> tuple[Offer, ...]:
        return (Offer("tg", "Telegram", len(self.numbers)),)

    async def countries(self) -> tuple[int, ...]:
        await self._answering()
        return self.places

    async def close(self) -> None: ...


class MemoryLookupLender(MemoryLender):
    """A lender that can be asked what became of a request."""

    async def find(self, ref: str) -> Lent | None:
        await self._answering()
        loan = self.loan_of(ref)
        return None if loan is None else loan.lent()


class MemoryListingLender(MemoryLender):
    """A lender that keeps no reference of ours, and lists the loans that go on."""

    async def active(self) -> tuple[ActiveLoan, ...]:
        await self._answering()
        now_ms = self._clock.now_ms()
        return tuple(
            ActiveLoan(loan.lent(), loan.service, loan.hours, loan.from_ms)
            for loan in self.loans
            if not loan.is_over(now_ms)
        )


def memory_lender(name: str, recovery: Recovery, clock: Clock, prefix: str = "") -> MemoryLender:
    kind = MemoryLookupLender if recovery is Recovery.LOOKUP else MemoryLender
    return kind(name, recovery, clock, prefix or "+120255501")
