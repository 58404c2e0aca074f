"""Runs one step of the installation and shows that it is going on: what, how far, how long.

    python tools/install_step.py "2/3 packages" 60 pip install ...

The number is about how many packages there are, 0 if that is not counted. The command's output is
shown only if it fails. Only the standard library, because nothing is installed yet.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from typing import IO

_PACKAGE = re.compile(r"\s*(?:Collecting|Requirement already satisfied:) ([\w.-]+)")
_INSTALLING = re.compile(r"Installing collected packages")
_EVERY = 10
"""Where nothing can be overwritten, so many packages make one line."""


class Line:
    """One line of progress: overwritten on a terminal, else repeated now and then."""

    def __init__(self, title: str, total: int, out: IO[str]) -> None:
        self._title = title
        self._total = total
        self._out = out
        self._began_s = time.monotonic()
        self._count = 0
        self._say("...")

    def read(self, text: str) -> None:
        """A line of the command's output."""
        found = _PACKAGE.match(text)
        if found and self._total:
            self._count += 1
            if self._out.isatty() or self._count % _EVERY == 0:
                self._say(f"{self._count} of about {self._total}: {found[1]}")
        elif _INSTALLING.match(text):
            self._say("unpacking")

    def end(self, code: int) -> None:
        result = "done" if code == 0 else "failed"
        self._say(f"{result} after {time.monotonic() - self._began_s:.0f} s")
        if self._out.isatty():
            self._out.write("\n")

    def _say(self, what: str) -> None:
        start, stop = ("\r", "\033[K") if self._out.isatty() else ("", "\n")
        self._out.write(f"{start}  {self._title}: {what}{stop}")
        self._out.flush()


def run(title: str, total: int, command: list[str], out: IO[str]) -> int:
    """The command's exit code."""
    line, said = Line(title, total, out), []
    with subprocess.Popen(  # noqa: S603 - the command of the Makefile
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        assert process.stdout is not None
        for text in process.stdout:
            said.append(text)
            line.read(text)
    line.end(process.returncode)
    if process.returncode:
        out.write("".join(said[-50:]))
    return process.returncode


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], int(sys.argv[2]), sys.argv[3:], sys.stderr))
