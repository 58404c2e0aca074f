"""How countries are written: by people, in any language, and by the providers of numbers.

Two spellings are one if they have the same letters: case, accents, apostrophes, hyphens and blanks
do not count. The names of ``country_spellings.csv`` are read when the first one is needed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from ringbolt.core.tables import entries, shipped_rows

_APOSTROPHES: Final = re.compile("['\u2018\u2019\u02bc\u02bb\u00b4`\u2032]")
_ASCII_WORD: Final = re.compile("[a-z]+")
_COLUMNS: Final = ("providers", "russian", "chinese", "local", "abroad")
_UNDIVIDED: Final = str.maketrans(
    {"ø": "o", "ł": "l", "ı": "i", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe", "&": " and "}
)
"""Letters that Unicode does not divide into a plain one and an accent."""
_SAME_WORD: Final = {
    "st": "saint",
    "ste": "saint",
    "dem": "democratic",
    "rep": "republic",
    "is": "islands",
    "isl": "islands",
    "fed": "federation",
}
_PASSED_OVER: Final = frozenset({"and", "the", "of"})
_TITLES: Final = frozenset({"republic", "kingdom", "sultanate", "principality", "commonwealth"})
"""What may stand beside a country's name, where no other country has the name without it."""


def words_of(name: str) -> list[str]:
    """The words of a name in plain small letters of any script; '&' is 'and', 'St.' 'saint'."""
    if name.isascii():  # most names, at a fifth of the cost
        plain_name = _APOSTROPHES.sub("", name).lower().replace("&", " and ")
        return [_SAME_WORD.get(word, word) for word in _ASCII_WORD.findall(plain_name)]
    text = unicodedata.normalize("NFKD", _APOSTROPHES.sub("", name)).casefold()
    signs = unicodedata.normalize("NFKD", text.translate(_UNDIVIDED))
    # A mark is part of its letter: an accent is passed over, and does not divide a word.
    plain = (sign if sign.isalpha() else " " for sign in signs if not _is_passed_over(sign))
    return [_SAME_WORD.get(word, word) for word in "".join(plain).split()]


def _is_passed_over(sign: str) -> bool:
    return unicodedata.category(sign) in {"Mn", "Mc", "Me", "Cf", "Lm", "Sk"}


def bag_of(name: str) -> frozenset[str]:
    """The words of a name in any order, without 'and', 'the' and 'of'."""
    return frozenset(words_of(name)) - _PASSED_OVER


@dataclass(frozen=True, slots=True)
class FurtherSpellings:
    """The numbers of the countries that a spelling fits: of one; of several if it is ambiguous; of
    none if there are no numbers of that country. By its letters, and by its words in any order."""

    by_letters: Mapping[str, frozenset[int]]
    by_words: Mapping[frozenset[str], frozenset[int]]


def without_titles(words: frozenset[str]) -> frozenset[str]:
    """'Republic of Mali' is 'Mali'. The caller looks up what fits both as two countries first."""
    return words - _TITLES


@cache
def further_spellings() -> FurtherSpellings:
    """The table ``country_spellings.csv``."""
    by_letters: dict[str, frozenset[int]] = {}
    by_words: dict[frozenset[str], frozenset[int]] = {}
    for numbers, name in names():
        words = words_of(name)
        if by_letters.setdefault("".join(words), numbers) != numbers:
            raise ValueError(f"{name!r} names two countries")
        bag = frozenset(words) - _PASSED_OVER
        by_words[bag] = by_words.get(bag, numbers) | numbers
    return FurtherSpellings(by_letters, by_words)


def names() -> Iterator[tuple[frozenset[int], str]]:
    """Every spelling of the table with the numbers of the countries that it fits."""
    for row in shipped_rows("ringbolt.core", "country_spellings.csv"):
        numbers = frozenset(map(int, entries(row["cc"])))
        for column in _COLUMNS:
            for name in entries(row[column]):
                yield numbers, name
