"""English by hibari (Apache-2.0, offline, 24 kHz). Runs in the speech process.

Trap: it downloads voices other than ``heart``. Its traps with texts are in ``hibari_text``.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import Any

import numpy as np

from ringbolt.speech.hibari_text import guarded, least_seconds, unspoken
from ringbolt.speech.telephone import Samples, resample
from ringbolt.speech.voices import EngineVoice

_LONGEST = 200
"""Characters per run: time and memory grow with the square of a sentence's length."""

_CLAUSE = re.compile(r"(?<=[,;:—])\s+")

_SEED = 0  # of the noise in the voice: the same text gives the same bytes


class LeftOut(Exception):
    """A word or a number has no sound; the message does not name it, since texts are secret."""


class HibariEngine:
    name = "hibari"

    def __init__(self) -> None:
        self._model: Any = None

    def load(self) -> None:
        """1 to 1.5 s of CPU and 200 MB, once; the first sentence costs most of it."""
        if self._model is None:
            from hibari import Hibari  # noqa: PLC0415 - lazy: other languages do not need it

            model = Hibari(voice="heart", threads=1)
            model("Ready.", seed=_SEED)
            self._model = model

    def speak(
        self, text: str, language: str, voice: EngineVoice, wanted_rate: int
    ) -> tuple[Samples, int]:
        """The samples and their rate, Hz. Raises ``LeftOut``, and whatever the library raises."""
        self.load()
        # resampling changes pitch, formants and pace together; the pace is adjusted accordingly
        pace = voice.rate / voice.depth
        rate = round(self._model.sample_rate * voice.depth)
        parts = [  # resampled one by one: a long text at 24 kHz would take hundreds of MB
            resample(part, rate, wanted_rate)
            for piece in self._pieces(guarded(text))
            for part in self._spoken(piece, pace)
        ]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32), wanted_rate

    def _pieces(self, text: str) -> Iterator[str]:
        """Sentences; what is too long is cut after clauses, or else between words."""
        for sentence in self._model.split_sentences(text):
            piece = ""
            for clause in _CLAUSE.split(sentence):
                if len(piece) + len(clause) < _LONGEST:
                    piece = f"{piece} {clause}".lstrip()
                    continue
                yield from textwrap.wrap(piece, _LONGEST, break_on_hyphens=False)
                piece = clause
            yield from textwrap.wrap(piece, _LONGEST, break_on_hyphens=False)

    def _spoken(self, piece: str, pace: float) -> list[Samples]:
        """Raises ``LeftOut`` rather than leave out a part of a message."""
        from hibari.g2p.normalize import normalize  # noqa: PLC0415 - loaded with the model

        g2p = self._model.g2p
        if unspoken(g2p.phonemize_tokens(g2p.tokenize(normalize(piece)))):
            raise LeftOut("a word has no sound")
        parts = list(self._model.stream(piece, speed=pace, seed=_SEED))
        seconds = sum(map(len, parts)) / self._model.sample_rate * pace
        if seconds < least_seconds(piece):
            raise LeftOut("a sentence is too short")
        return parts
