"""Upgrades a database's schema to this version's.

``revision`` is plain SQL and cheap: Alembic is imported only for an upgrade.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, event, inspect, text

from ringbolt.store.errors import StoreUnsound

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0013"
"""The newest revision in ``migrations/versions``."""

MIGRATIONS = Path(__file__).with_name("migrations")

# The key of an advisory lock, so that only one of several starting replicas upgrades the schema.
_UPGRADE_LOCK = 0x52494E47


def revision(connection: Connection) -> str | None:
    """The schema's revision, None for an empty database.

    Raises ``StoreUnsound`` if the database has tables of another program.
    """
    tables = set(inspect(connection).get_table_names())
    if "alembic_version" not in tables:
        if tables:
            raise StoreUnsound(
                "The database holds tables that are not Ringbolt's.",
                suggestion="Give Ringbolt a database of its own.",
            )
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def alembic_config(connection: Connection) -> Config:
    """Alembic's configuration for ``connection``; there is no ``alembic.ini``."""
    from alembic.config import Config  # noqa: PLC0415 - loading it costs start-up time

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection, to: str = "head") -> None:
    """Run every migration up to ``to``; a failing one is rolled back completely and raises."""
    from alembic import command  # noqa: PLC0415 - loading it costs start-up time

    with _one_at_a_time(connection):
        command.upgrade(alembic_config(connection), to)
        if connection.in_transaction():
            connection.commit()
    if connection.dialect.name == "sqlite":
        _check_foreign_keys(connection)


@contextmanager
def _one_at_a_time(connection: Connection) -> Iterator[None]:
    if connection.dialect.name == "sqlite":
        # The file lock excludes other processes. BEGIN explicitly: Python's sqlite3 begins a
        # transaction only at the first INSERT or UPDATE, so DDL before it would not roll back.
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

        event.listen(connection, "begin", begin)
        try:
            yield
        finally:
            event.remove(connection, "begin", begin)
        return
    # In a transaction of its own, on another connection: each migration has its own transaction,
    # and a session's lock would stay behind in a pooler.
    with connection.engine.connect() as locking, locking.begin():
        locking.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        locking.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
        yield


def _check_foreign_keys(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        raise StoreUnsound(f"After the upgrade {len(broken)} rows refer to rows that are gone.")
