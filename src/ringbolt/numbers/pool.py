"""The operator's own numbers, lent by the shop itself.

Who keeps the loans is behind ``PoolStore``. Texts to these numbers come to the shop from outside
(a modem, a phone, a carrier's callback), so this provider has none to tell of.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Set
from typing import Final, Protocol

from ringbolt.core.errors import Unavailable
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.core.services import SERVICES
from ringbolt.core.sink import Sink
from ringbolt.numbers.provider import (
    Acquired,
    AcquireNumber,
    AcquireResult,
    Cancelled,
    CancelResult,
    InboundText,
    Offer,
    TextBatch,
)

ACTIVATION_MS: Final = 22 * 60_000
"""An activation's 20 minutes, and time for a last text."""
HOUR_MS: Final = 3_600_000


class PoolLease(Protocol):
    """A loan as it is written down. ``ended_ms``: when it ended, None if it goes on."""

    @property
    def ref(self) -> str: ...

    @property
    def number(self) -> str: ...

    @property
    def country(self) -> int: ...

    @property
    def until_ms(self) -> int: ...

    @property
    def ended_ms(self) -> int | None: ...


class FreeNumbers(Protocol):
    """``total`` numbers are free; ``used[service]`` of them had that service too lately."""

    @property
    def total(self) -> int: ...

    @property
    def used(self) -> Mapping[str, int]: ...


class PoolStore(Protocol):
    """Writes loans of own numbers down. Every method raises ``Unavailable``.

    A number has one loan at a time, is left in peace for a while after each, and is not lent
    twice for the same service within months, except to who asks for that very number ``again``.
    """

    async def acquire(
        self,
        ref: str,
        service: str,
        country: int,
        duration_ms: int,
        avoid: Set[str] = frozenset(),
        again: str = "",
    ) -> PoolLease | None:
        """A free number, or the loan that ``ref`` has already; None if there is none."""
        ...

    async def find(self, ref: str) -> PoolLease | None: ...

    async def has_again(self, number: str, service: str) -> bool:
        """Whether ``lend`` would give that very number ``again``."""
        ...

    async def end(self, ref: str) -> None:
        """The number is free again; of no effect on what is over or unknown."""
        ...

    async def countries(self) -> tuple[int, ...]:
        """Where the numbers are, free or not, in rising order."""
        ...

    async def free(self, country: int) -> FreeNumbers:
        """What could be lent now in a country (``ANY_COUNTRY``: anywhere)."""
        ...


class PoolProvider:
    """Implements ``NumberProvider``, ``SupportsLeaseLookup`` and ``SupportsNumberAgain``. Its lease
    ids are our refs."""

    def __init__(self, store: PoolStore, *, activation_ms: int = ACTIVATION_MS) -> None:
        self._store = store
        self._activation_ms = activation_ms

    @property
    def name(self) -> str:
        return "pool"

    @property
    def recovery(self) -> Recovery:
        return Recovery.LOOKUP

    async def offers(self, country: int) -> tuple[Offer, ...]:
        free = await self._store.free(country)
        if free.total == 0:
            return ()
        return tuple(
            Offer(service.code, service.name, free.total - free.used.get(service.code, 0))
            for service in SERVICES.values()
        )

    async def countries(self) -> tuple[int, ...]:
        return await self._store.countries()

    async def acquire(self, wanted: AcquireNumber) -> AcquireResult:
        """All numbers here are real ones, whether that is wanted or not."""
        if not wanted.still_wanted():
            return Rejected("nobody waits for this number any more", permanent=False)
        duration_ms = wanted.hours * HOUR_MS if wanted.hours else self._activation_ms
        try:
            lease = await self._store.acquire(
                wanted.ref,
                wanted.service,
                wanted.country,
                duration_ms,
                wanted.avoid,
                wanted.again,
            )
        except Unavailable as error:
            return Unknown(error.message)
        return Rejected("no number of the pool is free") if lease is None else _lent(lease)

    async def find(self, ref: str) -> Acquired | None:
        lease = await self._store.find(ref)
        return None if lease is None else _lent(lease)

    async def has_again(self, number: str, service: str) -> bool:
        return await self._store.has_again(number, service)

    async def request_text(self, lease_id: str) -> bool:
        """Whatever comes to the number as long as it is lent is told: nothing is to be asked."""
        lease = await self._store.find(lease_id)
        return lease is not None and lease.ended_ms is None

    async def finish(self, lease_id: str) -> None:
        await self._store.end(lease_id)

    async def cancel(self, lease_id: str) -> CancelResult:
        await self._store.end(lease_id)
        return Cancelled()

    async def texts(self, lease_id: str) -> tuple[InboundText, ...]:
        """None: whoever asks has all texts already."""
        return ()

    async def follow(self, cursor: str, sink: Sink[TextBatch]) -> None:
        """Nothing is told here but that the pool answers."""
        await sink(TextBatch((), ""))
        await asyncio.Event().wait()

    async def close(self) -> None: ...


def _lent(lease: PoolLease) -> Acquired:
    until_ms = lease.until_ms if lease.ended_ms is None else lease.ended_ms
    return Acquired(lease.ref, lease.number, until_ms, 0, lease.country)
