"""The audio files of a call, examined before it is placed: whether they can be played, and how
long they are, where the beginning of the file says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ringbolt.app.calls.render import TEXT_INSTEAD
from ringbolt.app.shop import Shop
from ringbolt.core.errors import AudioUnplayable

TEXT_ONLY: Final = "reps_apply_to_text_only"
"""The note on a call that requests repetitions of a file: it is played once."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of the files: ``lengths`` in ms by URL, and notes on the call."""

    lengths: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AudioFiles:
    """``has_text``: a text is spoken where a file cannot be played. ``reps``: repetitions are
    requested."""

    urls: tuple[str, ...] = ()
    has_text: bool = False
    reps: bool = False

    async def look(self, shop: Shop) -> Found:
        """Raises ``AudioUnplayable``, unless there is a text instead."""
        lengths: dict[str, int] = {}
        notes: list[str] = []
        for url in self.urls:
            try:
                info = await shop.audio.probe(url)
            except AudioUnplayable as error:
                if not self.has_text:
                    raise
                notes.append(f"{TEXT_INSTEAD}: {error.message}")
                lengths[url] = 0
            else:
                if info.duration_ms is not None:
                    lengths[url] = info.duration_ms
                if self.reps:
                    notes.append(TEXT_ONLY)
        return Found(lengths, tuple(notes))
