"""OpenSMTPD (Debian's ``opensmtpd``) as a relay on loopback.

Its queue and its control socket have fixed paths, so each runs in a mount namespace of its own,
where these folders are empty file systems in memory. That needs root.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from support.processes import reaper
from support.servers.ports import HeldPort
from support.waiting import PATIENCE_S, eventually

_CONFIG = """
{more}
listen on 127.0.0.1 port {port} {listen}
action "out" relay host smtp://127.0.0.1:{onward}
match from any for any action "out"
"""
_START = """
mount -t tmpfs tmpfs /var/spool && mount -t tmpfs tmpfs /run &&
mkdir -m 711 /var/spool/smtpd && exec "$0" -d -f "$1"
"""


class NoOpenSmtpdError(Exception):
    """There is no OpenSMTPD here; the message says why."""


@dataclass
class OpenSmtpd:
    """``port`` is where it listens; ``pid`` its first process, the parent of the others."""

    port: int
    pid: int
    log: Path

    def cpu_s(self) -> float:
        """User and system time of all its processes so far."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            fields = stat.read_text().rsplit(")", 1)[1].split()
            if str(self.pid) in (stat.parent.name, fields[1]):
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


def find_opensmtpd() -> str:
    found = shutil.which("smtpd", path="/usr/sbin")
    if found is None:
        raise NoOpenSmtpdError("not in /usr/sbin (Debian's package opensmtpd)")
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        raise NoOpenSmtpdError("a relay of our own needs root and unshare")
    return found


@asynccontextmanager
async def opensmtpd(onward: int, listen: str = "", more: str = "") -> AsyncIterator[OpenSmtpd]:
    """A relay that hands everything on to port ``onward`` of loopback. ``listen``: further options
    of its listener; ``more``: lines before it. Raises ``NoOpenSmtpdError``."""
    program = find_opensmtpd()
    held = HeldPort()
    root = Path(tempfile.mkdtemp(prefix="rb-smtpd-"))
    config, log = root / "smtpd.conf", root / "log"
    config.write_text(_CONFIG.format(port=held.number, onward=onward, listen=listen, more=more))
    config.chmod(0o600)
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _START, program]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, str(config)], stdout=output, stderr=output, stdin=subprocess.DEVNULL
        )
    reaper.ends_with_us(process.pid, root)

    async def listens() -> bool:
        if process.poll() is not None:
            raise NoOpenSmtpdError(f"it did not start: {log.read_text()[-500:]}")
        return await asyncio.to_thread(_listens, held.number)

    try:
        await eventually(listens, PATIENCE_S)
        yield OpenSmtpd(held.number, process.pid, log)
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)
        reaper.forget(process.pid)
        shutil.rmtree(root, ignore_errors=True)


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as peer:
            return peer.recv(3) == b"220"
    except OSError:
        return False
