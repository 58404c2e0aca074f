"""Statements built once: INSERT .. ON CONFLICT, which SQLAlchemy spells per dialect, and UPDATE
of a row by its key."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Column, Table, bindparam, update
from sqlalchemy.dialects import sqlite

from ringbolt.store.engine.db import Dialect, Tx


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


@cache
def _columns(table: Table) -> frozenset[str]:
    return frozenset(table.c.keys())


def insert_new(tx: Tx, table: Table, **values: Any) -> bool:
    """Insert a row unless a unique constraint says that it is there already; True if inserted.

    The answer is final: on PostgreSQL it waits for whoever is inserting the same row at this
    moment. (To look first and then insert fails for one of two that look at the same time.)
    """
    # A statement that is built without values drops names that it does not know.
    assert values.keys() <= _columns(table), f"no such column in {table.name}"
    return tx.run(_insert_new(tx.dialect, table), values).rowcount == 1


@cache
def _update_row(table: Table, key: Column[Any], names: tuple[str, ...]) -> Any:
    columns = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names}
    return update(table).where(key == bindparam("key_")).values(columns)


def update_row(tx: Tx, key: Column[Any], value: str, **columns: Any) -> None:
    """Set ``columns`` of the row of ``key``'s table whose ``key`` is ``value``."""
    statement = _update_row(key.table, key, tuple(columns))
    tx.run(statement, {"key_": value, **{f"new_{n}": item for n, item in columns.items()}})
