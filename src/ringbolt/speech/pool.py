"""The speech processes: started when first needed, replaced when they crash or hang, and after
many jobs."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from ringbolt.core.errors import SpeechFailed
from ringbolt.speech.child import ChildDied, JobFailed, SpeechChild, SpokenAnswer
from ringbolt.speech.plan import SpeechJob
from ringbolt.speech.turns import SpeechTurns

LOAD_S = 90.0
"""Limit for starting a process, and for loading a model: 2 s on an idle machine, a minute on one
with eight busy processes per core, since this one runs at lower priority."""

FULL_TIME_TEXT = 500
"""The time limit is for a text of this many characters; longer texts have more time."""

WAIT_S = 60.0
"""Limit for waiting until a process is free."""

MAX_JOBS = 1000
"""Jobs after which a process is replaced, so that leaks in engines stay small."""


class SpeechPool:
    """At most ``size`` processes with one job each.

    ``timeout_s`` limits speaking a text (of 500 characters), ``load_s`` starting a process and
    loading a model.

    A job whose process dies is tried once more in a new process. A job that hangs is not: the text
    would hang the next process too.
    """

    def __init__(
        self,
        size: int = 1,
        timeout_s: float = 8.0,
        load_s: float = LOAD_S,
        max_jobs: int = MAX_JOBS,
    ) -> None:
        self._turns = SpeechTurns(size, WAIT_S)
        self._timeout_s = timeout_s
        self._load_s = load_s
        self._max_jobs = max_jobs
        self._idle: list[SpeechChild] = []
        self._busy: set[SpeechChild] = set()
        self._closed = False
        self.jobs_done = 0

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that are running."""
        return tuple(child.pid for child in (*self._idle, *self._busy) if child.alive)

    def memory_bytes(self) -> int:
        """The memory of the processes that are running, as far as the system tells (Linux)."""
        return sum(map(_memory_bytes, self.pids))

    @property
    def busy(self) -> int:
        return len(self._busy)

    async def run(self, job: SpeechJob, *, preview: bool = False) -> SpokenAnswer:
        """A ``preview`` has the lowest priority.

        Raises ``SpeechBusy``, or ``SpeechFailed``: SPEECH_TIMEOUT, SPEECH_CRASHED, SPEECH_FAILED.
        """
        async with self._turns.turn(preview=preview):
            try:
                return await self._run(job)
            except TimeoutError as error:
                raise SpeechFailed(
                    "The text was not spoken in time.", code="SPEECH_TIMEOUT"
                ) from error
            except JobFailed as error:
                raise SpeechFailed(f"No voice could speak the text ({error}).") from error

    async def close(self) -> None:
        """End every process; jobs under way fail."""
        self._closed = True
        children = [*self._idle, *self._busy]
        self._idle.clear()
        await asyncio.gather(*(child.end() for child in children))

    async def _run(self, job: SpeechJob) -> SpokenAnswer:
        for fresh in (False, True):
            try:
                return await self._attempt(job, fresh)
            except ChildDied as error:
                death = error
                if self._closed:
                    break
        raise SpeechFailed(f"The speech process died ({death}).", code="SPEECH_CRASHED")

    async def _attempt(self, job: SpeechJob, fresh: bool) -> SpokenAnswer:
        child = await self._take(fresh)
        reusable = False
        timeout_s = self._timeout_s * max(1.0, len(job.text) / FULL_TIME_TEXT)
        try:
            answer = await child.speak(job, self._load_s, timeout_s)
            reusable = True
            self.jobs_done += 1
        except JobFailed:
            reusable = True
            raise
        finally:
            self._busy.discard(child)
            if reusable and child.jobs_done < self._max_jobs and not self._closed:
                self._idle.append(child)
            else:
                await child.end()
        return answer

    async def _take(self, fresh: bool) -> SpeechChild:
        if self._closed:
            raise SpeechFailed("Speech is shut down.", code="SPEECH_CLOSED")
        while self._idle:
            child = self._idle.pop()
            if child.alive and not fresh:
                self._busy.add(child)
                return child
            await child.end()
        child = await SpeechChild.start(self._load_s)
        self._busy.add(child)
        if self._closed:
            self._busy.discard(child)
            await child.end()
            raise SpeechFailed("Speech is shut down.", code="SPEECH_CLOSED")
        return child


def _memory_bytes(pid: int) -> int:
    try:
        resident_pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):  # another system, or it has ended
        return 0
    return resident_pages * os.sysconf("SC_PAGE_SIZE")
