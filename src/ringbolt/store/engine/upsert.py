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
    # Imported here: the dialect takes 5 % of the start-up time of a shop on SQLite, which does not
    # need it.
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
    """Insert a row unless a unique constraint finds an equal one; True if inserted.

    The answer is final: on PostgreSQL the statement waits for a concurrent transaction that inserts
    the same row. (A SELECT followed by an INSERT would be a race.)
    """
    # Without this check, a statement built without values silently drops unknown column names.
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
