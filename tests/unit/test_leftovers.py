"""A test process that is killed leaves no server behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from support.waiting import until

SCRIPT = """
import subprocess, sys, time
from pathlib import Path
from support.processes import reaper
kept, ended = (subprocess.Popen(["sleep", "600"]) for _ in range(2))
folder = Path(sys.argv[1])
folder.mkdir()
reaper.ends_with_us(kept.pid, folder)
reaper.ends_with_us(ended.pid)
ended.kill()
ended.wait()
reaper.forget(ended.pid)
print(kept.pid, flush=True)
time.sleep(600)
"""


async def test_what_a_killed_test_process_started_is_ended_and_removed(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    killed = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert killed.stdout is not None
    server = int(killed.stdout.readline())
    assert _runs(server)

    killed.send_signal(signal.SIGKILL)
    killed.wait()
    await until(lambda: not folder.exists())

    assert not _runs(server)


def _runs(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    found = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return bool(found.stdout.strip()) and not found.stdout.startswith("Z")
