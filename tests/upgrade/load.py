"""Put the rows of a version into a database of that version's schema, on either engine."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, Table, func, insert, select, update

from ringbolt.clock import SystemClock
from ringbolt.store.engine.postgres.database import PostgresDatabase
from ringbolt.store.engine.sqlite.database import SqliteDatabase
from ringbolt.store.schema import migrate
from upgrade.dump import Dump, as_value

Row = dict[str, Any]
_BY_MIGRATION = {"node", "escrow", "revenue", "routing_fee"}
_WORLD = (
    "CREATE TABLE document (kind TEXT NOT NULL, key TEXT NOT NULL, doc BLOB NOT NULL,"
    " PRIMARY KEY (kind, key)) WITHOUT ROWID;"
    "CREATE TABLE event (log TEXT NOT NULL, seq INTEGER NOT NULL, doc BLOB NOT NULL,"
    " PRIMARY KEY (log, seq)) WITHOUT ROWID;"
)


async def load_shop(dump: Dump, url: str) -> None:
    """Into an empty database, which has the schema of ``dump.revision`` then."""

    def fill(connection: Connection) -> None:
        connection.rollback()
        migrate.upgrade(connection, dump.revision)
        metadata = MetaData()
        metadata.reflect(connection)
        for table in metadata.sorted_tables:
            rows = [_values(row) for row in dump.shop.get(table.name, [])]
            if table.name == "account":
                _open_accounts(connection, table, rows)
            elif table.name == "transfer":
                _transfer(connection, table, rows)
            elif rows:
                connection.execute(insert(table), rows)
            _count_on(connection, table)
        _assert_balances(connection, metadata.tables["account"], dump)
        connection.commit()

    database: SqliteDatabase | PostgresDatabase
    if url.startswith("sqlite"):
        database = await SqliteDatabase.open(url.removeprefix("sqlite:///"), SystemClock())
    else:
        database = await PostgresDatabase.open(url, SystemClock())
    try:
        await database.maintain(fill)
    finally:
        await database.close()


def _values(row: Row) -> Row:
    return {name: as_value(value) for name, value in row.items()}


def _open_accounts(connection: Connection, table: Table, rows: list[Row]) -> None:
    """Empty, as the ledger's guards want it: the transfers fill them."""
    empty = {"posted_msat": 0, "pending_out_msat": 0}
    made = [row | empty for row in rows if row["id"] not in _BY_MIGRATION]
    if made:
        connection.execute(insert(table), made)


def _transfer(connection: Connection, table: Table, rows: list[Row]) -> None:
    """Born as they were, and then resolved: the guards let no other way."""
    for row in rows:
        born: Row = {"captured_msat": None, "resolved_ms": None}
        born["state"] = "posted" if row["state"] == "posted" else "pending"
        connection.execute(insert(table), row | born)
        if row["state"] in ("captured", "voided"):
            end = {name: row[name] for name in ("state", "captured_msat", "resolved_ms")}
            connection.execute(update(table).where(table.c.id == row["id"]).values(**end))


def _count_on(connection: Connection, table: Table) -> None:
    """The next row gets the next number."""
    if connection.dialect.name == "postgresql" and "id" in table.c:
        sequence = select(func.pg_get_serial_sequence(table.name, "id")).scalar_subquery()
        if connection.scalar(select(sequence)):
            last = connection.scalar(select(func.max(table.c.id)))
            if last is not None:
                connection.execute(select(func.setval(sequence, last)))


def _assert_balances(connection: Connection, table: Table, dump: Dump) -> None:
    wanted = {row["id"]: row["posted_msat"] for row in dump.shop["account"]}
    found = connection.execute(select(table.c.id, table.c.posted_msat))
    assert {row.id: row.posted_msat for row in found} == wanted


def load_world(dump: Dump, path: Path) -> None:
    """The world's file; its clock shows the time at which the dump was made."""
    behind_ms = dump.at_ms - time.time_ns() // 1_000_000
    offset = json.dumps({"offset_ms": behind_ms}).encode()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(_WORLD)
        for table, rows in dump.world.items():
            for row in map(_values, rows):
                names, marks = ", ".join(row), ", ".join("?" * len(row))
                statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"
                connection.execute(statement, list(row.values()))
        connection.execute(
            "INSERT OR REPLACE INTO document VALUES ('clock', 'offset', ?)", (offset,)
        )
        connection.commit()
