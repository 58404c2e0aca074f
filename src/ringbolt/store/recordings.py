"""What the far ends of calls said: where each recording's file is, and whose it is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, select

from ringbolt.store.db import Tx
from ringbolt.store.tables import orders
from ringbolt.store.text_tables import recording
from ringbolt.store.upsert import insert_new

BATCH = 500


@dataclass(frozen=True, slots=True)
class Recording:
    """The ``n``-th recording (from 1) of an order's call; ``path`` is its file's name."""

    id: str
    order_id: str
    n: int
    path: str
    duration_ms: int
    created_ms: int


def add(tx: Tx, recording_id: str, order_id: str, n: int, path: str, duration_ms: int) -> bool:
    """False if it is there already."""
    return insert_new(
        tx,
        recording,
        id=recording_id,
        order_id=order_id,
        n=n,
        path=path,
        duration_ms=duration_ms,
        created_ms=tx.now_ms,
    )


def of_order(tx: Tx, order_id: str) -> list[Recording]:
    """The recordings of an order's call that are still kept, in their order."""
    return [_recording(row) for row in tx.run(_OF_ORDER, {"order_": order_id})]


def of_account(tx: Tx, account_id: str, recording_id: str) -> Recording | None:
    """The recording, if that account paid for its call."""
    row = tx.run(_OF_ACCOUNT, {"account_": account_id, "id_": recording_id}).first()
    return None if row is None else _recording(row)


def older_than(tx: Tx, keep_ms: int) -> list[Recording]:
    """Some recordings that were made longer than ``keep_ms`` ago."""
    rows = tx.run(_OLD, {"before_ms": tx.now_ms - keep_ms, "limit_": BATCH})
    return [_recording(row) for row in rows]


def forget(tx: Tx, recording_ids: Collection[str]) -> None:
    tx.run(delete(recording).where(recording.c.id.in_(list(recording_ids))))


def _recording(row: Any) -> Recording:
    return Recording(row.id, row.order_id, row.n, row.path, row.duration_ms, row.created_ms)


_OF_ORDER = (
    select(recording).where(recording.c.order_id == bindparam("order_")).order_by(recording.c.n)
)
_OF_ACCOUNT = (
    select(recording)
    .join(orders, orders.c.id == recording.c.order_id)
    .where(recording.c.id == bindparam("id_"), orders.c.account_id == bindparam("account_"))
)
_OLD = (
    select(recording)
    .where(recording.c.created_ms < bindparam("before_ms"))
    .order_by(recording.c.created_ms)
    .limit(bindparam("limit_"))
)
