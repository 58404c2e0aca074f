"""How this program is called, for commands that a person copies from the screen."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Final

NAME: Final = "ringbolt"


def program() -> str:
    """The words that call this program again: ``ringbolt`` where the shell finds it."""
    called = Path(sys.argv[0])
    if called.name != NAME:  # python -m ringbolt
        return f"{shlex.quote(sys.executable)} -m {NAME}"
    found = shutil.which(NAME)
    if found is not None and Path(found).resolve() == called.resolve():
        return NAME
    return shlex.quote(os.fspath(called))


def command(*words: str) -> str:
    """A command line of this program, quoted for a shell."""
    return f"{program()} {shlex.join(words)}"
