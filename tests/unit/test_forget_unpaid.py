"""Orders that were never paid are deleted with all that belongs to them."""

from __future__ import annotations

from ringbolt.store import unpaid
from ringbolt.store.schema.metadata import metadata

KEPT = {"attempt", "attempt_cost", "lease", "received_text", "recording", "refund"}
"""Rows that only a paid order can have: work on it begins with the payment."""


def test_every_table_of_orders_is_emptied_before_them() -> None:
    emptied = [str(statement.table) for statement in unpaid._FORGET]
    refer = {
        table.name
        for table in metadata.tables.values()
        if any(key.column.table.name == "orders" for key in table.foreign_keys)
    }
    assert refer - KEPT <= set(emptied), refer - KEPT - set(emptied)
    assert emptied[-1] == "orders"
