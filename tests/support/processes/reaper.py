"""Ends the servers that a test process started when that process is gone, however it went.

A test process that is killed runs no fixture to its end. So a child of it, in a session of its own,
reads from a pipe what was started; when the pipe's other end closes, it kills what is left and
removes its files. It is a script of its own, with nothing but the standard library.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

_reaper: subprocess.Popen[str] | None = None


def ends_with_us(pid: int, folder: Path | None = None) -> None:
    """Kill process ``pid`` and remove ``folder`` if this process ends without ``forget``."""
    _tell(f"{pid} {folder or ''}")


def forget(pid: int) -> None:
    """The process was ended in order."""
    _tell(f"{pid}")


def _tell(line: str) -> None:
    global _reaper  # noqa: PLW0603 - one for each test process, like its pipe
    if _reaper is None:
        _reaper = subprocess.Popen(
            [sys.executable, "-S", "-E", __file__],
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,  # an interrupt of the tests does not reach it
        )
    assert _reaper.stdin is not None
    _reaper.stdin.write(line + "\n")
    _reaper.stdin.flush()


def main() -> None:
    started: dict[int, str] = {}
    for line in sys.stdin:
        pid, reported, folder = line.rstrip("\n").partition(" ")
        if reported:
            started[int(pid)] = folder
        else:
            started.pop(int(pid), None)
    for process, folder in started.items():
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        if folder:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
