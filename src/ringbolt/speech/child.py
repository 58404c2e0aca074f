"""One speech process, seen from its parent."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import ringbolt
from ringbolt.speech.plan import SpeechJob

_WORKER = "ringbolt.speech.worker"
_PACKAGE_ROOT = str(Path(ringbolt.__file__).resolve().parent.parent)
_PASSED_ENVIRONMENT = ("PATH", "PYTHONHOME", "LD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR", "TEMP")
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class ChildDied(Exception):
    """The process ended, or broke the protocol."""


class JobFailed(Exception):
    """The process works, but cannot speak this text."""


@dataclass(frozen=True, slots=True)
class SpokenAnswer:
    """Raw s16le mono, and which voice spoke; see ``synthesis.Spoken``."""

    pcm: bytes
    language: str
    engine: str
    tier: str
    substitute: bool
    fell_back: bool
    lacks_words: bool


class SpeechChild:
    """Start it with ``start``; after any exception but ``JobFailed`` it cannot be used again."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._stdin = process.stdin
        self._stdout = process.stdout
        self.jobs_done = 0

    @classmethod
    async def start(cls, timeout_s: float) -> SpeechChild:
        """Raises ``ChildDied``, or ``TimeoutError`` after ``timeout_s``."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", _WORKER, stdin=PIPE, stdout=PIPE, env=_environment()
        )
        child = cls(process)
        try:
            async with asyncio.timeout(timeout_s):
                await child._expect("ready")
        except BaseException:
            await child.end()
            raise
        return child

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def speak(self, job: SpeechJob, load_s: float, timeout_s: float) -> SpokenAnswer:
        """Loading models may take ``load_s``, speaking ``timeout_s``.

        Raises ``JobFailed``, ``ChildDied`` or ``TimeoutError``.
        """
        try:
            self._stdin.write(json.dumps(asdict(job)).encode() + b"\n")
            async with asyncio.timeout(load_s):
                await self._stdin.drain()
                await self._expect("started")
            async with asyncio.timeout(timeout_s):
                header = await self._expect("spoken")
                pcm = await self._stdout.readexactly(header.pop("pcm_bytes"))
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            raise ChildDied("it ended in the middle of a job") from error
        self.jobs_done += 1
        return SpokenAnswer(pcm=pcm, **header)

    async def end(self) -> None:
        """Kill it if it lives, and wait until it is gone."""
        self._stdin.close()
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    async def _expect(self, event: str) -> dict[str, Any]:
        try:
            header: dict[str, Any] = json.loads(await self._stdout.readuntil(b"\n"))
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
            raise ChildDied("it does not answer as it should") from error
        match header.pop("event", None):
            case "failed":
                self.jobs_done += 1
                raise JobFailed(header["reason"])
            case found if found != event:
                raise ChildDied(f"it said {found!r} for {event!r}")
        return header


def _environment() -> dict[str, str]:
    """Enough to start Python, and nothing secret."""
    passed = {name: os.environ[name] for name in _PASSED_ENVIRONMENT if name in os.environ}
    inherited = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    search = [_PACKAGE_ROOT, *(str(Path(entry).resolve()) for entry in inherited)]
    return passed | _ONE_THREAD | {"PYTHONPATH": os.pathsep.join(search)}
