"""Whether the database answers."""

from __future__ import annotations

from ringbolt.store.engine.db import Tx


def touch(tx: Tx) -> None:
    """Run the cheapest statement. Raises as any other if the database does not answer."""
    tx.conn.exec_driver_sql("SELECT 1")
