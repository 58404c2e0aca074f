"""From the URL of an audio file to a clip that a carrier can play.

``probe`` says before anybody pays whether there is audio at this URL. ``load`` fetches all of it
when the call is about to be placed.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ringbolt.core.calls.call import SAMPLE_RATE, Clip
from ringbolt.core.errors import AudioUnplayable
from ringbolt.upstream.fetch.fetcher import Fetcher
from ringbolt.voice.audio.decoder import AudioDecoder, AudioInfo, busy
from ringbolt.voice.audio.fair_slots import FairSlots

_BYTES_PER_MS = SAMPLE_RATE * 2 // 1000
_TEMPORARY = ".part"


@dataclass(frozen=True, slots=True)
class AudioLimits:
    """How much of an untrusted file is read, for how long, and for how long the answer is cached.

    ``parallel`` bounds probes and loads separately, ``for_one`` the probes of one client and the
    loads from one host, so that files that never arrive do not block the others; ``load_wait_s``
    is how long a load waits for its turn. Results of
    probes, errors included, are kept for ``cache_s`` seconds, at most ``cache_size`` of them.
    """

    probe_bytes: int = 256 * 1024
    probe_timeout_s: float = 5.0
    parallel: int = 32
    for_one: int = 2
    cache_s: float = 60.0
    cache_size: int = 1000
    max_bytes: int = 64 * 1024 * 1024
    fetch_timeout_s: float = 15.0
    decode_timeout_s: float = 60.0
    load_wait_s: float = 10.0


@dataclass(frozen=True, slots=True)
class _Answer:
    until: float
    result: AudioInfo | AudioUnplayable


SHORTEST_MS = 100
"""Shorter audio is refused: a buyer should not pay for a call without a message."""


def _too_large(max_bytes: int) -> AudioUnplayable:
    return AudioUnplayable(
        f"The audio file is over {max_bytes // 1_000_000} MB, and so much of it is not enough for "
        "the minutes that were paid.",
        code="AUDIO_TOO_LARGE",
        suggestion="Send a smaller file, e.g. an MP3.",
    )


def _too_short() -> AudioUnplayable:
    return AudioUnplayable(
        "The audio file holds less than a tenth of a second of sound.",
        code="AUDIO_EMPTY",
        suggestion="Check that the file is whole.",
    )


class AudioSource:
    """Probes and loads audio through ``fetcher`` and ``decoder``; clips live in ``work_dir``.

    ``monotonic`` returns seconds, for the age of cached results.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        decoder: AudioDecoder,
        work_dir: Path,
        limits: AudioLimits | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetcher = fetcher
        self._decoder = decoder
        self._work_dir = work_dir
        self._limits = limits or AudioLimits()
        self._monotonic = monotonic
        self._probes = FairSlots(self._limits.parallel, self._limits.for_one)
        self._loads = FairSlots(self._limits.parallel, self._limits.for_one)
        self._answers: OrderedDict[str, _Answer] = OrderedDict()
        self._running: dict[str, asyncio.Task[AudioInfo]] = {}
        work_dir.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def probe(self, url: str, client: str = "") -> AudioInfo:
        """The facts at the beginning of the file. Callers for the same URL share one fetch.
        ``client``: who asks; '' if it is rate-limited elsewhere.

        Raises ``AudioUnplayable``; ``AudioBusy`` if too many files are being probed.
        """
        answer = self._answers.get(url)
        if answer is not None and answer.until > self._monotonic():
            if isinstance(answer.result, AudioUnplayable):
                raise _again(answer.result)
            return answer.result
        task = self._running.get(url)
        if task is None:
            task = asyncio.create_task(self._probe_and_remember(url, client))
            self._running[url] = task
            task.add_done_callback(lambda done: self._finish(url, done))
        # Shielded: a cancelled caller must not cancel the fetch of the others.
        return await asyncio.shield(task)

    async def load(self, url: str, max_ms: int) -> Clip:
        """The file at ``url`` as telephone audio, at most ``max_ms`` of it.

        The clip's file is named by its content, so loading the same again decodes nothing.
        Raises ``AudioUnplayable``; ``AudioBusy`` if too many files are being loaded;
        ``Unavailable`` if the decoder does not run.
        """
        limits = self._limits
        host = urlsplit(url).hostname or ""
        async with (
            _slot(self._loads, host, limits.load_wait_s),
            self._temporary() as source,
            self._temporary() as decoded,
        ):
            # Of a file that is too large, what was read is enough if it covers ``max_ms``.
            fetched = await self._fetcher.fetch(
                url, source, max_bytes=limits.max_bytes, timeout_s=limits.fetch_timeout_s, cut=True
            )
            digest = await asyncio.to_thread(_digest, source, max_ms)
            path = self._work_dir / f"{digest}.pcm"
            duration_ms = await asyncio.to_thread(_duration_if_there, path)
            if duration_ms is None:
                duration_ms = await self._decoder.decode(
                    source, decoded, max_ms=max_ms, timeout_s=limits.decode_timeout_s
                )
                if not fetched.complete and duration_ms < max_ms:
                    raise _too_large(limits.max_bytes)
                if duration_ms < SHORTEST_MS:
                    raise _too_short()
                await asyncio.to_thread(os.replace, decoded, path)
            return Clip(str(path), duration_ms)

    async def purge(self, older_than_s: float) -> int:
        """Delete clips and left-over temporary files unused for that long; returns how many."""
        return await asyncio.to_thread(_purge, self._work_dir, time.time() - older_than_s)

    async def close(self) -> None:
        """Stop the running probes. The caller that made the fetcher closes it."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _probe_and_remember(self, url: str, client: str) -> AudioInfo:
        try:
            info = await self._look(url, client)
        except AudioUnplayable as error:
            self._remember(url, _again(error))
            raise
        self._remember(url, info)
        return info

    async def _look(self, url: str, client: str) -> AudioInfo:
        limits = self._limits
        slot = _slot(self._probes, client or _host(url), limits.probe_timeout_s)
        async with slot, self._temporary() as path:
            file = await self._fetcher.fetch(
                url, path, max_bytes=limits.probe_bytes, timeout_s=limits.probe_timeout_s, cut=True
            )
            info = await self._decoder.probe(
                path, complete=file.complete, timeout_s=limits.probe_timeout_s
            )
        if file.complete and info.duration_ms is not None and info.duration_ms < SHORTEST_MS:
            raise _too_short()
        return info

    def _remember(self, url: str, result: AudioInfo | AudioUnplayable) -> None:
        self._answers.pop(url, None)
        self._answers[url] = _Answer(self._monotonic() + self._limits.cache_s, result)
        while len(self._answers) > self._limits.cache_size:
            self._answers.popitem(last=False)

    def _finish(self, url: str, task: asyncio.Task[AudioInfo]) -> None:
        del self._running[url]
        if not task.cancelled():
            task.exception()  # marks it as retrieved: every caller may be gone

    @asynccontextmanager
    async def _temporary(self) -> AsyncIterator[Path]:
        path = self._work_dir / f"{secrets.token_hex(16)}{_TEMPORARY}"
        try:
            yield path
        finally:
            _discard(path)


@asynccontextmanager
async def _slot(slots: FairSlots, name: str, within_s: float) -> AsyncIterator[None]:
    """Hold a slot. Raises ``AudioBusy`` if there is none in time."""
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(slots.take(name, within_s))
        except TimeoutError as error:
            raise busy() from error
        yield


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # the fetcher reports what is wrong with it
        return ""


def _again(error: AudioUnplayable) -> AudioUnplayable:
    """A new exception with the same content: a cached one would keep its old frames alive."""
    copy = AudioUnplayable(
        error.message, code=error.code, suggestion=error.suggestion, role=error.role
    )
    copy.retryable = error.retryable
    return copy


def _digest(source: Path, max_ms: int) -> str:
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(b"\0%d" % max_ms)
    return digest.hexdigest()


def _duration_if_there(path: Path) -> int | None:
    """Milliseconds of an existing clip, marked as used now; None if there is none."""
    try:
        os.utime(path)
        return path.stat().st_size // _BYTES_PER_MS
    except FileNotFoundError:
        return None


def _purge(folder: Path, before: float) -> int:
    old = [
        path
        for path in folder.iterdir()
        if path.suffix in (".pcm", _TEMPORARY) and _modified(path) < before
    ]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # a temporary file that was removed meanwhile
        return float("inf")


def _discard(path: Path) -> None:
    path.unlink(missing_ok=True)
