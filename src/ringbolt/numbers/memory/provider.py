"""A number provider in memory. Like a real one, it leases two numbers if it is requested twice,
unless its ``recovery`` is ``IDEMPOTENT``, and leases a number again when its lease has ended."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from ringbolt.clock import Clock
from ringbolt.core.errors import Unavailable
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.core.services import SERVICES
from ringbolt.core.sink import Sink
from ringbolt.numbers.provider import (
    ANY_COUNTRY,
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
from ringbolt.upstream.event_log import EventLog

MINUTE_MS: Final = 60_000
USA: Final = 187
CANCEL_AFTER_MS: Final = 2 * MINUTE_MS


@dataclass
class MemoryLease:
    """``released``: the shop ended it with ``cancel`` or ``finish``."""

    id: str
    ref: str
    number: str
    hours: int
    from_ms: int
    until_ms: int
    cancel_after_ms: int
    service: str = ""
    country: int = USA
    ended_ms: int | None = None
    released: bool = False
    texts: list[InboundText] = field(default_factory=list)

    def is_over(self, now_ms: int) -> bool:
        return self.ended_ms is not None or now_ms >= self.until_ms

    @property
    def is_served(self) -> bool:
        return bool(self.texts) if self.hours else any(text.code for text in self.texts)

    def acquired(self) -> Acquired:
        until_ms = self.until_ms if self.ended_ms is None else self.ended_ms
        return Acquired(self.id, self.number, until_ms, self.cancel_after_ms, self.country)


class MemoryProvider:
    """A number provider without a look-up.

    ``stock``: its numbers by country (``core.countries``). ``leases``: all that it ever granted.
    ``log``: all texts that it reported. ``answers``: the answers to the next requests: ``yes`` (the
    default), ``none``, ``lost`` (granted, but the answer is lost), ``never_heard`` (the request is
    lost) and ``taken`` (a number that is leased already, as a faulty provider does).
    ``before_answer``: run right before the next answer of any kind. ``lasts_ms``: the length of an
    activation. ``turn``: where in its stock it looks first. ``names_leases``: texts contain their
    lease's id. ``refuses_early``: it refuses a cancellation in the first two minutes. ``down``: it
    does not answer.
    """

    def __init__(
        self,
        name: str,
        recovery: Recovery,
        clock: Clock,
        stock: dict[int, list[str]] | None = None,
    ) -> None:
        self.name = name
        self.recovery = recovery
        self.stock = stock or {USA: [f"+120255501{n:02d}" for n in range(100)]}
        self.leases: list[MemoryLease] = []
        self.log: EventLog[InboundText] = EventLog()
        self.answers: deque[str] = deque()
        self.before_answer: deque[Callable[[], Awaitable[object]]] = deque()
        self.names_leases = True
        self.refuses_early = True
        self.down = False
        self.lasts_ms = 20 * MINUTE_MS
        self.turn = 0
        self._events = itertools.count(1)
        self._clock = clock

    # What the world does

    def open_lease(self, number: str) -> MemoryLease | None:
        now_ms = self._clock.now_ms()
        for lease in self.leases:
            if lease.number == number and not lease.is_over(now_ms):
                return lease
        return None

    def text(
        self, number: str, text: str, code: str = "", copies: int = 1, sender: str = "Acme"
    ) -> InboundText:
        """Send a text to a number; it is reported ``copies`` times with the same event id."""
        lease = self.open_lease(number)
        lease_id = lease.id if lease is not None and self.names_leases else ""
        event_id = f"{self.name}-{next(self._events)}"
        now_ms = self._clock.now_ms()
        arrived = InboundText(event_id, number, lease_id, sender, text, code, now_ms)
        if lease is not None:
            lease.texts.append(arrived)
        self.log.extend([arrived] * copies)
        return arrived

    def lease_of(self, ref: str) -> MemoryLease | None:
        return next((lease for lease in self.leases if lease.ref == ref), None)

    # What the shop asks

    async def _answering(self) -> None:
        if self.before_answer:
            await self.before_answer.popleft()()
        if self.down:
            raise Unavailable("the provider is down")

    async def acquire(self, wanted: AcquireNumber) -> AcquireResult:
        if not wanted.still_wanted():
            return Rejected("not wanted any more", permanent=False)
        if self.down:
            return Rejected("it was never sent", permanent=False)
        answer = self.answers.popleft() if self.answers else "yes"
        result = self._answer(wanted, answer)
        if self.before_answer:
            await self.before_answer.popleft()()
        return result

    def _answer(self, wanted: AcquireNumber, answer: str) -> AcquireResult:
        if answer == "none":
            return Rejected("NO_NUMBERS: there is no number")
        if answer == "never_heard":
            return Unknown("the answer was lost")
        lease = self.lease_of(wanted.ref) if self.recovery is Recovery.IDEMPOTENT else None
        lease = lease or self._grant(wanted, careless=answer == "taken")
        if lease is None:
            return Rejected("NO_NUMBERS: there is no number")
        return Unknown("the answer was lost") if answer == "lost" else lease.acquired()

    def _grant(self, wanted: AcquireNumber, *, careless: bool) -> MemoryLease | None:
        country, number = self._choose(wanted, careless=careless)
        if not number:
            return None
        now_ms = self._clock.now_ms()
        lease = MemoryLease(
            id=f"{self.name}-lease-{len(self.leases) + 1}",
            ref=wanted.ref,
            number=number,
            hours=wanted.hours,
            from_ms=now_ms,
            until_ms=now_ms + (wanted.hours * 60 * MINUTE_MS or self.lasts_ms),
            cancel_after_ms=now_ms + CANCEL_AFTER_MS if self.refuses_early else 0,
            service=wanted.service,
            country=country,
        )
        self.leases.append(lease)
        return lease

    def _choose(self, wanted: AcquireNumber, *, careless: bool) -> tuple[int, str]:
        """The next free number; if ``careless``, the one that was leased last."""
        countries = [*self.stock] if wanted.country == ANY_COUNTRY else [wanted.country]
        turn, self.turn = self.turn, self.turn + 1
        country = countries[turn % len(countries)]
        if careless and self.leases:
            return self.leases[-1].country, self.leases[-1].number
        if wanted.again:
            return country, "" if self.open_lease(wanted.again) else wanted.again
        numbers = self.stock.get(country, [])
        for n in range(len(numbers)):
            number = numbers[(turn + n) % len(numbers)]
            if number not in wanted.avoid and self.open_lease(number) is None:
                return country, number
        return country, ""

    def _lease(self, lease_id: str) -> MemoryLease | None:
        return next((lease for lease in self.leases if lease.id == lease_id), None)

    async def cancel(self, lease_id: str) -> CancelResult:
        await self._answering()
        lease = self._lease(lease_id)
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
        lease = self._lease(lease_id)
        if lease is not None:
            self._end(lease)

    def _end(self, lease: MemoryLease) -> None:
        lease.released = True
        if lease.ended_ms is None:
            lease.ended_ms = min(self._clock.now_ms(), lease.until_ms)

    async def request_text(self, lease_id: str) -> bool:
        await self._answering()
        lease = self._lease(lease_id)
        if lease is None or lease.is_over(self._clock.now_ms()):
            return False
        lease.until_ms = self._clock.now_ms() + 20 * MINUTE_MS
        return True

    async def texts(self, lease_id: str) -> tuple[InboundText, ...]:
        await self._answering()
        lease = self._lease(lease_id)
        return () if lease is None else tuple(lease.texts)

    async def follow(self, cursor: str, sink: Sink[TextBatch]) -> None:
        await self.log.follow(cursor, lambda events, place: sink(TextBatch(events, place)))

    async def offers(self, country: int) -> tuple[Offer, ...]:
        await self._answering()
        free = sum(self.open_lease(number) is None for number in self.stock.get(country, ()))
        if not free:
            return ()
        return tuple(Offer(each.code, each.name, free) for each in SERVICES.values())

    async def countries(self) -> tuple[int, ...]:
        await self._answering()
        return tuple(sorted(self.stock))

    async def close(self) -> None: ...


class MemoryLookupProvider(MemoryProvider):
    """A number provider with a look-up by our reference."""

    async def find(self, ref: str) -> Acquired | None:
        await self._answering()
        lease = self.lease_of(ref)
        return None if lease is None else lease.acquired()


class MemoryListingProvider(MemoryProvider):
    """A number provider that stores no reference of ours, but lists its active leases."""

    async def active(self, *, rentals: bool) -> tuple[ActiveLease, ...] | None:
        await self._answering()
        now_ms = self._clock.now_ms()
        return tuple(
            ActiveLease(lease.acquired(), lease.service, lease.hours, lease.from_ms)
            for lease in self.leases
            if not lease.is_over(now_ms) and bool(lease.hours) is rentals
        )


def memory_provider(
    name: str, recovery: Recovery, clock: Clock, stock: dict[int, list[str]] | None = None
) -> MemoryProvider:
    kind = MemoryLookupProvider if recovery is Recovery.LOOKUP else MemoryProvider
    return kind(name, recovery, clock, stock)
