"""Looks for new texts: at all activations together where the provider lists them, else at one
lease after another, and at those the most often that were leased last."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from ringbolt.clock import Clock
from ringbolt.core.errors import Unavailable
from ringbolt.numbers.handler_api.texts import RENTAL
from ringbolt.numbers.provider import InboundText, LeaseBook, OpenLease

LIST_EVERY_S: Final = 2.0
"""How often all activations are listed."""
LIST_IDLE_S: Final = 30.0
"""How often they are listed while the shop has no lease there."""
BOOKS_EVERY_S: Final = 1.0
"""How often the shop's books are read for leases to look at."""
FAILURES: Final = 3
"""So many looks in a row that fail are the provider's fault; one is perhaps that of the lease, and
must not keep the texts from all others."""
_MINUTE_MS: Final = 60_000
_STEPS: Final = ((3 * _MINUTE_MS, 2.0), (10 * _MINUTE_MS, 4.0), (60 * _MINUTE_MS, 8.0))
"""A lease up to that age is looked at every so many seconds."""
_OLD_EVERY_S: Final = 15.0
_AT_A_TIME: Final = 10
_PAUSE_S: Final = 0.5


def look_every_s(lease: OpenLease, now_ms: int) -> float:
    """How often a lease is looked at: codes come in the first minutes."""
    age_ms = now_ms - lease.from_ms
    return next((every_s for up_to_ms, every_s in _STEPS if age_ms < up_to_ms), _OLD_EVERY_S)


@dataclass(slots=True)
class Rota:
    """Whose turn it is. ``skips_activations``: they are listed together."""

    clock: Clock
    skips_activations: bool
    _due_s: dict[str, float] = field(default_factory=dict)

    def due(self, leases: Sequence[OpenLease], now_s: float) -> list[OpenLease]:
        """The leases to look at now, those that wait longest first."""
        wanted = {
            lease.lease_id: lease
            for lease in leases
            if lease.lease_id.startswith(RENTAL) or not self.skips_activations
        }
        self._due_s = {each: self._due_s.get(each, 0.0) for each in wanted}
        found = [lease for lease in wanted.values() if self._due_s[lease.lease_id] <= now_s]
        return sorted(found, key=lambda lease: self._due_s[lease.lease_id])

    def looked(self, lease: OpenLease, now_s: float) -> None:
        self._due_s[lease.lease_id] = now_s + look_every_s(lease, self.clock.now_ms())


Texts = tuple[InboundText, ...]


@dataclass(slots=True)
class Poller:
    """``greet``: a request that shows that the provider answers. ``list_all``: the texts of all
    activations, None for a provider that does not list them. ``look``: the texts of one lease.
    ``report``: hands texts over."""

    name: str
    book: LeaseBook
    clock: Clock
    greet: Callable[[], Awaitable[object]]
    list_all: Callable[[], Awaitable[Texts]] | None
    look: Callable[[OpenLease], Awaitable[Texts]]
    report: Callable[[Texts], Awaitable[None]]
    _open: Sequence[OpenLease] = ()

    async def run(self) -> None:
        """Never returns. Raises ``Unavailable``, and what ``report`` raises."""
        await self.greet()
        await self.report(())
        tasks = [asyncio.create_task(self._one_by_one())]
        if self.list_all is not None:
            tasks.append(asyncio.create_task(self._list(self.list_all)))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _list(self, list_all: Callable[[], Awaitable[Texts]]) -> None:
        loop = asyncio.get_running_loop()
        next_s = 0.0
        while True:
            now_s = loop.time()
            if self._open or now_s >= next_s:
                next_s = now_s + LIST_IDLE_S
                if texts := await list_all():
                    await self.report(texts)
            await asyncio.sleep(LIST_EVERY_S)

    async def _one_by_one(self) -> None:
        rota = Rota(self.clock, self.list_all is not None)
        loop = asyncio.get_running_loop()
        read_s, failed = 0.0, 0
        while True:
            if loop.time() >= read_s:
                self._open = await self.book.open_at(self.name)
                read_s = loop.time() + BOOKS_EVERY_S
            due = rota.due(self._open, loop.time())[:_AT_A_TIME]
            for lease in due:
                try:
                    texts = await self.look(lease)
                except Unavailable:
                    failed += 1
                    if failed >= FAILURES:
                        raise
                    texts = ()
                else:
                    failed = 0
                rota.looked(lease, loop.time())
                if texts:
                    await self.report(texts)
            if not due:
                await asyncio.sleep(_PAUSE_S)
