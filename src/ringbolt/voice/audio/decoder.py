"""Decode untrusted audio files into telephone audio, each in a limited process of its own.

MP3, WAV (PCM, float, mu-law, A-law, ADPCM), Ogg (Opus, Vorbis, FLAC), FLAC and M4A/AAC:
docs/audio-files.md. The loudness is not changed; only what exceeds the scale is clipped.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import ringbolt
from ringbolt.core.errors import AudioBusy, AudioUnplayable, Unavailable
from ringbolt.voice.audio.file_kind import HEAD_SIZE, foreign_kind, playable_start

PLAYABLE = "MP3, WAV, OGG (Opus or Vorbis), FLAC and M4A can be played."

_LISTEN_TO_IT = "Listen to the file; it may have to be written anew."
_SUGGESTIONS: Final = {"AUDIO_SILENT": _LISTEN_TO_IT, "AUDIO_NOISE": _LISTEN_TO_IT}
"""Where the kind of the file is not at fault, by code."""

_WORKER = "ringbolt.voice.audio.decode_worker"
_PACKAGE_ROOT = str(Path(ringbolt.__file__).parent.parent)
_PASSED_ENVIRONMENT = ("PATH", "PYTHONHOME", "LD_LIBRARY_PATH", "SYSTEMROOT")


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """The facts in a file's headers.

    ``codec``: FFmpeg's name, e.g. ``mp3``, ``opus``, ``pcm_s16le``. ``duration_ms``: None if
    unknown. ``sample_rate`` (Hz) and ``channels`` are 0 if only the beginning of the file was read
    and they are further on.
    """

    codec: str
    duration_ms: int | None
    sample_rate: int
    channels: int


@dataclass(frozen=True, slots=True)
class DecoderLimits:
    """``probes``: unpaid files that are looked at at once; ``decodes``: paid files that are decoded
    at once, of which only ``heavy`` may be heavy, so that a small one finds a slot. A file is heavy
    if it is over ``light_bytes``, or more than ``light_ms`` of it are wanted. ``wait_s``: how long
    one waits for a slot. ``start_cpu_s`` and ``cpu_share``: the CPU seconds of a decoder, for
    itself and for each second of audio that is wanted."""

    probes: int = 2
    decodes: int = 3
    heavy: int = 2
    light_bytes: int = 4 * 1024 * 1024
    light_ms: int = 10 * 60_000
    wait_s: float = 10.0
    start_cpu_s: float = 5.0
    cpu_share: float = 0.1


class AudioDecoder:
    """Probes and decodes files, each kind in slots of its own."""

    def __init__(self, limits: DecoderLimits | None = None) -> None:
        self._limits = limits or DecoderLimits()
        self._probes = asyncio.Semaphore(self._limits.probes)
        self._decodes = asyncio.Semaphore(self._limits.decodes)
        self._heavy = asyncio.Semaphore(self._limits.heavy)

    async def probe(
        self, path: Path, *, complete: bool = True, timeout_s: float = 5.0
    ) -> AudioInfo:
        """What is in the file; its beginning is listened to. ``complete`` False: it was cut when
        fetched.

        Raises ``AudioUnplayable``: AUDIO_EMPTY, AUDIO_NOT_AUDIO, AUDIO_UNSUPPORTED,
        AUDIO_DAMAGED, AUDIO_SILENT, AUDIO_NOISE, AUDIO_TIMEOUT; ``AudioBusy``;
        ``Unavailable`` if the decoder itself cannot run.
        """
        head = await asyncio.to_thread(_read_head, path)
        _refuse_foreign(head)
        try:
            cpu_s = math.ceil(timeout_s) + 1
            async with self._slot(self._probes, within_s=min(timeout_s, self._limits.wait_s)):
                action = "probe" if complete else "probe_cut"
                answer = await _answer(path, None, timeout_s, [action, str(cpu_s)])
        except AudioUnplayable as error:
            name = playable_start(head)
            if complete or name is None or error.code != "AUDIO_NOT_AUDIO":
                raise
            return AudioInfo(name, None, 0, 0)
        return AudioInfo(
            answer["codec"],
            answer["duration_ms"] if complete or _states_duration(answer) else None,
            answer["sample_rate"],
            answer["channels"],
        )

    async def decode(self, source: Path, into: Path, *, max_ms: int, timeout_s: float) -> int:
        """Write ``source`` to ``into`` as raw s16le mono 8 kHz (mode 0600), at most ``max_ms``.

        Returns the milliseconds written. A file that is cut off gives what is there. Raises as
        ``probe`` does; ``into`` does not exist then.
        """
        _refuse_foreign(await asyncio.to_thread(_read_head, source))
        slots = [self._decodes]
        if await asyncio.to_thread(self._is_heavy, source, max_ms):
            slots.insert(0, self._heavy)
        arguments = ["decode", str(self._cpu_s(max_ms)), str(max_ms)]
        async with self._slot(*slots, within_s=self._limits.wait_s):
            try:
                answer = await _answer(source, into, timeout_s, arguments)
            except BaseException:
                _discard(into)
                raise
        return int(answer["duration_ms"])

    def _is_heavy(self, source: Path, max_ms: int) -> bool:
        return max_ms > self._limits.light_ms or source.stat().st_size > self._limits.light_bytes

    def _cpu_s(self, max_ms: int) -> int:
        return math.ceil(self._limits.start_cpu_s + self._limits.cpu_share * max_ms / 1000)

    @asynccontextmanager
    async def _slot(self, *slots: asyncio.Semaphore, within_s: float) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(within_s):
                    for slot in slots:
                        await stack.enter_async_context(slot)
            except TimeoutError as error:
                raise busy() from error
            yield


def busy() -> AudioBusy:
    """Nothing was charged for a file that found no slot."""
    return AudioBusy(
        "Too many audio files are being read.",
        suggestion="Try again in a few seconds. Nothing was charged.",
    )


async def _answer(
    source: Path, into: Path | None, timeout_s: float, arguments: list[str]
) -> dict[str, Any]:
    status, noise = await _run_worker(source, into, timeout_s, arguments)
    answer = _last_answer(noise)
    if answer is None:
        raise _no_answer(status, noise)
    if "code" in answer:
        raise _unplayable(answer["code"], answer["message"])
    return answer


async def _run_worker(
    source: Path, into: Path | None, timeout_s: float, arguments: list[str]
) -> tuple[int, bytes]:
    """Run the child on open files; returns its exit status and standard error."""
    stdin, stdout = await asyncio.to_thread(_open_files, source, into)
    with stdin, stdout:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-B",  # the limit on what it writes would cut compiled modules short, for good
            "-P",
            "-m",
            _WORKER,
            *arguments,
            stdin=stdin,
            stdout=stdout,
            stderr=asyncio.subprocess.PIPE,
            env=_environment(),
        )
    try:
        async with asyncio.timeout(timeout_s):
            _, noise = await process.communicate()
    except TimeoutError as error:
        raise _unplayable(
            "AUDIO_TIMEOUT", f"it could not be read within {timeout_s:g} seconds"
        ) from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, noise


def _environment() -> dict[str, str]:
    """Enough to start Python, and nothing secret: the child reads untrusted bytes."""
    passed = {name: os.environ[name] for name in _PASSED_ENVIRONMENT if name in os.environ}
    search = [_PACKAGE_ROOT, os.environ.get("PYTHONPATH", "")]
    # Each thread of numpy's library would take some of the child's address space.
    return passed | {
        "PYTHONPATH": os.pathsep.join(filter(None, search)),
        "OPENBLAS_NUM_THREADS": "1",
    }


def _open_files(source: Path, into: Path | None) -> tuple[BinaryIO, BinaryIO]:
    stdin = source.open("rb")
    try:
        if into is None:
            return stdin, Path(os.devnull).open("wb")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        return stdin, os.fdopen(os.open(into, flags, 0o600), "wb")
    except BaseException:
        stdin.close()
        raise


def _read_head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_SIZE)


def _discard(path: Path) -> None:
    path.unlink(missing_ok=True)


def _refuse_foreign(head: bytes) -> None:
    if not head:
        raise _unplayable("AUDIO_EMPTY", "it is empty")
    kind = foreign_kind(head)
    if kind is not None:
        raise _unplayable("AUDIO_NOT_AUDIO", f"this is {kind}, not audio that can be played")


def _states_duration(answer: dict[str, Any]) -> bool:
    """True for formats whose header counts the samples, which is right for a cut file too.

    For the others FFmpeg estimates it from the size of the file.
    """
    return str(answer["format"]).startswith(("flac", "mov"))


def _last_answer(noise: bytes) -> dict[str, Any] | None:
    """The worker's line of JSON; libraries may have written other lines before it."""
    for line in reversed(noise.splitlines()):
        if line.startswith(b"{"):
            answer: dict[str, Any] = json.loads(line)
            return answer
    return None


def _no_answer(status: int, noise: bytes) -> AudioUnplayable | Unavailable:
    if status == -getattr(signal, "SIGXCPU", 0) or status == -getattr(signal, "SIGKILL", 0):
        return _unplayable("AUDIO_TIMEOUT", "reading it takes too much work")
    if status < 0:
        return _unplayable("AUDIO_DAMAGED", "it is damaged so badly that the decoder gave up")
    last = noise.decode(errors="replace").strip().rpartition("\n")[2]
    return Unavailable(f"The audio decoder does not run: {last[:200]}", code="DECODER_UNAVAILABLE")


def _unplayable(code: str, why: str) -> AudioUnplayable:
    suggestion = _SUGGESTIONS.get(code, PLAYABLE)
    return AudioUnplayable(f"The audio cannot be played: {why}.", code=code, suggestion=suggestion)
