"""English by hibari (Apache-2.0, offline, 24 kHz). Runs in the speech process.

Traps: it is silent (no error) for what is not English, raises IndexError for numbers of 37 digits
and more, and downloads voices other than ``heart``; the caller guards against all three.
"""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np

from ringbolt.speech.telephone import Samples
from ringbolt.speech.voices import EngineVoice

_LONGEST = 450
"""Characters per run: time and memory grow with the square of a sentence's length."""

_SEED = 0  # of the noise in the voice: the same text gives the same bytes


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

    def speak(self, text: str, language: str, voice: EngineVoice) -> tuple[Samples, int]:
        """The samples and their rate, Hz. Raises whatever the library raises."""
        self.load()
        # resampling changes pitch, formants and pace together; the pace is adjusted accordingly
        pace = voice.rate / voice.depth
        parts = [
            sentence
            for piece in self._pieces(text)
            for sentence in self._model.stream(piece, speed=pace, seed=_SEED)
        ]
        rate = round(self._model.sample_rate * voice.depth)
        return np.concatenate(parts) if parts else np.zeros(0, np.float32), rate

    def _pieces(self, text: str) -> list[str]:
        sentences = self._model.split_sentences(text)
        return [piece for sentence in sentences for piece in textwrap.wrap(sentence, _LONGEST)]
