"""What text to speech is tested with. An engine joins as another one of ``SUBJECTS``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from ringbolt.speech.engine import Speaker
from ringbolt.speech.memory.speaker import SilentSpeaker
from ringbolt.speech.speaker import LocalSpeaker
from support.waiting import LONG_S


@asynccontextmanager
async def local(directory: Path) -> AsyncIterator[Speaker]:
    """The engines of this machine."""
    speaker = LocalSpeaker(directory, timeout_s=LONG_S)
    yield speaker
    await speaker.close()


@asynccontextmanager
async def memory(directory: Path) -> AsyncIterator[Speaker]:
    speaker = SilentSpeaker(directory / "silence.pcm")
    yield speaker
    await speaker.close()


SUBJECTS: dict[str, Callable[[Path], AbstractAsyncContextManager[Speaker]]] = {
    "local": local,
    "memory": memory,
}
