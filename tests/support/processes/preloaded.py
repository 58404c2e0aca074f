"""Starts ``ringbolt`` commands as processes of their own, without importing everything each time.

An import of the whole shop takes more than a second of a processor, and the tests start commands
many hundred times. So one process for each test process has imported all of it, and every command
is a fork of that: a real process, with its own environment, files, signals and end, which runs
``main`` as ``python -m ringbolt`` does. This file is also the script of that process.

Under coverage, with other modules on the path, and where there is no ``fork``, commands are started
anew.
"""

from __future__ import annotations

import array
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any, Final

COMMAND: Final = (sys.executable, "-m", "ringbolt")
_LENGTH: Final = 4
_SLOWEST_FORK_S: Final = 400


class Forked:
    """A forked command, to be used like ``subprocess.Popen``."""

    def __init__(self, link: socket.socket, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._link = link

    def poll(self) -> int | None:
        """The exit code, or minus the signal; None while it runs."""
        if self.returncode is None and select.select([self._link], [], [], 0)[0]:
            self._ended()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Raises ``subprocess.TimeoutExpired``."""
        if self.returncode is None:
            if not select.select([self._link], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(COMMAND, timeout or 0)
            self._ended()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ended(self) -> None:
        told = self._link.recv(_LENGTH)
        self._link.close()
        assert len(told) == _LENGTH, "the process that forks commands is gone"
        self.returncode = int.from_bytes(told, "big", signed=True)


Process = Forked | subprocess.Popen[bytes]


def start(
    arguments: list[str],
    environment: dict[str, str],
    *,
    stdout: int | IO[Any],
    stderr: int | IO[Any],
    executed: bool = False,
) -> Process:
    """Start ``ringbolt`` with ``arguments``; its output goes to these open files. ``executed``: as
    a program that the kernel started, which shows its environment under ``/proc``."""
    if executed or not _can_fork(environment):
        return subprocess.Popen(
            [*COMMAND, *arguments], env=environment, stdout=stdout, stderr=stderr
        )
    files = [each if isinstance(each, int) else each.fileno() for each in (stdout, stderr)]
    return _forker().start(arguments, environment, files)


def run(
    arguments: list[str], environment: dict[str, str], timeout_s: float
) -> subprocess.CompletedProcess[str]:
    """Run ``ringbolt`` with ``arguments`` to its end. Raises ``subprocess.TimeoutExpired``."""
    out, told = os.pipe()
    err, blamed = os.pipe()
    process = start(arguments, environment, stdout=told, stderr=blamed)
    os.close(told)
    os.close(blamed)
    with os.fdopen(out, encoding="utf-8") as results, os.fdopen(err, encoding="utf-8") as errors:
        complaints: list[str] = []
        reader = threading.Thread(target=lambda: complaints.append(errors.read()))
        reader.start()
        killer = threading.Timer(timeout_s, process.kill)
        killer.start()
        text = results.read()
        reader.join()
        killer.cancel()
    code = process.wait(timeout_s)
    return subprocess.CompletedProcess([*COMMAND, *arguments], code, text, complaints[0])


def _can_fork(environment: dict[str, str]) -> bool:
    has_other_modules = environment.get("PYTHONPATH") != os.environ.get("PYTHONPATH")
    is_covered = any(name.startswith("COVERAGE_") for name in os.environ)
    return hasattr(os, "fork") and not has_other_modules and not is_covered


class _Forker:
    """The process that has imported the shop."""

    def __init__(self) -> None:
        self._link, far = socket.socketpair()
        self._lock = threading.Lock()
        with far:
            # The name stands on its command line: a shop is looked for by it.
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(far.fileno()), "ringbolt"],
                pass_fds=[far.fileno()],
                stdin=subprocess.DEVNULL,
            )

    def start(self, arguments: list[str], environment: dict[str, str], files: list[int]) -> Forked:
        order = json.dumps([arguments, environment, str(Path.cwd())]).encode()
        link, far = socket.socketpair()
        with far, self._lock:
            sent = array.array("i", [*files, far.fileno()])
            head = len(order).to_bytes(_LENGTH, "big")
            self._link.sendmsg([head], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, sent)])
            self._link.sendall(order)
            self._link.settimeout(_SLOWEST_FORK_S)
            pid = int.from_bytes(self._link.recv(_LENGTH), "big")
        assert pid, "the process that forks commands is gone"
        return Forked(link, pid)


_started: _Forker | None = None
_starting = threading.Lock()


def _forker() -> _Forker:
    global _started  # noqa: PLW0603 - one for each test process
    with _starting:
        if _started is None:
            _started = _Forker()
        return _started


# The script


def _serve(link: socket.socket) -> list[str] | None:
    """Fork whatever is asked for. Returns in each fork, with the command's arguments, and when the
    tests are gone, with None."""
    running: dict[int, socket.socket] = {}
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ready, _, _ = select.select([link.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _tell_of_ended(running)
        if link.fileno() not in ready:
            continue
        head, files, _, _ = socket.recv_fds(link, _LENGTH, 3)
        if not head:
            return None
        order = b""
        while len(order) < int.from_bytes(head, "big"):
            order += link.recv(int.from_bytes(head, "big") - len(order))
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for each in (link, *running.values()):
                each.close()
            for descriptor in (woken, wake, files[2]):
                os.close(descriptor)
            arguments, environment, folder = json.loads(order)
            return _become(arguments, environment, folder, files[:2])
        running[pid] = socket.socket(fileno=files[2])
        os.close(files[0])
        os.close(files[1])
        link.sendall(pid.to_bytes(_LENGTH, "big"))


def _tell_of_ended(running: dict[int, socket.socket]) -> None:
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        code = os.waitstatus_to_exitcode(status)
        with running.pop(pid) as told:
            try:
                told.sendall(code.to_bytes(_LENGTH, "big", signed=True))
            except OSError:  # the tests do not want to know any more
                continue


def _become(
    arguments: list[str], environment: dict[str, str], folder: str, files: list[int]
) -> list[str]:
    for descriptor, wanted in zip(files, (1, 2), strict=True):
        os.dup2(descriptor, wanted)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(folder)
    return arguments


def _import_everything() -> None:
    import uvloop  # noqa: F401

    import ringbolt.bootstrap
    import ringbolt.cli.commands.serve
    import ringbolt.cli.main  # noqa: F401


def main() -> None:
    import gc

    gc.disable()
    link = socket.socket(fileno=int(sys.argv[1]))
    before = dict(os.environ)
    _import_everything()
    assert dict(os.environ) == before, "an import changed the environment"
    assert len(sys._current_frames()) == 1, "a fork has none of the threads of an import"
    gc.freeze()
    arguments = _serve(link)
    if arguments is None:
        return
    from ringbolt.cli import main as command

    sys.argv = [str(Path(command.__file__).parents[1] / "__main__.py"), *arguments]
    command.main()


if __name__ == "__main__":
    main()
