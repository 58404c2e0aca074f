"""A lender of numbers in memory, as strict as a real one: asked twice it lends twice, unless the
reference tells it that it need not, and a number whose loan is over is lent to the next."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from ringbolt.clock import Clock
from ringbolt.core.errors import Unavailable
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.core.sink import Sink
from ringbolt.numbers.provider import (
    Acquired,
    AcquireNumber,
    AcquireResult,
    ActiveLease,
    Cancelled,
    CancelResult,
    HasText,
    InboundText,
    Offer,
    TextBatch,
    TooEarly,
)

MINUTE_MS = 60_000
USA = 187


@dataclass
class SimulatedLease:
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

    def acquired(self) -> Acquired:
        return Acquired(self.id, self.number, self.until_ms, self.cancel_after_ms, USA)


class MemoryProvider:
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
        self.leases: list[SimulatedLease] = []
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

    def open_loan(self, number: str) -> SimulatedLease | None:
        now_ms = self._clock.now_ms()
        for lease in self.leases:
            if lease.number == number and not lease.is_over(now_ms):
                return lease
        return None

    def text(self, number: str, text: str, code: str = "", copies: int = 1) -> InboundText:
        """Somebody sends a text to a number; told ``copies`` times with one event id."""
        lease = self.open_loan(number)
        lease_id = lease.id if lease is not None and self.names_loans else ""
        event_id = f"{self.name}-{next(self._events)}"
        now_ms = self._clock.now_ms()
        arrived = InboundText(event_id, number, lease_id, "Acme", text, code, now_ms)
        if lease is not None:
            lease.texts.append(arrived)
        self.log += [arrived] * copies
        return arrived

    def loan_of(self, ref: str) -> SimulatedLease | None:
        return next((lease for lease in self.leases if lease.ref == ref), None)

    # What the shop asks

    async def _answering(self) -> None:
        if self.before_answer:
            await self.before_answer.popleft()()
        if self.down:
            raise Unavailable("the lender is down")

    async def acquire(self, wanted: AcquireNumber) -> AcquireResult:
        if not wanted.still_wanted():
            return Rejected("not wanted any more", permanent=False)
        if self.down:
            return Rejected("it was never sent", permanent=False)
        answer = self.answers.popleft() if self.answers else "yes"
        result: AcquireResult = Unknown("the answer was lost")
        if answer in ("yes", "lost", "taken"):
            before = self.loan_of(wanted.ref) if self.recovery is Recovery.IDEMPOTENT else None
            number = "" if before else self._number(wanted, careless=answer == "taken")
            lease = before or (self._lend(wanted, number) if number else None)
            if answer != "lost" or lease is None:
                result = lease.acquired() if lease else Rejected("NO_NUMBERS")
        elif answer == "none":
            result = Rejected("NO_NUMBERS")
        if self.before_answer:
            await self.before_answer.popleft()()
        return result

    def _number(self, wanted: AcquireNumber, *, careless: bool) -> str:
        """The next free one; a careless lender gives the one that it gave last."""
        if careless and self.leases:
            return self.leases[-1].number
        if wanted.again:
            return "" if self.open_loan(wanted.again) else wanted.again
        for _ in self.numbers:
            number = self.numbers[self._next % len(self.numbers)]
            self._next += 1
            if number not in wanted.avoid and self.open_loan(number) is None:
                return number
        return ""

    def _lend(self, wanted: AcquireNumber, number: str) -> SimulatedLease:
        now_ms = self._clock.now_ms()
        lasts_ms = wanted.hours * 60 * MINUTE_MS or self.lasts_ms
        cancel_after_ms = now_ms + 2 * MINUTE_MS if self.refuses_early else 0
        lease = SimulatedLease(
            f"{self.name}-loan-{len(self.leases) + 1}", wanted.ref, number, wanted.hours, now_ms,
            now_ms + lasts_ms, cancel_after_ms, wanted.service,
        )  # fmt: skip
        self.leases.append(lease)
        return lease

    def _loan(self, lease_id: str) -> SimulatedLease | None:
        return next((lease for lease in self.leases if lease.id == lease_id), None)

    async def cancel(self, lease_id: str) -> CancelResult:
        await self._answering()
        lease = self._loan(lease_id)
        if lease is None:
            return Cancelled()
        now_ms = self._clock.now_ms()
        if lease.is_served:
            return HasText(tuple(lease.texts))
        if not lease.is_over(now_ms) and now_ms < lease.cancel_after_ms:
            return TooEarly(lease.cancel_after_ms)
        self._end(lease)
        return Cancelled()

    async def finish(self, lease_id: str) -> None:
        await self._answering()
        lease = self._loan(lease_id)
        if lease is not None:
            self._end(lease)

    def _end(self, lease: SimulatedLease) -> None:
        lease.told_back = True
        if lease.ended_ms is None:
            lease.ended_ms = min(self._clock.now_ms(), lease.until_ms)

    async def request_text(self, lease_id: str) -> bool:
        await self._answering()
        lease = self._loan(lease_id)
        if lease is None or lease.is_over(self._clock.now_ms()):
            return False
        lease.until_ms = self._clock.now_ms() + 20 * MINUTE_MS
        return True

    async def texts(self, lease_id: str) -> tuple[InboundText, ...]:
        await self._answering()
        lease = self._loan(lease_id)
        return () if lease is None else tuple(lease.texts)

    async def follow(self, cursor: str, sink: Sink[TextBatch]) -> None:
        """What there is now; then the stream breaks off."""
        await sink(TextBatch(tuple(self.log[int(cursor or 0) :]), str(len(self.log))))
        raise Unavailable("the stream ended")

    async def offers(self, country: int) -> tuple[Offer, ...]:
        return (Offer("tg", "Telegram", len(self.numbers)),)

    async def countries(self) -> tuple[int, ...]:
        await self._answering()
        return self.places

    async def close(self) -> None: ...


class MemoryLookupLender(MemoryProvider):
    """A lender that can be asked what became of a request."""

    async def find(self, ref: str) -> Acquired | None:
        await self._answering()
        lease = self.loan_of(ref)
        return None if lease is None else lease.acquired()


class MemoryListingLender(MemoryProvider):
    """A lender that keeps no reference of ours, and lists the loans that go on."""

    async def active(self) -> tuple[ActiveLease, ...]:
        await self._answering()
        now_ms = self._clock.now_ms()
        return tuple(
            ActiveLease(lease.acquired(), lease.service, lease.hours, lease.from_ms)
            for lease in self.leases
            if not lease.is_over(now_ms)
        )


def memory_provider(
    name: str, recovery: Recovery, clock: Clock, prefix: str = ""
) -> MemoryProvider:
    kind = MemoryLookupLender if recovery is Recovery.LOOKUP else MemoryProvider
    return kind(name, recovery, clock, prefix or "+120255501")
