"""Requests with an ``Idempotency-Key``, and the orders that they placed."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, delete, select

from ringbolt.store.engine.db import Tx
from ringbolt.store.engine.upsert import insert_new
from ringbolt.store.schema.text_tables import idempotency


@dataclass(frozen=True, slots=True)
class NamedRequest:
    """``body_hash`` distinguishes a repetition from another request with the same key."""

    body_hash: str
    order_id: str


def find(tx: Tx, principal: str, key: str) -> NamedRequest | None:
    """The request that ``principal`` (the API key or client) sent with that key; else None."""
    row = tx.run(_FIND, {"principal_": principal, "key_": key}).one_or_none()
    return None if row is None else NamedRequest(row.body_hash, row.order_id)


def add(tx: Tx, principal: str, key: str, body_hash: str, order_id: str) -> bool:
    """Record a key with the order that was placed; False if the principal has used it already."""
    return insert_new(
        tx,
        idempotency,
        principal=principal,
        key=key,
        body_hash=body_hash,
        order_id=order_id,
        at_ms=tx.now_ms,
    )


def forget(tx: Tx, keep_ms: int) -> int:
    """Delete keys older than ``keep_ms``; returns how many."""
    return tx.run(_FORGET, {"before_": tx.now_ms - keep_ms}).rowcount


_FIND = select(idempotency).where(
    idempotency.c.principal == bindparam("principal_"), idempotency.c.key == bindparam("key_")
)
_FORGET = delete(idempotency).where(idempotency.c.at_ms < bindparam("before_"))
