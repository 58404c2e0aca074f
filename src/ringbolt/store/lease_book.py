"""The leases at one provider, for providers that must be asked about each of them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, select

from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.schema.text_tables import lease


@dataclass(frozen=True, slots=True)
class OpenLease:
    """``lease_id``: the provider's id. Times are ms UTC."""

    lease_id: str
    number: str
    from_ms: int
    until_ms: int


class DatabaseLeases:
    """Implements ``numbers.provider.LeaseBook``."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def open_at(self, provider: str) -> list[OpenLease]:
        return await self._db.read(_open_at, provider)

    async def last_of(self, provider: str, number: str) -> str:
        return await self._db.read(_last_of, provider, number)


def _open_at(tx: Tx, provider: str) -> list[OpenLease]:
    rows = tx.run(_OPEN_AT, {"provider_": provider}).mappings()
    return [OpenLease(**row) for row in rows]


def _last_of(tx: Tx, provider: str, number: str) -> str:
    found = tx.run(_LAST_OF, {"provider_": provider, "number_": number}).scalar_one_or_none()
    return found or ""


_OPEN_AT = (
    select(lease.c.provider_id.label("lease_id"), lease.c.number, lease.c.from_ms, lease.c.until_ms)
    .where(lease.c.ended_ms.is_(None), lease.c.provider == bindparam("provider_"))
    .order_by(lease.c.from_ms.desc())
)
_LAST_OF = (
    select(lease.c.provider_id)
    .where(lease.c.number == bindparam("number_"), lease.c.provider == bindparam("provider_"))
    .order_by(lease.c.from_ms.desc())
    .limit(1)
)
