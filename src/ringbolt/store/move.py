"""Moves a shop from SQLite to PostgreSQL: all rows in one transaction, compared before it commits.

Until that commit the SQLite file is the shop; after it, the file is marked, and cannot be opened
for writing any more. If the process dies in between, a second run finds the same shop on both
sides, and only marks the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Table, bindparam, func, make_url, select, text, update

from ringbolt.clock import Clock
from ringbolt.core.errors import Conflict
from ringbolt.store import audit, ledger, shop_facts
from ringbolt.store.engine.db import Dialect, Tx
from ringbolt.store.engine.opening import open_database
from ringbolt.store.engine.postgres.database import PostgresDatabase
from ringbolt.store.engine.sqlite.connection import open_engine
from ringbolt.store.errors import StoreUnsound
from ringbolt.store.schema.metadata import metadata
from ringbolt.store.schema.shop_tables import MOVED
from ringbolt.store.schema.tables import account, transfer

_ROWS: Final = 500
"""Rows read and written at a time."""


@dataclass(frozen=True, slots=True)
class Moved:
    """``rows`` by table; ``was_there``: an earlier run had moved them. ``changed``: how many texts
    lost a NUL character, which PostgreSQL cannot store."""

    rows: dict[str, int]
    was_there: bool = False
    changed: int = 0


@dataclass(slots=True)
class _Copy:
    source: Connection
    target: Connection
    rows: dict[str, int] = field(default_factory=dict)
    changed: int = 0

    def chunks(self, table: Table) -> Iterator[list[dict[str, Any]]]:
        """The rows of a table of the source, without NUL characters."""
        found = self.source.execute(select(table).order_by(*table.primary_key.columns))
        for part in found.mappings().partitions(_ROWS):
            yield [self._storable(dict(row)) for row in part]

    def _storable(self, row: dict[str, Any]) -> dict[str, Any]:
        for name, value in row.items():
            if isinstance(value, str) and "\0" in value:
                row[name] = value.replace("\0", "")
                self.changed += 1
        return row


async def move_to_postgres(path: Path, url: str, clock: Clock) -> Moved:
    """Move the shop in the SQLite file ``path`` to the PostgreSQL database ``url``.

    ``path`` is absolute, and exists. The shop must be stopped, and the database empty. Raises
    ``StoreLocked`` (the shop is running), ``Conflict`` (the database holds another shop),
    ``StoreUnsound`` (the two sides differ; nothing was kept), and what ``open_database`` raises.
    """
    source = await open_database(f"sqlite:///{path}", clock)
    try:
        target = await open_database(url, clock)
        try:
            assert isinstance(target, PostgresDatabase), "the command checks the URL"
            moved = await _move(path, target)
        finally:
            await target.close()
        place = make_url(url).set(password=None).render_as_string()
        await source.tx(shop_facts.keep, MOVED, place)
    finally:
        await source.close()
    return moved


async def _move(path: Path, target: PostgresDatabase) -> Moved:
    def run(connection: Connection) -> Moved:
        connection.rollback()
        with connection.begin(), open_engine(path, "read").connect() as reading:
            return _copy_all(_Copy(reading, connection))

    return await target.maintain(run)


def _copy_all(copy: _Copy) -> Moved:
    """Within a transaction of the target, which the caller commits."""
    copy.target.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    names = ", ".join(f'"{table.name}"' for table in metadata.sorted_tables)
    copy.target.execute(text(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE"))
    if not _is_empty(copy.target):
        if _differences(copy):
            raise Conflict(
                "The PostgreSQL database holds a shop already.",
                suggestion="Give it an empty database (createdb).",
            )
        return Moved(_counts(copy.source), was_there=True)
    for table in metadata.sorted_tables:
        if table is account:
            _copy_accounts(copy)
        elif table is transfer:
            _copy_transfers(copy)
        else:
            for rows in copy.chunks(table):
                copy.target.execute(table.insert(), rows)
        _continue_numbers(copy.target, table)
    _set_floors(copy)
    found = _differences(copy)
    if found:
        raise StoreUnsound(
            f"The two databases differ after the move: {'; '.join(found)}.",
            suggestion="Nothing was kept in PostgreSQL; the SQLite file is still the shop. Please "
            "report this.",
        )
    return Moved(_counts(copy.target), changed=copy.changed)


def _is_empty(target: Connection) -> bool:
    """Whether it holds nothing but what the migrations make: the platform's accounts."""
    counts = _counts(target)
    stored = select(func.count()).select_from(account).where(account.c.stored == 1)
    counts[account.name] = target.execute(stored).scalar_one()
    return not any(counts.values())


def _counts(connection: Connection) -> dict[str, int]:
    return {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in metadata.sorted_tables
    }


def _copy_accounts(copy: _Copy) -> None:
    """Empty and without floors: the guards let no account be made with money in it, and the
    transfers fill them in another order than they did at their time."""
    there = set(copy.target.execute(select(account.c.id)).scalars())
    empty = {"posted_msat": 0, "pending_out_msat": 0, "floor_msat": None}
    for rows in copy.chunks(account):
        new = [{**row, **empty} for row in rows if row["id"] not in there]
        if new:
            copy.target.execute(account.insert(), new)


def _copy_transfers(copy: _Copy) -> None:
    """Through the guards: inserted as posted or pending, then captured or voided."""
    begun = {"state": "pending", "captured_msat": None, "resolved_ms": None}
    for rows in copy.chunks(transfer):
        over = [row for row in rows if row["state"] in ("captured", "voided")]
        ids = {row["id"] for row in over}
        copy.target.execute(
            transfer.insert(), [{**row, **begun} if row["id"] in ids else row for row in rows]
        )
        for row in over:
            copy.target.execute(_RESOLVE, {f"{name}_": row[name] for name in _RESOLVED})


_RESOLVED = ("id", "state", "captured_msat", "resolved_ms")
_RESOLVE = (
    update(transfer)
    .where(transfer.c.id == bindparam("id_"))
    .values({name: bindparam(f"{name}_") for name in _RESOLVED[1:]})
)


def _set_floors(copy: _Copy) -> None:
    """The database checks every balance against its floor now."""
    floor = update(account).where(account.c.id == bindparam("id_"))
    for rows in copy.chunks(account):
        floors = [
            {"id_": row["id"], "floor_": row["floor_msat"]}
            for row in rows
            if row["floor_msat"] is not None
        ]
        if floors:
            copy.target.execute(floor.values(floor_msat=bindparam("floor_")), floors)


def _continue_numbers(target: Connection, table: Table) -> None:
    """The next row gets a number after those that were copied."""
    column = table.autoincrement_column
    if column is None:
        return
    sequence = func.pg_get_serial_sequence(table.name, column.name)
    last = target.execute(select(func.max(column))).scalar()
    if last is not None:
        target.execute(select(func.setval(sequence, last)))


def _differences(copy: _Copy) -> list[str]:
    """What the audit of the books finds different on the two sides."""
    sides: tuple[tuple[Connection, Dialect], ...] = (
        (copy.source, "sqlite"),
        (copy.target, "postgresql"),
    )
    seen = [_looked_at(Tx(connection, 0, dialect)) for connection, dialect in sides]
    return [name for name in seen[0] if seen[0][name] != seen[1][name]]


def _looked_at(tx: Tx) -> dict[str, Any]:
    balances = select(account).where(account.c.stored == 1).order_by(account.c.id)
    return {
        **{f"rows of {name}": number for name, number in _counts(tx.conn).items()},
        "the sums of the books": audit.books(tx),
        "the disagreements in the books": sorted(audit.disagreements(tx)),
        "the sums of accounts": sorted(fault.account for fault in ledger.recompute(tx)),
        # In an order of our own: the two databases sort texts differently
        "the balances": sorted(tuple(row) for row in tx.conn.execute(balances)),
        "the secret": shop_facts.get(tx, shop_facts.SECRET),
    }
