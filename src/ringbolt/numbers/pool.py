"""The operator's own numbers, leased by the shop itself.

Leases are stored behind ``PoolStore``. Texts to these numbers come to the shop from outside (a
modem, a phone, a carrier's callback), so this provider delivers none.
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
"""The 20 minutes of an activation, and time for a last text."""
HOUR_MS: Final = 3_600_000


class PoolLease(Protocol):
    """A stored lease. ``ended_ms``: when it ended, None while it is active."""

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
    """``total`` numbers are free; ``used[service]`` of them served that service too recently."""

    @property
    def total(self) -> int: ...

    @property
    def used(self) -> Mapping[str, int]: ...


class PoolStore(Protocol):
    """Stores leases of own numbers. Every method raises ``Unavailable``.

    A number has one lease at a time, a rest after each, and is not leased twice for the same
    service within months, except to its former holder who asks for it ``again``.
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
        """A free number, or the lease that ``ref`` already has; None if there is none."""
        ...

    async def find(self, ref: str) -> PoolLease | None: ...

    async def has_again(self, number: str, service: str) -> bool:
        """Whether ``acquire`` would lease that number ``again``."""
        ...

    async def has_free(self, service: str, country: int) -> bool:
        """Whether ``acquire`` would lease a number."""
        ...

    async def end(self, ref: str) -> None:
        """End a lease, so that its number is free; no effect on an ended or unknown one."""
        ...

    async def countries(self) -> tuple[int, ...]:
        """The country ids of all numbers, free or leased, in ascending order."""
        ...

    async def free(self, country: int) -> FreeNumbers:
        """How many numbers could be leased now in a country (``ANY_COUNTRY``: anywhere)."""
        ...


class PoolProvider:
    """Implements ``NumberProvider``, ``SupportsLeaseLookup``, ``SupportsNumberAgain`` and
    ``SupportsStock``. Its lease ids are our refs."""

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
        """All numbers here are real ones, whether that was requested or not."""
        if not wanted.still_wanted():
            return Rejected("the request for this number was withdrawn", permanent=False)
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
        return Rejected("no number of the pool is free") if lease is None else _acquired(lease)

    async def find(self, ref: str) -> Acquired | None:
        lease = await self._store.find(ref)
        return None if lease is None else _acquired(lease)

    async def has_free(self, service: str, country: int) -> bool:
        return await self._store.has_free(service, country)

    async def has_again(self, number: str, service: str) -> bool:
        return await self._store.has_again(number, service)

    async def request_text(self, lease_id: str) -> bool:
        """Every text that comes during the lease is reported anyway: nothing has to be
        requested."""
        lease = await self._store.find(lease_id)
        return lease is not None and lease.ended_ms is None

    async def finish(self, lease_id: str) -> None:
        await self._store.end(lease_id)

    async def cancel(self, lease_id: str) -> CancelResult:
        await self._store.end(lease_id)
        return Cancelled()

    async def texts(self, lease_id: str) -> tuple[InboundText, ...]:
        """None: the shop has all texts already."""
        return ()

    async def follow(self, cursor: str, sink: Sink[TextBatch]) -> None:
        """Deliver one empty batch (the pool is connected), and then wait: it has no texts."""
        await sink(TextBatch((), ""))
        await asyncio.Event().wait()

    async def close(self) -> None: ...


def _acquired(lease: PoolLease) -> Acquired:
    until_ms = lease.until_ms if lease.ended_ms is None else lease.ended_ms
    return Acquired(lease.ref, lease.number, until_ms, 0, lease.country)
