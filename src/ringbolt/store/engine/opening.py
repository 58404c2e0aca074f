"""Opens the shop's database by its URL, and upgrades and checks its schema."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, make_url, select
from sqlalchemy.exc import ArgumentError

from ringbolt.clock import Clock
from ringbolt.core.errors import InvalidInput
from ringbolt.store.engine.db import Database
from ringbolt.store.engine.sqlite.connection import damaged, file_damaged, unavailable
from ringbolt.store.engine.sqlite.damage import DamageCheck, check_file
from ringbolt.store.engine.sqlite.database import SqliteDatabase
from ringbolt.store.errors import StoreUnsound
from ringbolt.store.schema import guards, migrate
from ringbolt.store.schema.shop_tables import MOVED, shop_fact

CHECK_S: Final = 1.0
"""How long a SQLite file is checked after the shop was killed, s."""

log = logging.getLogger(__name__)


async def open_database(
    url: str, clock: Clock, *, readonly: bool = False, listen_url: str = ""
) -> Database:
    """Open ``sqlite:///path`` or ``postgresql://..``, upgrade its schema, and check it.

    ``listen_url``: the same PostgreSQL database without a pooler in between, for LISTEN.
    ``readonly`` changes nothing and works while a shop is running. Before an upgrade, a SQLite file
    is copied to ``<name>.before-<revision>``; after a crash it is checked for damage.

    Raises ``StoreLocked`` (SQLite: another process writes to it), ``StoreUnsound`` (schema of a
    newer version, foreign tables, missing ledger triggers; with ``readonly`` also an older schema;
    a damaged file), ``StoreRefused`` (PostgreSQL: role, password, database, right),
    ``Unavailable``, ``InvalidInput`` (unsupported URL), ``NotFound`` (``readonly`` and no file).
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # the latter for a port that is no number
        raise _not_a_database(url) from None
    backend = parsed.get_backend_name()
    if backend == "sqlite" and parsed.database not in {None, "", ":memory:"}:
        return await _open_sqlite(Path(str(parsed.database)), clock, readonly)
    if backend in {"postgresql", "postgres"}:
        return await _open_postgres(url, clock, readonly, listen_url)
    raise _not_a_database(url)


def _not_a_database(url: str) -> InvalidInput:
    return InvalidInput(
        f"{url.rsplit('@', maxsplit=1)[-1]!r} does not name a database.",
        suggestion="Use sqlite:///path/to/file.db or postgresql://user:password@host/name.",
    )


async def _open_sqlite(path: Path, clock: Clock, readonly: bool) -> Database:
    database = await SqliteDatabase.open(path, clock, readonly=readonly)
    try:

        def prepare(connection: Connection) -> None:
            _prepare(connection, readonly, backup_of=database.path)

        if database.was_killed:
            await asyncio.to_thread(_refuse_damaged, database.path)
        await database.maintain(prepare)
    except BaseException as error:
        await database.close(clean=False)
        refused = damaged(error, path) or unavailable(error)
        if refused is not None:
            raise refused from error
        raise
    return database


def _refuse_damaged(path: Path) -> None:
    """Raises ``StoreUnsound``. A big file is checked in part: a start must not take long."""
    checked = check_file(path, CHECK_S)
    if checked.damage:
        raise file_damaged(path, checked.damage)
    if not checked.is_complete:
        log.warning("the big database was checked in part after a crash: run ringbolt doctor")


def check_damage(url: str, within_s: float) -> DamageCheck | None:
    """Look for damage in the SQLite file of ``url`` for at most ``within_s`` seconds; None if there
    is no such file, or the database is on PostgreSQL. Works while a shop is running."""
    path = sqlite_file(url)
    return None if path is None or not path.is_file() else check_file(path, within_s)


def sqlite_file(url: str) -> Path | None:
    """The file of a SQLite ``url``; None for a database on PostgreSQL."""
    parsed = make_url(url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


async def _open_postgres(url: str, clock: Clock, readonly: bool, listen_url: str) -> Database:
    # Imported here: a shop on SQLite does not need the driver, which is slow to import.
    from ringbolt.store.engine.postgres.database import PostgresDatabase  # noqa: PLC0415
    from ringbolt.store.engine.postgres.refusals import cannot_open  # noqa: PLC0415

    try:
        database = await PostgresDatabase.open(url, clock, readonly=readonly, listen_url=listen_url)
        try:
            await database.maintain(lambda connection: _prepare(connection, readonly))
        except BaseException:
            await database.close()
            raise
    except Exception as error:
        refused = cannot_open(error, make_url(url))
        if refused is not None:
            raise refused from error
        raise
    return database


def _prepare(connection: Connection, readonly: bool, backup_of: Path | None = None) -> None:
    found = migrate.revision(connection)
    if found != migrate.HEAD:
        _refuse_unless_older(found, readonly)
        if backup_of is not None and found is not None:
            back_up(backup_of, backup_of.with_name(f"{backup_of.name}.before-{migrate.HEAD}"))
        connection.rollback()  # end the transaction of the reads: each step begins its own
        migrate.upgrade(connection)
    if not readonly:
        _refuse_moved(connection)
    gone = guards.missing(connection)
    if gone:
        raise StoreUnsound(
            f"The ledger's guards are missing or changed: {', '.join(gone)}.",
            suggestion="Restore the database from a backup; without them money is not safe.",
        )


def _refuse_moved(connection: Connection) -> None:
    place = connection.execute(select(shop_fact.c.value).where(shop_fact.c.name == MOVED)).scalar()
    if place is not None and connection.dialect.name == "sqlite":
        raise StoreUnsound(
            f"This shop was moved to {place}.",
            suggestion="Set RINGBOLT_DATABASE_URL to that database.",
        )


def _refuse_unless_older(found: str | None, readonly: bool) -> None:
    if found is not None and found > migrate.HEAD:
        raise StoreUnsound(
            f"The database was written by a newer Ringbolt (schema {found}, here {migrate.HEAD}).",
            suggestion="Run the newer version, or restore the backup made before its upgrade.",
        )
    if readonly:
        raise StoreUnsound(
            f"The database was written by an older Ringbolt (schema {found or 'none'}, here"
            f" {migrate.HEAD}).",
            suggestion="Start the shop once: it upgrades the schema.",
        )


def back_up(source: Path, target: Path) -> None:
    """Copy a SQLite database; the copy is consistent even if another process writes to it."""
    target.touch(mode=0o600)
    with (
        closing(sqlite3.connect(source)) as original,
        closing(sqlite3.connect(target)) as copy,
    ):
        original.backup(copy)
