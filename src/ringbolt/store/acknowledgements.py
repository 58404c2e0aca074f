"""Differences that the audit found and the operator has explained."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from ringbolt.store.engine.db import Tx
from ringbolt.store.engine.upsert import insert_new
from ringbolt.store.schema.shop_tables import acknowledgement
from ringbolt.store.schema.tables import orders


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """``id`` is the difference's, ``by`` a user and machine."""

    id: str
    sentence: str
    amount_msat: int
    reason: str
    by: str
    at_ms: int


def add(tx: Tx, known: Acknowledgement) -> bool:
    """Store it, at the transaction's time; False if the difference is acknowledged already."""
    return insert_new(
        tx,
        acknowledgement,
        id=known.id,
        sentence=known.sentence,
        amount_msat=known.amount_msat,
        reason=known.reason,
        by=known.by,
        at_ms=tx.now_ms,
    )


def listing(tx: Tx) -> list[Acknowledgement]:
    """All, the oldest first."""
    return [Acknowledgement(*row) for row in tx.run(_LISTING)]


def first_order_ms(tx: Tx) -> int | None:
    """When the shop's first order was placed, ms UTC; before it, the shop paid nobody."""
    found = tx.run(_FIRST_ORDER).scalar()
    return None if found is None else int(found)


_LISTING = select(acknowledgement).order_by(acknowledgement.c.at_ms, acknowledgement.c.id)
_FIRST_ORDER = select(func.min(orders.c.created_ms))
