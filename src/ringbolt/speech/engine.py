"""The port to text to speech."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from ringbolt.core.calls.call import SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """A text to speak. ``voice``: a persona's name or ''; ``language``: BCP 47 or ''.

    ``neural`` asks for the better voice where there is one. ``rate``: how fast to speak, 0.5 to 2
    times as usual. ``preview``: not for a call, so that texts of calls go first. ``sample_rate``:
    that of the audio, Hz.
    """

    text: str
    voice: str = ""
    language: str = ""
    neural: bool = False
    rate: float = 1.0
    preview: bool = False
    sample_rate: int = SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Speech:
    """Spoken text: raw s16le mono in ``path``, at the sample rate of the request. ``notes`` say
    what differs from the request, e.g. ``neural_downgraded`` or ``voice_unknown``."""

    path: Path
    duration_ms: int
    engine: str
    voice: str
    language: str
    notes: tuple[str, ...] = ()
    cached: bool = False


class Speaker(Protocol):
    """Text to speech as the rest of the shop sees it: text in, audio out."""

    async def speak(self, request: SpeechRequest) -> Speech:
        """Raises ``SpeechFailed`` if no engine can speak the text, or none answers in time;
        ``SpeechBusy`` if the queue is too long."""
        ...

    async def purge(self) -> int:
        """Remove spoken texts that are kept too long or are too many; returns the bytes freed."""
        ...

    async def close(self) -> None: ...


@runtime_checkable
class SupportsWarmUp(Protocol):
    """For speakers that load their voices with the first text, which takes seconds."""

    @property
    def wants_warm_up(self) -> bool:
        """Whether the operator wants it, and nothing is loaded yet."""
        ...

    async def warm_up(self) -> None:
        """Load the usual voice, behind every text that is to be spoken. Raises ``SpeechFailed``."""
        ...

    def memory_bytes(self) -> int:
        """The memory of the processes that speak; 0 while nothing is loaded."""
        ...
