"""Whether the database answers."""

from __future__ import annotations

from ringbolt.store.engine.db import Tx


def touch(tx: Tx) -> None:
    """The least that a statement can ask. Raises as any other if the database is away."""
    tx.conn.exec_driver_sql("SELECT 1")
