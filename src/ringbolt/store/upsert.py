"""INSERT .. ON CONFLICT, which both databases have and SQLAlchemy spells per dialect."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import sqlite

from ringbolt.store.db import Dialect, Tx


def insert_for(dialect: Dialect, table: Table) -> Any:
    """An INSERT of that dialect, which knows ``on_conflict_do_*``."""
    if dialect == "sqlite":
        return sqlite.insert(table)
    # The other dialect is a twentieth of the time that an embedded shop takes to start.
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415

    return postgresql.insert(table)


@cache
def _insert_new(dialect: Dialect, table: Table) -> Any:
    # Built once: building a statement costs more than running it.
    return insert_for(dialect, table).on_conflict_do_nothing()


def insert_new(tx: Tx, table: Table, **values: Any) -> bool:
    """Insert a row unless a unique constraint says that it is there already; True if inserted."""
    # A statement that is built without values drops names that it does not know.
    assert values.keys() <= set(table.c.keys()), f"no such column in {table.name}"
    return tx.run(_insert_new(tx.dialect, table), values).rowcount == 1
