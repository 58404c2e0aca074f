"""The words of a language for signs, numbers and names of units."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

from ringbolt.core.tables import shipped_rows


@dataclass(frozen=True, slots=True)
class Lexicon:
    """``signs``: the words for signs by the names of ``lexicon.csv`` (``star``, ``minus``, ...);
    one that is missing has no word in the language, and is never read in English."""

    language: str
    region: str
    signs: dict[str, str]

    def sign(self, name: str) -> str:
        """The word for a sign, '' if the language has none."""
        return self.signs.get(name, "")

    def integer(self, value: int) -> str:
        """A whole number (not negative) for the engine: digits without groups where it reads them
        rightly, else words."""
        return str(value)

    def digits(self, digits: str) -> str:
        """One digit after the other: ``4829`` as ``4 8 2 9``, long ones in groups with a pause."""
        return " ".join(digits)


@cache
def lexicon(language: str, region: str = "") -> Lexicon:
    """The words of ``language`` as they are used in ``region`` (ISO 3166, or '')."""
    return Lexicon(language, region, _signs().get(language, {}))


_NOT_SIGNS: Final = frozenset({"language"})


@cache
def _signs() -> dict[str, dict[str, str]]:
    rows = shipped_rows("ringbolt.speech.normalise", "lexicon.csv")
    return {
        row["language"]: {
            name: word for name, word in row.items() if word and name not in _NOT_SIGNS
        }
        for row in rows
    }
