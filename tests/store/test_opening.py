"""Opening: migrated, checked, or refused."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from ringbolt.clock import SystemClock
from ringbolt.core.errors import InvalidInput
from ringbolt.store.engine.opening import open_database
from ringbolt.store.engine.postgres.database import PostgresDatabase
from ringbolt.store.engine.sqlite.database import SqliteDatabase
from ringbolt.store.errors import StoreUnsound
from ringbolt.store.schema import guards, migrate
from ringbolt.store.schema.metadata import metadata


async def alter(url: str, fn: Any) -> Any:
    """Run ``fn`` on a raw connection of the database at ``url``; it is committed."""

    def run(connection: Connection) -> Any:
        connection.rollback()
        result = fn(connection)
        connection.commit()
        return result

    database: SqliteDatabase | PostgresDatabase
    if url.startswith("sqlite"):
        path = url.removeprefix("sqlite:///")
        database = await SqliteDatabase.open(path, SystemClock())
    else:
        database = await PostgresDatabase.open(url, SystemClock())
    try:
        return await database.maintain(run)
    finally:
        await database.close()


async def execute(url: str, *statements: str) -> None:
    await alter(url, lambda connection: [connection.execute(text(sql)) for sql in statements])


async def test_an_empty_database_gets_the_schema_of_the_tables(
    empty_url: str, clock: SystemClock
) -> None:
    await (await open_database(empty_url, clock)).close()

    def differences(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    assert await alter(empty_url, differences) == []


def _ddl(connection: Connection) -> dict[str, str]:
    """Every table, constraint and index as the database itself writes it down."""
    if connection.dialect.name == "sqlite":
        query = (
            "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND type <> 'trigger'"
            " AND tbl_name NOT LIKE 'alembic%' AND name NOT LIKE 'sqlite%'"
        )
    else:
        query = (
            "SELECT conrelid::regclass || ' ' || conname, pg_get_constraintdef(oid)"
            " FROM pg_constraint WHERE conrelid <> 0"
            " AND connamespace = 'public'::regnamespace AND conname NOT LIKE 'alembic%'"
            " UNION ALL SELECT indexname, indexdef FROM pg_indexes"
            " WHERE schemaname = 'public' AND tablename NOT LIKE 'alembic%'"
            " UNION ALL SELECT table_name || ' ' || column_name, data_type || ' ' || is_nullable"
            " || ' ' || coalesce(column_default, '') FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name NOT LIKE 'alembic%'"
        )
    rows = connection.execute(text(query))
    return {str(name): _normal(str(sql)) for name, sql in rows}


def _normal(sql: str) -> str:
    """Columns and constraints in any order: they come in the order in which they were named, and
    a column that was added later stands at the end, on the line of the last constraint."""
    pieces = re.split(r",\s+(?=[A-Za-z_]+ [A-Z(])|\n", sql)
    return "\n".join(sorted(piece.strip(" ,\t") for piece in pieces if piece.strip()))


async def test_the_migrations_make_exactly_what_the_tables_say(database_url: str) -> None:
    def make_anew(connection: Connection) -> None:
        metadata.drop_all(connection)
        metadata.create_all(connection)

    migrated = await alter(database_url, _ddl)
    await alter(database_url, make_anew)
    assert migrated == await alter(database_url, _ddl)


def test_the_newest_migration_is_the_head() -> None:
    assert ScriptDirectory(str(migrate.MIGRATIONS)).get_current_head() == migrate.HEAD


async def test_the_platforms_accounts_are_there_and_keep_no_balance(
    database_url: str,
) -> None:
    def accounts(connection: Connection) -> dict[str, str]:
        rows = connection.execute(text("SELECT id, kind FROM account WHERE stored = 0"))
        return {str(row[0]): str(row[1]) for row in rows}

    assert await alter(database_url, accounts) == {
        "node": "asset",
        "escrow": "liability",
        "revenue": "income",
        "routing_fee": "expense",
    }


def test_starting_on_a_present_schema_does_not_load_alembic(sqlite_url: str) -> None:
    script = (
        "import asyncio, sys\n"
        "from ringbolt.clock import SystemClock\n"
        "from ringbolt.store.engine.opening import open_database\n"
        "async def main():\n"
        f"    await (await open_database({sqlite_url!r}, SystemClock())).close()\n"
        "asyncio.run(main())\n"
        "print([name for name in ('alembic', 'asyncpg') if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


async def test_a_missing_guard_is_refused(database_url: str, clock: SystemClock) -> None:
    on_table = "" if database_url.startswith("sqlite") else " ON transfer"
    await execute(database_url, f"DROP TRIGGER transfer_kept{on_table}")
    for readonly in (True, False):
        with pytest.raises(StoreUnsound, match="transfer_kept"):
            await open_database(database_url, clock, readonly=readonly)


async def test_a_weakened_guard_is_refused(database_url: str, clock: SystemClock) -> None:
    if database_url.startswith("sqlite"):
        weaken = [
            "DROP TRIGGER transfer_kept",
            "CREATE TRIGGER transfer_kept BEFORE DELETE ON transfer BEGIN SELECT 1; END",
        ]
    else:
        weaken = ["ALTER TABLE transfer DISABLE TRIGGER transfer_kept"]
    await execute(database_url, *weaken)
    with pytest.raises(StoreUnsound, match="transfer_kept"):
        await open_database(database_url, clock)


async def test_guards_can_be_installed_again(database_url: str, clock: SystemClock) -> None:
    await alter(database_url, guards.install)
    database = await open_database(database_url, clock)
    assert database.dialect in database_url
    await database.close()


async def test_a_newer_schema_is_refused(database_url: str, clock: SystemClock) -> None:
    await execute(database_url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreUnsound, match="newer"):
        await open_database(database_url, clock)


async def test_a_strangers_tables_are_refused(empty_url: str, clock: SystemClock) -> None:
    await execute(empty_url, "CREATE TABLE letters (id INTEGER)")
    with pytest.raises(StoreUnsound, match="not Ringbolt's"):
        await open_database(empty_url, clock)


async def test_an_older_schema_is_not_upgraded_by_a_reader(
    empty_url: str, clock: SystemClock
) -> None:
    await alter(empty_url, lambda connection: None)
    with pytest.raises(StoreUnsound, match="older"):
        await open_database(empty_url, clock, readonly=True)


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "sqlite:///:memory:", "nothing"])
async def test_other_urls_are_refused(url: str, clock: SystemClock) -> None:
    with pytest.raises(InvalidInput, match="does not name a database"):
        await open_database(url, clock)


_NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "{next}"
down_revision = "{head}"


def upgrade() -> None:
    op.create_table("extra", sa.Column("id", sa.Text(), primary_key=True))
    {then}
"""
HEAD = migrate.HEAD
NEXT = f"{int(HEAD) + 1:04}"


def _step(then: str) -> str:
    return _NEXT.format(next=NEXT, head=HEAD, then=then)


@pytest.fixture
def next_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the migrations with one more step, whose file is to be written."""
    copy = tmp_path / "migrations"
    shutil.copytree(migrate.MIGRATIONS, copy)
    monkeypatch.setattr(migrate, "MIGRATIONS", copy)
    monkeypatch.setattr(migrate, "HEAD", NEXT)
    yield copy / "versions" / f"{NEXT}_next.py"


def _tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


async def test_an_upgrade_keeps_a_copy_of_the_file(
    sqlite_url: str, next_migration: Path, clock: SystemClock
) -> None:
    next_migration.write_text(_step("pass"))
    await (await open_database(sqlite_url, clock)).close()
    backup = f"{sqlite_url}.before-{NEXT}"
    assert "extra" in await alter(sqlite_url, _tables)
    assert "extra" not in await alter(backup, _tables)
    assert await alter(backup, migrate.revision) == HEAD


async def test_a_failing_step_leaves_nothing_behind(
    database_url: str, next_migration: Path, clock: SystemClock
) -> None:
    next_migration.write_text(_step("raise RuntimeError('broken step')"))
    with pytest.raises(RuntimeError, match="broken step"):
        await open_database(database_url, clock)
    assert "extra" not in await alter(database_url, _tables)
    assert await alter(database_url, migrate.revision) == HEAD
    # and a repaired one goes through
    next_migration.write_text(_step("pass"))
    await (await open_database(database_url, clock)).close()
    assert await alter(database_url, migrate.revision) == NEXT


async def test_replicas_that_start_together_upgrade_once(
    empty_postgres_url: str, clock: SystemClock
) -> None:
    replicas = await asyncio.gather(*(open_database(empty_postgres_url, clock) for _ in range(3)))
    for replica in replicas:
        await replica.close()
    assert await alter(empty_postgres_url, migrate.revision) == migrate.HEAD
