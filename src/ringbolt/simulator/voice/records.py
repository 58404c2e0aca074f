"""The records of the simulated calls, by id, reference and number: stored, then published."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final

import structlog

from ringbolt.core.calls.call import CallEvent, Clip
from ringbolt.simulator.file.log import Log
from ringbolt.simulator.file.world_file import WorldFile
from ringbolt.simulator.voice.call import SimulatedCall
from ringbolt.voice.simulated.wire import event_from_json, event_to_json

KIND: Final = "phone-call"
LOG: Final = "phone-call-event"
log = structlog.get_logger("ringbolt.phones")


@dataclass(frozen=True, slots=True)
class NumberedEvents:
    """Events in order, each with its number in the log; ``cursor`` is the last number."""

    events: tuple[tuple[int, CallEvent], ...]
    cursor: int


class CallRecords:
    """Every simulated call. Changes are queued for the file in the order in which they are made."""

    def __init__(self, store: WorldFile) -> None:
        self._store = store
        self._by_id: dict[str, SimulatedCall] = {}
        self._by_ref: dict[str, SimulatedCall] = {}
        self._by_number: dict[str, list[SimulatedCall]] = {}
        self._log = Log(store, LOG)

    def load(self, clip_of: Callable[[str], Clip]) -> list[SimulatedCall]:
        """Read the file; all calls, oldest first."""
        calls = [
            SimulatedCall.from_document(call_id, document, clip_of)
            for call_id, document in self._store.load(KIND).items()
        ]
        calls.sort(key=lambda call: (call.placed_at_ms, call.id))
        for call in calls:
            self.add(call)
        return calls

    def close(self) -> None:
        """End the streams of events."""
        self._log.close()

    def add(self, call: SimulatedCall) -> None:
        self._by_id[call.id] = call
        self._by_ref[call.request.ref] = call
        self._by_number.setdefault(call.request.to, []).append(call)

    def by_id(self, call_id: str) -> SimulatedCall | None:
        return self._by_id.get(call_id)

    def by_ref(self, ref: str) -> SimulatedCall | None:
        return self._by_ref.get(ref)

    def by_number(self, number: str) -> list[SimulatedCall]:
        """The calls to ``number``, oldest first."""
        return self._by_number.get(number, [])

    def save(self, call: SimulatedCall, event: CallEvent) -> None:
        """Store ``call`` as it is now, and its newest event, in one transaction."""
        call.saved = self._store.submit(
            [(KIND, call.id, call.to_document())], [(LOG, event_to_json(event))]
        )
        call.saved.add_done_callback(self._on_saved)

    async def saved(self, call: SimulatedCall) -> SimulatedCall:
        """``call`` once every change to it is on the disk. Raises ``Unavailable``."""
        while call.saved is not None and not call.saved.done():
            await asyncio.shield(call.saved)
        if call.saved is not None:
            call.saved.result()
        return call

    async def events(self, after: int) -> AsyncIterator[NumberedEvents]:
        """Every event numbered above ``after``, then new ones, until ``close``."""
        async for rows in self._log.since(after):
            numbered = tuple((n, event_from_json(doc)) for n, doc in rows)
            yield NumberedEvents(numbered, rows[-1][0])

    def _on_saved(self, saved: asyncio.Future[list[int]]) -> None:
        if not saved.cancelled() and (error := saved.exception()) is not None:
            log.error("a change to a simulated call is lost", error=str(error))
            return
        self._log.announce()
