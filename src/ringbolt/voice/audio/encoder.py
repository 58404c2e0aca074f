"""Make audio files of samples: WAV here, MP3 and Ogg Opus in a process of their own, since their
encoders are C code that takes seconds of a processor."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Final

import ringbolt
from ringbolt.core.commands import AudioFormat
from ringbolt.voice.audio.wav import wav_bytes

TIMEOUT_S: Final = 60.0
"""For one file: four minutes of speech take 1 s of an idle processor."""
MEDIA_TYPES: Final[dict[AudioFormat, str]] = {
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
}
SUFFIXES: Final[dict[AudioFormat, str]] = {"wav": "wav", "mp3": "mp3", "opus": "opus"}
"""How the name of a file ends."""

_WORKER: Final = "ringbolt.voice.audio.encode_worker"
_PACKAGE_ROOT: Final = str(Path(ringbolt.__file__).parent.parent)
_PASSED_ENVIRONMENT: Final = ("PATH", "PYTHONHOME", "LD_LIBRARY_PATH", "SYSTEMROOT")


class NotEncoded(Exception):
    """The encoder died, or took too long."""


async def encode(pcm: bytes, format_name: AudioFormat, sample_rate: int) -> bytes:
    """``pcm`` (s16le mono) as a whole file. Raises ``NotEncoded``."""
    if format_name == "wav":
        return wav_bytes(pcm, sample_rate)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", _WORKER, format_name, str(sample_rate),
        stdin=PIPE, stdout=PIPE, env=_environment(),
    )  # fmt: skip
    try:
        async with asyncio.timeout(TIMEOUT_S):
            encoded, _ = await process.communicate(pcm)
    except TimeoutError as error:
        raise NotEncoded(f"the encoder took more than {TIMEOUT_S:.0f} s") from error
    finally:
        await _end(process)
    if process.returncode or not encoded:
        raise NotEncoded(f"the encoder ended with {process.returncode}")
    return encoded


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()


def _environment() -> dict[str, str]:
    """Enough to start Python, and nothing secret."""
    passed = {name: os.environ[name] for name in _PASSED_ENVIRONMENT if name in os.environ}
    return passed | {"PYTHONPATH": _PACKAGE_ROOT}
