"""The words of a language for signs and numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from ringbolt.core.tables import entries, shipped_rows

_PACKAGE: Final = "ringbolt.speech.normalise"


@dataclass(frozen=True, slots=True)
class Lexicon:
    """``signs``: the words for signs by the names of ``lexicon.csv`` and ``rare_signs.csv``
    (``star``, ``minus``, ...); one that is missing has no word in the language, and is never read
    in English. ``percent_first``: the word for percent stands before the number."""

    language: str
    region: str
    signs: dict[str, str]
    percent_first: bool = False

    def sign(self, name: str) -> str:
        """The word for a sign, '' if the language has none."""
        return self.signs.get(name, "")

    def integer(self, value: int) -> str:
        """A whole number (not negative) for the engine: digits without groups where it reads them
        rightly, else words."""
        return str(value)

    def digits(self, digits: str) -> str:
        """One digit after the other: ``4829`` as ``4 8 2 9``; more than six in groups, with a
        pause after each."""
        return ", ".join(" ".join(group) for group in _groups(digits))


def _groups(digits: str) -> list[str]:
    if len(digits) <= 6:
        return [digits]
    if len(digits) == 10 or (len(digits) == 11 and digits.startswith("1")):  # North American
        parts = [digits[:-10], digits[-10:-7], digits[-7:-4], digits[-4:]]
    else:
        parts = [digits[at : at + 4] for at in range(0, len(digits), 4)]
    return [part for part in parts if part]


@lru_cache(maxsize=512)  # a region is what the buyer writes: no more than so many are kept
def lexicon(language: str, region: str = "") -> Lexicon:
    """The words of ``language`` as they are used in ``region`` (ISO 3166, or '')."""
    signs = _signs().get((language, ""), {}) | _signs().get((language, region), {})
    return Lexicon(
        language,
        region,
        {name: word for name, word in signs.items() if name != "percent_first"},
        "percent_first" in signs,
    )


@cache
def _signs() -> dict[tuple[str, str], dict[str, str]]:
    """Words by sign, by language and region ('' everywhere)."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for table in ("lexicon.csv", "rare_signs.csv"):
        for row in shipped_rows(_PACKAGE, table):
            language = row.pop("language")
            regions = entries(row.pop("regions", "")) or ("",)
            words = {name: word for name, word in row.items() if word}
            for region in regions:
                found.setdefault((language, region), {}).update(words)
    return found
