"""Distinguishes languages of one script by statistics (py3langid). Runs in the speech process."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ringbolt.speech.languages import DETECTED

_MODEL_NAMES = {"nb": "no"}

LIKELY_WEIGHT = 10.0
"""A language that is likely anyway wins unless another is that many times as probable: short
English notes ("Reminder: dentist 3 PM") otherwise turn German or Norwegian."""


class LanguageDetector:
    """Loads its model (0.7 s of CPU, 75 MB) at the first call."""

    def __init__(self) -> None:
        self._identifier: Any = None

    def __call__(self, text: str, options: Collection[str], likely: Collection[str]) -> str:
        if text.isupper():
            text = text.lower()  # the model knows languages by their usual case
        probability = dict(self._load().rank(text))

        def weight(code: str) -> float:
            factor = LIKELY_WEIGHT if code in likely else 1.0
            return factor * float(probability.get(_MODEL_NAMES.get(code, code), 0.0))

        return max(options, key=weight)

    def _load(self) -> Any:
        if self._identifier is None:
            from py3langid import langid  # noqa: PLC0415 - lazy: most texts do not need it

            identifier = langid.LanguageIdentifier.from_model_file(
                langid.MODEL_FILE, norm_probs=True
            )
            known = set(identifier.labels)
            wanted = {_MODEL_NAMES.get(code, code) for code in DETECTED}
            identifier.set_languages(sorted(wanted & known))
            self._identifier = identifier
        return self._identifier
