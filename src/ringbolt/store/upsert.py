"""INSERT .. ON CONFLICT, which both databases have and SQLAlchemy spells per dialect."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

from ringbolt.store.db import Dialect, Tx


def insert_for(tx: Tx, table: Table) -> Any:
    """An INSERT of this transaction's dialect that knows ``on_conflict_do_*``."""
    return (sqlite.insert if tx.dialect == "sqlite" else postgresql.insert)(table)


@cache
def _insert_new(dialect: Dialect, table: Table) -> Any:
    # Built once: building a statement costs more than running it.
    insert = (sqlite.insert if dialect == "sqlite" else postgresql.insert)(table)
    return insert.on_conflict_do_nothing()


def insert_new(tx: Tx, table: Table, **values: Any) -> bool:
    """Insert a row unless a unique constraint says that it is there already; True if inserted."""
    # A statement that is built without values drops names that it does not know.
    assert values.keys() <= set(table.c.keys()), f"no such column in {table.name}"
    return tx.run(_insert_new(tx.dialect, table), values).rowcount == 1
