"""Recordings of what the called party said.

The audio is stored in pieces, one transaction each; the row in ``recording`` is added last and
makes it available. It is in the database, because any machine of the shop may have to serve it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, select

from ringbolt.store.engine.db import Tx
from ringbolt.store.engine.upsert import insert_new
from ringbolt.store.schema.tables import orders
from ringbolt.store.schema.text_tables import recording, recording_piece

BATCH = 500
PIECE_BYTES = 256 * 1024
_PIECES_AT_ONCE = 16
"""Pieces deleted per transaction: 4 MB to overwrite, while other writers on SQLite wait."""


@dataclass(frozen=True, slots=True)
class Recording:
    """The ``n``-th recording (from 1) of an order's call."""

    id: str
    order_id: str
    n: int
    duration_ms: int
    created_ms: int


def add_piece(tx: Tx, recording_id: str, n: int, sound: bytes) -> bool:
    """Store the ``n``-th piece (from 0) of the audio; False if it is stored already."""
    return insert_new(
        tx, recording_piece, recording_id=recording_id, n=n, sound=sound, created_ms=tx.now_ms
    )


def add(tx: Tx, recording_id: str, order_id: str, n: int, duration_ms: int) -> bool:
    """Add a recording whose pieces are all stored; False if it exists already. Call this last, so
    that an incomplete recording is never served."""
    return insert_new(
        tx,
        recording,
        id=recording_id,
        order_id=order_id,
        n=n,
        duration_ms=duration_ms,
        created_ms=tx.now_ms,
    )


def of_order(tx: Tx, order_id: str) -> list[Recording]:
    """The recordings of an order's call that are still stored, by ``n``."""
    return [_recording(row) for row in tx.run(_OF_ORDER, {"order_": order_id})]


def of_account(tx: Tx, account_id: str, recording_id: str) -> Recording | None:
    """The recording, or None if it does not exist or another account paid for its call."""
    row = tx.run(_OF_ACCOUNT, {"account_": account_id, "id_": recording_id}).first()
    return None if row is None else _recording(row)


def sound_of(tx: Tx, recording_id: str) -> bytes:
    """The WAV file; b'' if it was deleted."""
    return b"".join(row.sound for row in tx.run(_SOUND, {"id_": recording_id}))


def forget(tx: Tx, keep_ms: int) -> int:
    """Delete up to ``BATCH`` recordings older than ``keep_ms``; returns how many."""
    old = tx.run(_OLD, {"before_ms": tx.now_ms - keep_ms, "limit_": BATCH})
    return _remove(tx, [row.id for row in old])


def forget_pieces(tx: Tx, keep_ms: int) -> int:
    """Delete up to ``_PIECES_AT_ONCE`` pieces older than ``keep_ms``, also of recordings that were
    never completed; returns how many."""
    old = tx.run(_OLD_PIECES, {"before_ms": tx.now_ms - keep_ms, "limit_": _PIECES_AT_ONCE}).all()
    for row in old:
        tx.run(_REMOVE_PIECE, {"id_": row.recording_id, "n_": row.n})
    return len(old)


def _remove(tx: Tx, recording_ids: Collection[str]) -> int:
    if recording_ids:
        tx.run(delete(recording).where(recording.c.id.in_(recording_ids)))
    return len(recording_ids)


def _recording(row: Any) -> Recording:
    return Recording(row.id, row.order_id, row.n, row.duration_ms, row.created_ms)


_OF_ORDER = (
    select(recording).where(recording.c.order_id == bindparam("order_")).order_by(recording.c.n)
)
_OF_ACCOUNT = (
    select(recording)
    .join(orders, orders.c.id == recording.c.order_id)
    .where(recording.c.id == bindparam("id_"), orders.c.account_id == bindparam("account_"))
)
_SOUND = (
    select(recording_piece.c.sound)
    .where(recording_piece.c.recording_id == bindparam("id_"))
    .order_by(recording_piece.c.n)
)
_OLD = (
    select(recording.c.id)
    .where(recording.c.created_ms < bindparam("before_ms"))
    .order_by(recording.c.created_ms)
    .limit(bindparam("limit_"))
)
_OLD_PIECES = (
    select(recording_piece.c.recording_id, recording_piece.c.n)
    .where(recording_piece.c.created_ms < bindparam("before_ms"))
    .order_by(recording_piece.c.created_ms)
    .limit(bindparam("limit_"))
)
_REMOVE_PIECE = delete(recording_piece).where(
    recording_piece.c.recording_id == bindparam("id_"), recording_piece.c.n == bindparam("n_")
)
