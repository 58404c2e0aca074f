"""PgBouncer in transaction mode before a PostgreSQL server, on a Unix socket only."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from support.processes import reaper
from support.servers.postgres import PostgresServer
from support.waiting import PATIENCE_S

SERVER_CONNECTIONS = 3
"""So few that every transaction of many gets another one."""

_CONFIG = """
[databases]
* = host={server} user=ringbolt
[pgbouncer]
unix_socket_dir = {root}
listen_port = 5432
auth_type = any
pool_mode = transaction
default_pool_size = {connections}
max_client_conn = 200
{more}
"""


class NoPgBouncerError(Exception):
    """There is no PgBouncer here; the message says where was looked."""


def find_pgbouncer() -> str:
    found = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if found is None:
        raise NoPgBouncerError("neither on PATH nor in /usr/sbin (Debian's package pgbouncer)")
    return found


@contextlib.contextmanager
def pooling(server: PostgresServer, more: str = "") -> Iterator[Path]:
    """A running PgBouncer; the directory of its socket. ``more``: lines of its configuration."""
    program = find_pgbouncer()
    root = Path(tempfile.mkdtemp(prefix="rb-pgb-"))
    config = root / "pgbouncer.ini"
    config.write_text(
        _CONFIG.format(server=server.root, root=root, connections=SERVER_CONNECTIONS, more=more)
    )
    process = _start(program, config, root)
    try:
        yield root
    finally:
        process.kill()
        process.wait()
        reaper.forget(process.pid)
        shutil.rmtree(root, ignore_errors=True)


def _start(program: str, config: Path, root: Path) -> subprocess.Popen[bytes]:
    who: dict[str, Any] = {}
    if os.geteuid() == 0:  # it refuses root
        nobody = pwd.getpwnam("nobody")
        os.chown(root, nobody.pw_uid, nobody.pw_gid)
        config.chmod(0o644)
        who = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    with (root / "log").open("wb") as log:
        process = subprocess.Popen([program, config], cwd=root, stdout=log, stderr=log, **who)
    reaper.ends_with_us(process.pid, root)
    deadline = time.monotonic() + PATIENCE_S
    while not (root / ".s.PGSQL.5432").exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise NoPgBouncerError(f"it did not start: {(root / 'log').read_text()}")
        time.sleep(0.01)
    return process
