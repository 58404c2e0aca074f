"""The words of a language for signs and numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from ringbolt.core.tables import entries, shipped_rows
from ringbolt.speech.normalise.integers import LIMIT, is_spelled, spell_integer

_PACKAGE: Final = "ringbolt.speech.normalise"
_DIGITS: Final = frozenset("0123456789")
_NUMBER = re.compile("[0-9]+")
_SPACES = re.compile(" {2,}")


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
        if value >= LIMIT:
            return self.digits(str(value))
        return spell_integer(self.language, value)

    def ordinal(self, day: int) -> str:
        """The day of a month (1 to 31) as it is said in a date; '' where the engine's reading of
        the number is right."""
        return _month_days().get(self.language, {}).get(day, "")

    def digits(self, digits: str) -> str:
        """One digit after the other: ``4829`` as ``4 8 2 9``; more than six in groups, with a
        pause after each. In English there is a pause after every digit, as in dictation."""
        return ", ".join(self.letters(group) for group in _groups(digits))

    def letters(self, text: str) -> str:
        """One letter or digit after the other, letters by their names where the engine would take
        them for words."""
        names = _letter_names().get(self.language, {})
        signs = [
            names.get(sign) or (self.integer(int(sign)) if sign in _DIGITS else sign)
            for sign in text
        ]
        return _pause(self.language).join(signs)

    def respell(self, text: str) -> str:
        """``text`` with words for those of its numbers that the engine reads wrongly."""
        if not is_spelled(self.language):
            return text
        return _SPACES.sub(" ", _NUMBER.sub(self._respell, text)).strip()

    def _respell(self, number: re.Match[str]) -> str:
        digits = number[0]
        long = len(digits) >= len(str(LIMIT)) or (len(digits) > 1 and digits.startswith("0"))
        said = self.digits(digits) if long else self.integer(int(digits))
        return digits if said == digits else f" {said} "


def _pause(language: str) -> str:
    """What stands between signs that are dictated. Listeners (and recognisers) of hibari count
    repeated digits rightly only with a pause, and "A" is a word without it."""
    return ", " if language == "en" else " "


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


@cache
def _month_days() -> dict[str, dict[int, str]]:
    """Days by their number, by language."""
    return {
        row.pop("language"): {day: word for day, word in enumerate(row.values(), 1) if word}
        for row in shipped_rows(_PACKAGE, "month_days.csv")
    }


@cache
def _letter_names() -> dict[str, dict[str, str]]:
    return {
        row["language"]: dict(entry.split("=", 1) for entry in entries(row["letters"]))
        for row in shipped_rows(_PACKAGE, "letters.csv")
    }
