"""``ringbolt move-to-postgresql``: a shop leaves its SQLite file for a PostgreSQL database."""

from __future__ import annotations

from pathlib import Path

from ringbolt.bootstrap import check_secret
from ringbolt.cli.output import print_done
from ringbolt.clock import SystemClock
from ringbolt.settings import Settings, SettingsError
from ringbolt.settings.secret import load_keyring
from ringbolt.store.engine.opening import open_database, sqlite_file
from ringbolt.store.move import move_to_postgres


async def move(settings: Settings, target: str) -> int:
    """Move the shop of the settings to ``target`` ('': the database that the settings name)."""
    url = target or settings.database
    if sqlite_file(url) is not None:
        raise SettingsError("Name the PostgreSQL database: as argument, or RINGBOLT_DATABASE_URL.")
    path = _source(settings)
    db = await open_database(f"sqlite:///{path}", SystemClock(), readonly=True)
    try:
        await check_secret(settings, load_keyring(settings, create=False), db)
    finally:
        await db.close()
    moved = await move_to_postgres(path, url, SystemClock())
    total = sum(moved.rows.values())
    document = {"rows": moved.rows, "was_moved_before": moved.was_there, "nuls_in": moved.changed}
    said = "The shop had been moved already" if moved.was_there else f"{total} rows were moved"
    return print_done(
        document,
        f"{said}, and the books agree on both sides. From now on start the shop with "
        "RINGBOLT_DATABASE_URL; the SQLite file is kept, but opens no more.",
    )


def _source(settings: Settings) -> Path:
    """The SQLite file of the settings; beside a PostgreSQL URL, that of the data folder."""
    return (sqlite_file(settings.database) or settings.data_dir / "ringbolt.db").absolute()
