"""The simulated provider of numbers, which has numbers of every country without limit.

Every change is queued for the world's file in the order in which it is decided, and answered or
published only once it is on the disk. Only leases that are active, or still get scripted texts, are
in memory. Times are the world's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import msgspec
import structlog

from ringbolt.core.countries import COUNTRIES
from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.numbers.provider import (
    ANY_COUNTRY,
    Acquired,
    AcquireNumber,
    AcquireResult,
    Cancelled,
    CancelResult,
    HasText,
    InboundText,
    TextBatch,
    TooEarly,
)
from ringbolt.simulator.clock.due_queue import DueQueue
from ringbolt.simulator.clock.world_time import WorldTime
from ringbolt.simulator.file.world_file import Append, Put, WorldFile
from ringbolt.simulator.numbers.lease import LeaseDocument, SimulatedLease, new_lease, new_lease_id
from ringbolt.simulator.numbers.numbering import NumberStock
from ringbolt.simulator.numbers.script import (
    CANCEL_AFTER_MS,
    SENDER,
    SLOW_PROVIDER_MS,
    ProviderReply,
    Script,
    ScriptedText,
    script_of,
)
from ringbolt.simulator.numbers.texts import ArrivedTexts, event_id, writes_of

LIVE: Final = "lend-live"
"""``lend-live/ID``: a lease that is active or has scripted texts ahead; else it is in ``lend``."""
KIND: Final = "lend"
KNOWN: Final = "lend-number"
"""``lend-number/NUMBER``: it was leased before, so its former holder can lease it again."""
_ANYWHERE: Final = (187, 16, 43)  # US, GB, DE: "any country" takes turns
log = structlog.get_logger("ringbolt.numbers")


class NumberInventory:
    """Numbers, leases and the texts that come to them. Call ``start`` in the event loop."""

    def __init__(self, *, clock: WorldTime, store: WorldFile) -> None:
        self._clock = clock
        self._store = store
        self._stock = NumberStock(store)
        self._arrived = ArrivedTexts(store)
        self._live: dict[str, SimulatedLease] = {}
        self._by_number: dict[str, SimulatedLease] = {}
        self._due: DueQueue[str] = DueQueue(clock)

    def start(self) -> None:
        """Resume the leases of the world's file."""
        for document in self._store.load(LIVE).values():
            self._hold(SimulatedLease(msgspec.convert(document, LeaseDocument)))
        self._due.start(self._take_up, "leases' timer")

    async def close(self) -> None:
        """Stop; pending events happen when the world starts again."""
        self._arrived.close()
        await self._due.close()

    # Leases

    async def acquire(self, wanted: AcquireNumber) -> AcquireResult:
        """Lease a number, once per ``ref``: a repeated request gets the same lease."""
        script = script_of(wanted.service)
        if script is None:
            return Rejected("BAD_SERVICE: there is no such scripted service")
        doc = await self._document(new_lease_id(wanted.ref))
        if doc is None:
            refusal = self._acquire(wanted, script)
            if refusal is not None:
                return refusal
            doc = await self._document(new_lease_id(wanted.ref))
            assert doc is not None, "it was just leased"
        if script.reply is ProviderReply.LEASES_WITHOUT_AN_ANSWER:
            return Unknown("The provider's answer was lost.")
        if script.reply is ProviderReply.LEASES_SLOWLY:
            await self._clock.sleep_until(doc.acquired_ms + SLOW_PROVIDER_MS)
        return doc.acquired()

    async def find(self, ref: str) -> Acquired | None:
        """The lease with this reference, even if it has ended."""
        doc = await self._document(new_lease_id(ref))
        return None if doc is None else doc.acquired()

    async def lease(self, lease_id: str) -> LeaseDocument | None:
        """The lease as it is now, even if it has ended; None if there was none."""
        return await self._document(lease_id)

    async def finish(self, lease_id: str) -> None:
        """End the lease; no effect on one that has ended or is unknown."""
        await self._document(lease_id)
        lease = self._open(lease_id)
        if lease is not None:
            self._end(lease)
            await _saved(lease)

    async def cancel(self, lease_id: str) -> CancelResult:
        """End the lease free of charge, unless it is too early or its code has come."""
        doc = await self._document(lease_id)
        texts = await self.texts(lease_id)
        if doc is not None and doc.is_served_by(texts):
            return HasText(texts)
        lease = self._open(lease_id)
        if lease is None:
            return Cancelled()
        if self._clock.now_ms() < lease.doc.acquired_ms + CANCEL_AFTER_MS:
            return TooEarly(lease.doc.acquired_ms + CANCEL_AFTER_MS)
        if lease.doc.script.on_cancel is not None:
            self._deliver(lease, lease.doc.script.on_cancel, self._clock.now_ms())
            return HasText(await self.texts(lease_id))
        self._end(lease)
        await _saved(lease)
        return Cancelled()

    async def request_text(self, lease_id: str) -> bool:
        """Expect one more text; a scripted service sends its texts again, with new codes."""
        await self._document(lease_id)
        lease = self._open(lease_id)
        if lease is None:
            return False
        doc = lease.doc
        if not doc.ahead and doc.script.texts_to(doc.is_first):
            doc.round, doc.texts_sent, doc.script_ms = doc.round + 1, 0, self._clock.now_ms()
            self._save(lease)
            self._push(lease)
        await _saved(lease)
        return True

    # Texts

    async def receive(self, to: str, sender: str, text: str) -> tuple[int, int]:
        """Store a text to any number; its position in the log of all texts, and its time."""
        lease = self._by_number.get(to)
        if lease is not None:
            self._catch_up(lease)
            lease = self._open(lease.doc.id)
        at_ms = self._clock.now_ms()
        lease_id = "" if lease is None else lease.doc.id
        arrived = InboundText(event_id(), to, lease_id, sender, text, "", at_ms)
        return (await self._keep(arrived, lease))[0], at_ms

    async def texts(self, lease_id: str) -> tuple[InboundText, ...]:
        """The texts of a lease, oldest first."""
        await self._document(lease_id)
        return self._arrived.of_lease(lease_id)

    def events(self, after: int) -> AsyncIterator[TextBatch]:
        """Every text numbered above ``after`` (0: all), then new ones, until ``close``."""
        return self._arrived.since(after)

    # Acquiring

    async def _document(self, lease_id: str) -> LeaseDocument | None:
        """The lease with this id, once everything up to now is on the disk."""
        lease = self._live.get(lease_id)
        if lease is not None:
            self._catch_up(lease)
            await _saved(lease)
            return lease.doc
        document = self._store.get(KIND, lease_id)
        return None if document is None else msgspec.convert(document, LeaseDocument)

    def _open(self, lease_id: str) -> SimulatedLease | None:
        """The lease with this id if it is active."""
        lease = self._live.get(lease_id)
        return lease if lease is not None and lease.doc.ended_ms is None else None

    def _acquire(self, wanted: AcquireNumber, script: Script) -> Rejected | None:
        if new_lease_id(wanted.ref) in self._live:  # two requests at once with the same reference
            return None
        if script.reply is ProviderReply.HAS_NONE:
            return Rejected("NO_NUMBERS: there is no number for this service")
        puts: list[Put] = []
        country = wanted.country
        if country == ANY_COUNTRY:
            country = _ANYWHERE[self._stock.turn(len(_ANYWHERE), puts)]
        if country not in COUNTRIES:
            return Rejected("BAD_COUNTRY: there are no numbers of this country")
        number = self._choose(wanted, COUNTRIES[country].region, puts)
        if number is None:
            return Rejected("NO_NUMBERS: the requested number is not available")
        lease = new_lease(wanted, script, country, number, self._clock.now_ms())
        self._hold(lease)
        self._save(lease, [*puts, (KNOWN, number, {"country": country})])
        return None

    def _choose(self, wanted: AcquireNumber, region: str, puts: list[Put]) -> str | None:
        def is_free(number: str) -> bool:
            return number not in self._by_number and number not in wanted.avoid

        if not wanted.again:
            return self._stock.take(region, wanted.real, is_free, puts)
        was_leased = self._store.get(KNOWN, wanted.again) is not None
        return wanted.again if was_leased and is_free(wanted.again) else None

    # What happens to leases

    def _hold(self, lease: SimulatedLease) -> None:
        self._live[lease.doc.id] = lease
        if lease.doc.ended_ms is None:
            self._by_number[lease.doc.number] = lease
        self._push(lease)

    def _push(self, lease: SimulatedLease) -> None:
        due_ms = lease.doc.due_ms
        if due_ms is None or (lease.queued_ms is not None and lease.queued_ms <= due_ms):
            return
        lease.queued_ms = due_ms
        self._due.push(due_ms, lease.doc.id)

    def _end(self, lease: SimulatedLease) -> None:
        lease.doc.ended_ms = min(self._clock.now_ms(), lease.doc.until_ms)
        self._by_number.pop(lease.doc.number, None)
        self._save(lease)

    def _deliver(self, lease: SimulatedLease, scripted: ScriptedText, at_ms: int) -> None:
        """A scripted text comes to the lease's number; it belongs to it even after its end."""
        doc = lease.doc
        text, code = scripted.written(f"{doc.id}:{doc.round}:{doc.texts_sent}")
        arrived = InboundText(event_id(), doc.number, doc.id, SENDER, text, code, at_ms)
        self._keep(arrived, lease, scripted.copies)

    def _keep(
        self, arrived: InboundText, lease: SimulatedLease | None, copies: int = 1
    ) -> asyncio.Future[list[int]]:
        puts, appends = writes_of(arrived, copies)
        if lease is not None:
            return self._save(lease, puts, appends)
        saved = self._store.submit(puts, appends)
        saved.add_done_callback(self._on_saved)
        return saved

    def _save(
        self,
        lease: SimulatedLease,
        puts: list[Put] | None = None,
        appends: list[Append] | None = None,
    ) -> asyncio.Future[list[int]]:
        """Write the lease as it is now, together with other changes."""
        doc = lease.doc
        own: list[Put] = [(LIVE, doc.id, doc)]
        if not doc.is_live:
            own = [(LIVE, doc.id, None), (KIND, doc.id, doc)]
        lease.saved = self._store.submit([*own, *(puts or ())], appends or ())
        lease.saved.add_done_callback(lambda saved: self._on_saved(saved, lease))
        return lease.saved

    def _on_saved(
        self, saved: asyncio.Future[list[int]], lease: SimulatedLease | None = None
    ) -> None:
        if not saved.cancelled() and (error := saved.exception()) is not None:
            log.error("a change to a lease is lost", error=str(error))
            return
        if lease is not None and lease.saved is saved and not lease.doc.is_live:
            self._live.pop(lease.doc.id, None)
        self._arrived.announce()

    # Time

    def _take_up(self) -> None:
        """Go on with the lease that is due first."""
        due = self._due.pop()
        if due is None:
            return
        queued_ms, lease_id = due
        lease = self._live.get(lease_id)
        if lease is not None and lease.queued_ms == queued_ms:
            lease.queued_ms = None
            self._catch_up(lease)
            self._push(lease)

    def _catch_up(self, lease: SimulatedLease) -> None:
        """Run everything of the lease that is due by now."""
        doc = lease.doc
        while (due_ms := doc.due_ms) is not None and due_ms <= self._clock.now_ms():
            if doc.ahead and doc.script_ms + doc.ahead[0].after_ms == due_ms:
                scripted = doc.ahead[0]
                doc.texts_sent += 1
                self._deliver(lease, scripted, due_ms)
            else:
                self._end(lease)


async def _saved(lease: SimulatedLease) -> None:
    """Return once every change to the lease is on the disk. Raises ``Unavailable``."""
    while lease.saved is not None and not lease.saved.done():
        await asyncio.shield(lease.saved)
    if lease.saved is not None:
        lease.saved.result()
