"""The embedded database: group commit, one writer, kill -9, a full disk."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from ringbolt.clock import SystemClock
from ringbolt.core.errors import NotFound, Unavailable
from ringbolt.store import cursors, ledger
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.engine.opening import open_database
from ringbolt.store.engine.sqlite.database import SqliteDatabase
from ringbolt.store.errors import StoreLocked, StoreUnsound
from ringbolt.store.schema.tables import cursor
from support.waiting import PATIENCE_S


@pytest.fixture
async def shop(sqlite_url: str, clock: SystemClock) -> AsyncIterator[SqliteDatabase]:
    database = await open_database(sqlite_url, clock)
    assert isinstance(database, SqliteDatabase)
    yield database
    await database.close()


def write(tx: Tx, name: str, value: str = "x") -> None:
    cursors.set(tx, name, value)


def names(tx: Tx) -> set[str]:
    return {str(row[0]) for row in tx.run(select(cursor.c.name))}


def count(tx: Tx) -> int:
    return int(tx.run(select(func.count()).select_from(cursor)).scalar_one())


async def test_what_waits_together_is_committed_together(shop: SqliteDatabase) -> None:
    # given a writer that is busy while a hundred transactions queue up
    go_on = threading.Event()
    busy = asyncio.ensure_future(shop.tx(lambda tx: go_on.wait(PATIENCE_S)))
    waiting = [asyncio.ensure_future(shop.tx(write, f"n{n}")) for n in range(100)]
    await asyncio.sleep(0)
    before = shop.commits
    # when it comes free
    go_on.set()
    await asyncio.gather(busy, *waiting)
    # then they needed two commits
    assert shop.commits - before <= 2
    assert await shop.read(count) == 100


async def test_nobody_is_notified_before_the_commit(shop: SqliteDatabase) -> None:
    # given two transactions of one group, the second of which takes its time
    started, under_way, queued, go_on = (threading.Event() for _ in range(4))

    def hold_up(tx: Tx) -> None:
        started.set()
        queued.wait(PATIENCE_S)

    def linger(tx: Tx) -> None:
        under_way.set()
        go_on.wait(PATIENCE_S)

    busy = asyncio.ensure_future(shop.tx(hold_up))
    await asyncio.to_thread(started.wait, PATIENCE_S)
    early = asyncio.ensure_future(shop.tx(write, "early"))
    late = asyncio.ensure_future(shop.tx(linger))
    await asyncio.sleep(0)
    queued.set()
    await busy
    await asyncio.to_thread(under_way.wait, PATIENCE_S)
    # then the first is neither told nor seen until the second is done
    assert not early.done()
    assert await shop.read(names) == set()
    go_on.set()
    await asyncio.gather(early, late)
    assert await shop.read(names) == {"early"}


async def test_every_commit_goes_to_the_disk(shop: SqliteDatabase) -> None:
    def pragmas(tx: Tx) -> list[object]:
        wanted = ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers")
        return [tx.run(text(f"PRAGMA {name}")).scalar_one() for name in wanted]

    full = 2  # https://sqlite.org/pragma.html#pragma_synchronous
    assert await shop.tx(pragmas) == ["wal", full, 1, 1]


async def test_a_cancelled_caller_leaves_the_others_alone(shop: SqliteDatabase) -> None:
    go_on = threading.Event()
    busy = asyncio.ensure_future(shop.tx(lambda tx: go_on.wait(PATIENCE_S)))
    leaving = asyncio.ensure_future(shop.tx(write, "left"))
    staying = asyncio.ensure_future(shop.tx(write, "stayed"))
    await asyncio.sleep(0)
    leaving.cancel()
    go_on.set()
    await asyncio.gather(busy, staying)
    assert await shop.read(names) == {"stayed"}


async def test_closing_finishes_what_was_submitted(sqlite_url: str, clock: SystemClock) -> None:
    database = await open_database(sqlite_url, clock)
    waiting = [asyncio.ensure_future(database.tx(write, f"n{n}")) for n in range(20)]
    await asyncio.sleep(0)
    await database.close()
    await asyncio.gather(*waiting)
    with pytest.raises(Unavailable):
        await database.tx(write, "late")


async def test_a_second_writer_is_refused_and_shown_which_process_to_stop(
    shop: SqliteDatabase, sqlite_url: str, clock: SystemClock
) -> None:
    with pytest.raises(StoreLocked) as refusal:
        await open_database(sqlite_url, clock)
    assert f"process {os.getpid()}" in refusal.value.message
    assert "PostgreSQL" in refusal.value.suggestion


async def test_the_next_writer_may_come_when_the_first_is_gone(
    shop: SqliteDatabase, sqlite_url: str, clock: SystemClock
) -> None:
    await shop.tx(write, "a")
    await shop.close()
    following = await open_database(sqlite_url, clock)
    assert await following.read(names) == {"a"}
    await following.close()


async def test_reading_works_after_the_shop_has_stopped(
    shop: SqliteDatabase, sqlite_url: str, clock: SystemClock
) -> None:
    await shop.tx(write, "a")
    await shop.close()
    beside = await open_database(sqlite_url, clock, readonly=True)
    assert await beside.read(names) == {"a"}
    await beside.close()


async def test_reading_what_is_not_there_is_not_found(tmp_path: Path, clock: SystemClock) -> None:
    with pytest.raises(NotFound):
        await open_database(f"sqlite:///{tmp_path / 'none.db'}", clock, readonly=True)
    assert not (tmp_path / "none.db").exists()


async def test_the_file_is_for_its_owner_only(tmp_path: Path, clock: SystemClock) -> None:
    await (await open_database(f"sqlite:///{tmp_path / 'new.db'}", clock)).close()
    assert (tmp_path / "new.db").stat().st_mode & 0o077 == 0


async def test_a_file_that_is_no_database_is_refused_and_unlocked(
    tmp_path: Path, clock: SystemClock
) -> None:
    path = tmp_path / "letter.db"
    path.write_text("Dear Sir or Madam, " * 1000)
    for _ in range(2):
        with pytest.raises(StoreUnsound, match="not a SQLite database"):
            await open_database(f"sqlite:///{path}", clock)


_WRITER = """
import asyncio, sys
from ringbolt.clock import SystemClock
from ringbolt.store import cursors
from ringbolt.store.engine.opening import open_database

async def main():
    database = await open_database(sys.argv[1], SystemClock())
    async def forever(lane):
        n = 0
        while True:
            await database.tx(cursors.set, f"{lane}-{n}", "x")
            sys.stdout.write(f"{lane}-{n}\\n")
            sys.stdout.flush()
            n += 1
    await asyncio.gather(*(forever(lane) for lane in range(16)))

asyncio.run(main())
"""


async def test_kill_9_loses_nothing_acknowledged_and_frees_the_lock(
    sqlite_url: str, clock: SystemClock
) -> None:
    # given a process that tells us of every transaction that it was told is durable
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, sqlite_url], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    acknowledged = {writer.stdout.readline().strip() for _ in range(300)}
    # when it is killed
    writer.send_signal(signal.SIGKILL)
    acknowledged |= {line.strip() for line in writer.stdout if line.endswith("\n")}
    writer.wait()
    # then the next one may start, and all is there
    database = await open_database(sqlite_url, clock)
    kept = await database.read(names)
    await database.close()
    assert len(acknowledged) >= 300
    assert acknowledged <= kept


async def test_the_lock_does_not_live_on_in_forked_children(
    shop: SqliteDatabase, sqlite_url: str, clock: SystemClock
) -> None:
    read_end, write_end = os.pipe()
    born_read, born_write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(write_end)
        os.write(born_write, b"!")  # what runs in a forked child has run
        os.read(read_end, 1)
        os._exit(0)
    try:
        assert os.read(born_read, 1) == b"!"
        await shop.close()
        following = await open_database(sqlite_url, clock)
        assert await following.read(names) == set()
        await following.close()
    finally:
        for end in (write_end, read_end, born_read, born_write):
            os.close(end)
        os.waitpid(child, 0)


async def _fill(database: Database) -> list[str]:
    """Write until the disk is full; returns what was acknowledged."""
    kept: list[str] = []
    with pytest.raises(Unavailable) as refusal:
        for n in range(5000):
            await database.tx(write, f"n{n}", "x" * 4000)
            kept.append(f"n{n}")
    assert refusal.value.code == "STORE_UNAVAILABLE"
    assert "full" in refusal.value.message
    return kept


async def test_a_full_file_is_said_plainly_and_leaves_nothing_half_done(
    shop: SqliteDatabase,
) -> None:
    pages = await shop.tx(lambda tx: tx.run(text("PRAGMA page_count")).scalar_one())
    await shop.tx(lambda tx: tx.run(text(f"PRAGMA max_page_count = {pages + 40}")).scalar_one())
    kept = await _fill(shop)

    def write_two(tx: Tx) -> None:
        write(tx, "small")
        write(tx, "large", "x" * 400_000)

    with pytest.raises(Unavailable):
        await shop.tx(write_two)
    assert await shop.read(names) == set(kept)
    await shop.tx(lambda tx: tx.run(text("PRAGMA max_page_count = 100000")).scalar_one())
    await shop.tx(write_two)
    assert await shop.read(names) == {*kept, "small", "large"}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "ringbolt-test", place],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"no small file system to fill: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", place], check=True)


async def test_a_full_disk_is_survived(small_disk: Path, clock: SystemClock) -> None:
    database = await open_database(f"sqlite:///{small_disk / 'shop.db'}", clock)
    try:
        # given a disk that others fill up
        await database.tx(write, "before")
        kept = await _fill(database)
        assert await database.read(names) == {"before", *kept}
        results = await asyncio.gather(
            *(database.tx(write, f"c{n}", "x" * 4000) for n in range(20)), return_exceptions=True
        )
        assert any(isinstance(result, Unavailable) for result in results)
        acknowledged = {f"c{n}" for n, result in enumerate(results) if result is None}
        # when there is space again
        subprocess.run(["mount", "-o", "remount,size=16m", small_disk], check=True)
        # then the same handle works on
        await database.tx(write, "after")
        assert await database.read(names) == {"before", *kept, *acknowledged, "after"}
    finally:
        await database.close()


async def test_a_transfer_cannot_be_replaced(shop: SqliteDatabase) -> None:
    """INSERT OR REPLACE deletes, and without recursive triggers nobody would be asked."""
    values = "(idem, debit, credit, amount_msat, state, kind, at_ms) VALUES"

    def insert(tx: Tx, verb: str, amount_msat: int) -> None:
        row = f"('once', 'node', 'escrow', {amount_msat}, 'posted', 'x', 1)"
        tx.run(text(f"{verb} INTO transfer {values} {row}"))

    await shop.tx(insert, "INSERT", 10)
    with pytest.raises(IntegrityError, match="never deleted"):
        await shop.tx(insert, "INSERT OR REPLACE", 20)
    assert await shop.read(ledger.balance, "escrow") == ledger.Balance(10, 0)
