"""A damaged SQLite file is found after a crash and by the doctor, and is not opened."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from cli.conftest import run_command
from ringbolt.clock import SystemClock
from ringbolt.store import cursors
from ringbolt.store.engine import opening
from ringbolt.store.engine.opening import check_damage, open_database
from ringbolt.store.engine.sqlite.damage import DamageCheck
from ringbolt.store.errors import StoreUnsound

PAGE = 4096


async def filled(url: str) -> Path:
    """A database with some rows, closed."""
    database = await open_database(url, SystemClock())
    for n in range(300):
        await database.tx(cursors.set, f"name {n}", "x" * 100)
    await database.close()
    return Path(url.removeprefix("sqlite:///"))


def damage(path: Path) -> None:
    """Overwrite the first page of one table, as a faulty disk would."""
    with sqlite3.connect(path) as connection:
        (root,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'cursor'"
        ).fetchone()
    with path.open("r+b") as file:
        file.seek((root - 1) * PAGE)
        file.write(b"\xa5" * PAGE)


def left_by_a_killed_process(path: Path) -> None:
    path.with_name(path.name + ".lock").write_text("123456\n")


async def test_a_damaged_file_is_refused_after_a_crash(sqlite_url: str) -> None:
    path = await filled(sqlite_url)
    damage(path)
    left_by_a_killed_process(path)
    for _ in range(2):  # the refusal does not hide the damage from the next start
        with pytest.raises(StoreUnsound, match="damaged") as refused:
            await open_database(sqlite_url, SystemClock())
        assert "backup" in refused.value.suggestion


async def test_a_sound_file_is_opened_after_a_crash(sqlite_url: str) -> None:
    path = await filled(sqlite_url)
    left_by_a_killed_process(path)
    database = await open_database(sqlite_url, SystemClock())
    assert await database.read(cursors.get, "name 7") == "x" * 100
    await database.close()


async def test_after_a_clean_end_the_start_does_not_check(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(sqlite_url)
    monkeypatch.setattr(opening, "check_file", None)
    database = await open_database(sqlite_url, SystemClock())
    assert await database.read(cursors.get, "name 7") == "x" * 100
    await database.close()


async def test_a_big_file_is_checked_in_part(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = await filled(sqlite_url)
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE big AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
                           "SELECT i + 1 FROM n WHERE i < 50000) SELECT i FROM n")  # fmt: skip
    assert check_damage(sqlite_url, 0) == DamageCheck("", is_complete=False)
    left_by_a_killed_process(path)
    monkeypatch.setattr(opening, "CHECK_S", 0)
    await (await open_database(sqlite_url, SystemClock())).close()
    assert "doctor" in caplog.text


async def test_the_doctor_finds_damage(sqlite_url: str, tmp_path: Path) -> None:
    path = await filled(sqlite_url)
    (tmp_path / "data").mkdir()
    shutil.move(path, tmp_path / "data" / "ringbolt.db")
    damage(tmp_path / "data" / "ringbolt.db")
    kept = {name: value for name, value in os.environ.items() if "RINGBOLT" not in name}
    doctor = await run_command({**kept, "RINGBOLT_DATA_DIR": str(tmp_path / "data")}, "doctor")
    store = next(row for row in doctor.json if row["part"] == "store")
    assert (doctor.code, store["state"]) == (1, "wrong")
    assert "damaged" in store["detail"]
    assert "backup" in store["fix"]
