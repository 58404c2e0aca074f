"""What a program pays for ``ringbolt_client``: the CPU of its import, against httpx and a bare
interpreter in the same run, and the size of all that is installed with it.

httpx imports its command line where ``click`` is installed, as it is here for the server; a program
that has the client alone does not pay for that.
"""

from __future__ import annotations

import importlib.metadata
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

ROUNDS = 15
IMPORTS = (
    "pass",
    "import httpx",
    "import ringbolt_client",
    "from ringbolt_client import AsyncRingbolt",
    "from ringbolt_client import NwcWallet",
)
_ALONE = "import sys; sys.modules['click'] = None; "
NEEDED = ("httpx", "httpcore", "h11", "anyio", "idna", "certifi", "typing-extensions")
CLIENT = Path(__file__).parents[1] / "client" / "src"


def cpu_ms(program: str) -> float:
    """User and system time of a new interpreter."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONPATH": str(CLIENT)}
    subprocess.run([sys.executable, "-c", _ALONE + program], check=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def size_mb() -> float:
    """The client's own files, and those of the distributions that it needs."""
    own = sum(each.stat().st_size for each in CLIENT.rglob("*.py"))
    needed = sum(
        Path(str(file.locate())).stat().st_size
        for name in NEEDED
        for file in importlib.metadata.files(name) or ()
        if file.suffix != ".pyc" and Path(str(file.locate())).is_file()
    )
    return (own + needed) / 1e6


def main() -> None:
    for program in IMPORTS:
        cpu_ms(program)  # compiled once
    taken: dict[str, list[float]] = {program: [] for program in IMPORTS}
    for _ in range(ROUNDS):
        for program in IMPORTS:
            taken[program].append(cpu_ms(program))
    for program in IMPORTS:
        print(f"  {program}: {statistics.median(taken[program]):.0f} ms of CPU", flush=True)
    print(f"  installed: {size_mb():.1f} MB")


if __name__ == "__main__":
    main()
