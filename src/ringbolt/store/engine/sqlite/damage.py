"""Checks a SQLite file for damage."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ringbolt.store.engine.sqlite.connection import damaged, open_engine, raw_connection

_INSTRUCTIONS: Final = 10_000
"""SQLite's instructions between two looks at the clock."""


@dataclass(frozen=True, slots=True)
class DamageCheck:
    """``damage``: the first fault, '' if none was found. ``is_complete``: the time was enough to
    check the whole file."""

    damage: str
    is_complete: bool


def check_file(path: Path, within_s: float) -> DamageCheck:
    """``PRAGMA quick_check`` of ``path``, for at most ``within_s`` seconds (measured: 400 MB/s of a
    file in the page cache). Works while a shop is running. Raises ``DBAPIError`` if the file cannot
    be read."""
    deadline = time.monotonic() + within_s
    with open_engine(path, "read").connect() as connection:
        raw = raw_connection(connection)
        raw.set_progress_handler(lambda: int(time.monotonic() > deadline), _INSTRUCTIONS)
        try:
            rows = raw.execute("PRAGMA quick_check(1)").fetchall()
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                return DamageCheck("", is_complete=False)
            if damaged(error, path) is not None:
                return DamageCheck(str(error), is_complete=True)
            raise
        finally:
            raw.set_progress_handler(None, 0)
    found = " ".join(str(rows[0][0]).split())
    return DamageCheck("" if found == "ok" else found, is_complete=True)
