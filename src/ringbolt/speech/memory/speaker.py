"""A speaker that needs no engine: every text is a second of silence."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ringbolt.core.calls.call import SAMPLE_RATE
from ringbolt.core.errors import SpeechBusy, SpeechFailed
from ringbolt.speech.engine import Speech, SpeechRequest

SECOND_MS: Final = 1000


class SilentSpeaker:
    """Implements ``Speaker``. ``spoken``: the texts that it received. ``busy``: how many requests
    fail with ``SpeechBusy`` first, and ``failing`` how many with ``SpeechFailed`` then. ``path``:
    the file to create with the silence."""

    def __init__(self, path: Path) -> None:
        self.spoken: list[SpeechRequest] = []
        self.busy = 0
        self.failing = 0
        self._path = path

    async def speak(self, request: SpeechRequest) -> Speech:
        if self.busy:
            self.busy -= 1
            raise SpeechBusy("Too many texts wait to be spoken.")
        if self.failing:
            self.failing -= 1
            raise SpeechFailed("No voice could speak the text.")
        self.spoken.append(request)
        path = self._path
        if request.sample_rate != SAMPLE_RATE:
            path = path.with_suffix(f".{request.sample_rate}")
        if not path.exists():
            path.write_bytes(bytes(2 * request.sample_rate))
        return Speech(path, SECOND_MS, "memory", "nobody", request.language or "en")

    async def purge(self) -> int:
        return 0

    async def close(self) -> None: ...
