"""The shop's records of the calls of one carrier, for adapters that need them."""

from __future__ import annotations

from collections.abc import Sequence

from ringbolt.core.calls.call import RecordedCall
from ringbolt.store import call_records
from ringbolt.store.engine.db import Database


class ShopCallRecords:
    """Implements ``CallRecords`` for the carrier of that name."""

    def __init__(self, db: Database, carrier: str) -> None:
        self._db = db
        self._carrier = carrier

    async def call(self, ref: str) -> RecordedCall | None:
        return await self._db.read(call_records.by_ref, self._carrier, ref)

    async def calls_to(self, number: str, since_ms: int) -> Sequence[RecordedCall]:
        return await self._db.read(call_records.calls_to, self._carrier, number, since_ms)

    async def open_calls(self) -> Sequence[RecordedCall]:
        return await self._db.read(call_records.open_calls, self._carrier)
