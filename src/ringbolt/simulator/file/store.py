"""The simulated world's own file: documents by kind and key, and logs of events.

Each simulated part keeps its live state in memory, loads it at start, and writes every change here
before it answers. One thread writes, and commits everything that is queued together: a commit
costs one fdatasync, a document some microseconds. The shop's database is never touched.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import msgspec

from ringbolt.core.errors import Unavailable
from ringbolt.simulator.file.world_file import Append, Document, Entry, Put
from ringbolt.store.engine.file_lock import FileLock

MAX_BATCH = 512
MAX_UNWRITTEN = 20_000
"""Writes that are kept while the file cannot be written; more would fill the memory."""
RETRY_S = 1.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS document (
    kind TEXT NOT NULL, key TEXT NOT NULL, doc BLOB NOT NULL, PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS event (
    log TEXT NOT NULL, seq INTEGER NOT NULL, doc BLOB NOT NULL, PRIMARY KEY (log, seq)
) WITHOUT ROWID;
"""
_GENESIS = "INSERT OR IGNORE INTO document (kind, key, doc) VALUES ('world', 'genesis', ?)"
_PUT = "INSERT OR REPLACE INTO document (kind, key, doc) VALUES (?, ?, ?)"
_DELETE = "DELETE FROM document WHERE kind = ? AND key = ?"
_APPEND = "INSERT INTO event (log, seq, doc) VALUES (?, ?, ?)"

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


@dataclass(slots=True)
class _Write:
    puts: list[tuple[str, str, bytes | None]]
    appends: list[tuple[str, bytes]]
    future: asyncio.Future[list[int]]
    seqs: list[int]


class WorldStore:
    """Opened once per file; a second opener, in this process or another, is refused.

    Writes take effect in the order in which they were called, are atomic each, and are on the
    disk when awaited. When one fails (a full disk), its caller and those after it get
    ``Unavailable`` at once. But the parts' memory is ahead of the file then, so what failed is kept
    in order and written as soon as the disk takes it, which is tried every second; ``on_recovery``
    is called on the event loop then. Beyond ``MAX_UNWRITTEN`` the store stops for good.
    """

    @classmethod
    def open(cls, path: Path) -> WorldStore:
        """Open or create the file. Raises ``StoreLocked`` if another process has it open."""
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(
            path.with_name(path.name + ".lock"),
            f"The simulated world in {path.parent}",
            "Stop process {pid} first, give this one another data directory, or let it join that"
            " world with RINGBOLT_SIMULATOR_URL.",
        )
        return cls(path, lock)

    def __init__(self, path: Path, lock: FileLock) -> None:
        self._lock = lock
        _make_private(path)
        self._writer = _connect(path)
        self._writer.executescript(_SCHEMA)
        self._writer.execute(_GENESIS, (_encode(_genesis()),))
        self._reader = _connect(path)
        self._reader.execute("PRAGMA query_only=ON")
        self._last_seq: dict[str, int] = dict(
            self._reader.execute("SELECT log, MAX(seq) FROM event GROUP BY log")
        )
        self._queue: SimpleQueue[_Write | None] = SimpleQueue()
        self._refusal = ""
        self._closed = False
        self._unwritten: list[_Write] = []
        self.on_recovery: list[Callable[[], None]] = []
        self._retry_s = 0.0
        self.commits = 0
        self._thread = threading.Thread(target=self._run, name="world-writer", daemon=True)
        self._thread.start()

    @property
    def genesis(self) -> dict[str, Any]:
        """``seed`` (64 random hex digits) and ``created_at_ms``, fixed when the file was made."""
        genesis = self.get("world", "genesis")
        assert genesis is not None
        return genesis

    def load(self, kind: str) -> dict[str, dict[str, Any]]:
        """Every committed document of ``kind`` by key, in key order."""
        rows = self._reader.execute(
            "SELECT key, doc FROM document WHERE kind = ? ORDER BY key", (kind,)
        )
        return {key: _decode(doc) for key, doc in rows}

    def get(self, kind: str, key: str) -> dict[str, Any] | None:
        """One committed document."""
        row = self._reader.execute(
            "SELECT doc FROM document WHERE kind = ? AND key = ?", (kind, key)
        ).fetchone()
        return None if row is None else _decode(row[0])

    def page(self, kind: str, after: str, limit: int) -> list[tuple[str, dict[str, Any]]]:
        """At most ``limit`` committed documents whose key sorts after ``after``."""
        rows = self._reader.execute(
            "SELECT key, doc FROM document WHERE kind = ? AND key > ? ORDER BY key LIMIT ?",
            (kind, after, limit),
        )
        return [(key, _decode(doc)) for key, doc in rows]

    def scan(self, log: str, after: int, limit: int) -> list[Entry]:
        """At most ``limit`` committed events of ``log`` numbered above ``after``, in order."""
        rows = self._reader.execute(
            "SELECT seq, doc FROM event WHERE log = ? AND seq > ? ORDER BY seq LIMIT ?",
            (log, after, limit),
        )
        return [(seq, _decode(doc)) for seq, doc in rows]

    async def put(self, kind: str, key: str, doc: Document | None) -> None:
        """Keep ``doc`` (None deletes); on the disk when this returns."""
        await self.submit([(kind, key, doc)])

    async def append(self, log: str, doc: Document) -> int:
        """Add an event to ``log``; its number, which grows by one from 1."""
        return (await self.submit((), [(log, doc)]))[0]

    def submit(
        self, puts: Iterable[Put] = (), appends: Iterable[Append] = ()
    ) -> asyncio.Future[list[int]]:
        """Put and append in one transaction; resolves to the appended events' numbers.

        The documents are copied and take their place in the order at once, before the first
        await; the future resolves when they are on the disk.
        """
        future: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
        if self._closed:
            closed = "The simulated world is closed."
            future.set_exception(Unavailable(closed, code="STORE_UNAVAILABLE"))
            return future
        rows = [(kind, key, None if doc is None else _encode(doc)) for kind, key, doc in puts]
        events = [(log, _encode(doc)) for log, doc in appends]
        self._queue.put(_Write(rows, events, future, []))
        return future

    def close(self) -> None:
        """Finish what was submitted, then release the file. Closing twice is allowed."""
        if not self._thread.is_alive():
            return
        self._closed = True
        self._queue.put(None)
        self._thread.join()
        self._reader.close()
        self._writer.close()
        self._lock.release()

    def _run(self) -> None:
        stop = False
        while not stop:
            batch, stop = self._next_batch()
            if batch or self._unwritten:
                self._write(batch)
        if self._unwritten:
            self._commit(self._unwritten)

    def _next_batch(self) -> tuple[list[_Write], bool]:
        batch: list[_Write] = []
        try:
            write = self._queue.get(timeout=RETRY_S if self._unwritten else None)
        except Empty:
            return batch, False
        while write is not None:
            batch.append(write)
            if len(batch) == MAX_BATCH:
                return batch, False
            try:
                write = self._queue.get_nowait()
            except Empty:
                return batch, False
        return batch, True

    def _write(self, batch: list[_Write]) -> None:
        """Commit what failed before, and ``batch`` after it."""
        if len(self._unwritten) > MAX_UNWRITTEN:
            _deliver(batch, self._failure())
            return
        recovers = bool(self._unwritten)
        if recovers and batch and time.monotonic() < self._retry_s:
            self._unwritten += batch
            _deliver(batch, self._failure())
            return
        if self._commit([*self._unwritten, *batch]):
            if recovers:
                last = self._unwritten[-1]
                self._unwritten = []
                _call(last.future.get_loop(), self._recovered)
            _deliver(batch, None)
        else:
            self._unwritten += batch
            self._retry_s = time.monotonic() + RETRY_S
            _deliver(batch, self._failure())

    def _recovered(self) -> None:
        for callback in self.on_recovery:
            callback()

    def _failure(self) -> Unavailable:
        return Unavailable(self._refusal, code="STORE_UNAVAILABLE")

    def _commit(self, batch: list[_Write]) -> bool:
        """Commit ``batch``; False, and nothing of it is written, if that fails."""
        last_seq = dict(self._last_seq)
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            for write in batch:
                self._execute(write)
            self._writer.execute("COMMIT")
        except sqlite3.Error as error:
            self._refusal = f"The simulated world's file cannot be written: {error}."
            with suppress(sqlite3.Error):
                self._writer.rollback()
            self._last_seq = last_seq
            return False
        self.commits += 1
        return True

    def _execute(self, write: _Write) -> None:
        write.seqs.clear()
        for kind, key, doc in write.puts:
            if doc is None:
                self._writer.execute(_DELETE, (kind, key))
            else:
                self._writer.execute(_PUT, (kind, key, doc))
        for log, doc in write.appends:
            seq = self._last_seq.get(log, 0) + 1
            self._writer.execute(_APPEND, (log, seq, doc))
            self._last_seq[log] = seq
            write.seqs.append(seq)


def _genesis() -> dict[str, Any]:
    return {"seed": secrets.token_hex(32), "created_at_ms": time.time_ns() // 1_000_000}


def _make_private(path: Path) -> None:
    """Only its owner may read the texts and codes in it; SQLite gives its WAL the same mode."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    path.chmod(0o600)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


def _deliver(batch: list[_Write], error: Unavailable | None) -> None:
    """Resolve the futures with one hop to their event loop."""
    if batch:
        _call(batch[0].future.get_loop(), _resolve, batch, error)


def _call(loop: asyncio.AbstractEventLoop, callback: Callable[..., None], *args: Any) -> None:
    with suppress(RuntimeError):  # that loop is closed: no future is awaited any more
        loop.call_soon_threadsafe(callback, *args)


def _resolve(batch: list[_Write], error: Unavailable | None) -> None:
    for write in batch:
        if write.future.done():
            continue
        if error is None:
            write.future.set_result(write.seqs)
        else:
            write.future.set_exception(error)
