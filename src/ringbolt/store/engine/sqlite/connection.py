"""Opens SQLite files, and translates SQLite's errors."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from ringbolt.core.errors import Unavailable
from ringbolt.store.errors import StoreUnsound

BUSY_TIMEOUT_MS = 10_000
JOURNAL_SIZE_LIMIT = 64 * 1024 * 1024
"""Bytes to which the WAL is truncated after a checkpoint: it grows during a long read, and would
keep that size."""

Purpose = Literal["write", "read", "migrate"]

_PLAIN_WORDS = {
    sqlite3.SQLITE_FULL: "The disk that holds the database is full.",
    sqlite3.SQLITE_IOERR: "The disk that holds the database cannot be written or read.",
    sqlite3.SQLITE_BUSY: "Another program keeps the database locked.",
    sqlite3.SQLITE_CANTOPEN: "The database file cannot be opened.",
    sqlite3.SQLITE_CORRUPT: "The database file is damaged.",
    sqlite3.SQLITE_NOTADB: "The database file is not a SQLite database.",
    sqlite3.SQLITE_READONLY: "The database file may not be written.",
    sqlite3.SQLITE_NOMEM: "The machine is out of memory.",
}


def open_engine(path: Path, purpose: Purpose) -> Engine:
    """An engine without a pool: each ``connect()`` opens the file. It begins no transactions.

    Callers send BEGIN and COMMIT on the ``sqlite3`` connection themselves: Python's own transaction
    control begins late (not before a SELECT or DDL), which breaks ``BEGIN IMMEDIATE``.
    """

    def connect() -> sqlite3.Connection:
        mode = "ro" if purpose == "read" else "rw"
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode={mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,  # opened on the loop's thread, used on the writer's
            cached_statements=512,
        )
        for pragma in _pragmas(purpose):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    return create_engine("sqlite://", creator=connect, poolclass=NullPool, query_cache_size=2000)


def _pragmas(purpose: Purpose) -> list[str]:
    if purpose == "read":
        return [f"busy_timeout={BUSY_TIMEOUT_MS}", "query_only=ON"]
    return [
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        # One fdatasync per commit; NORMAL would lose the last commits at a power failure.
        "synchronous=FULL",
        f"journal_size_limit={JOURNAL_SIZE_LIMIT}",
        # With foreign keys on, a batch migration that rebuilds a parent table deletes the children.
        f"foreign_keys={'OFF' if purpose == 'migrate' else 'ON'}",
        # Without it, INSERT OR REPLACE deletes rows without firing the triggers against deletion.
        "recursive_triggers=ON",
    ]


def raw_connection(connection: Connection) -> sqlite3.Connection:
    """The ``sqlite3`` connection under a SQLAlchemy connection."""
    raw = connection.connection.dbapi_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw


def is_readonly(error: DBAPIError) -> bool:
    """Whether the error is a write on a read-only connection."""
    return _primary_code(error) == sqlite3.SQLITE_READONLY


def _primary_code(error: BaseException) -> int | None:
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None


def damaged(error: BaseException, path: Path) -> StoreUnsound | None:
    """``error`` as ``StoreUnsound`` if it says that the file is damaged or no database, else
    None."""
    code = _primary_code(error)
    if code == sqlite3.SQLITE_CORRUPT:
        return file_damaged(path, str(error.orig if isinstance(error, DBAPIError) else error))
    if code == sqlite3.SQLITE_NOTADB:
        return file_damaged(path, "it is not a SQLite database")
    return None


def file_damaged(path: Path, found: str) -> StoreUnsound:
    return StoreUnsound(
        f"The database file {path} is damaged: {found}.",
        suggestion="Stop the shop, and restore the file from a backup (docs/operating.md, Backups)."
        f" What can still be read is printed by: sqlite3 {path} .recover",
    )


def unavailable(error: BaseException) -> Unavailable | None:
    """``error`` as ``Unavailable`` if the disk, the file or the machine caused it, else None."""
    code = _primary_code(error)
    words = None if code is None else _PLAIN_WORDS.get(code)
    if words is None:
        return None
    return Unavailable(
        f"{words} Nothing of this request was kept.",
        code="STORE_UNAVAILABLE",
        suggestion="Try again later.",
    )
