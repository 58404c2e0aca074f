"""Days, months and years: their names, and how a date is said."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import Final

from ringbolt.core.tables import shipped_rows
from ringbolt.speech.normalise import cldr
from ringbolt.speech.normalise.lexicon import Lexicon

_MONTH_FIRST: Final = frozenset({"", "US", "PH", "CA", "PR", "GU", "AS", "VI", "MP"})
"""Regions in which English writes the month before the day; the usual English voice is American."""

_GERMAN_DATIVE: Final = re.compile(
    r"\b(?:am|vom|zum|bis|seit|dem|den|des|ab|beim|im)(?: \w+,)? $", re.IGNORECASE
)
_GERMAN_ARTICLE: Final = re.compile(r"\b(?:der|dieser|jeder) $", re.IGNORECASE)
_TOKEN: Final = re.compile(r"'[^']*'|d+|[ML]+|y+|[^'dMLy]+")
_KEPT: Final = frozenset({"de", "del", "gada", "ta", "năm"})
"""Words in the CLDR's patterns that are said; others are abbreviations."""

_NO_NAME: Final = re.compile(r"M\d\d")
_ENGLISH: Final = "en"
_JAPANESE_MONTHS: Final = (
    *("いち", "に", "さん", "し", "ご", "ろく"),
    *("しち", "はち", "く", "じゅう", "じゅういち", "じゅうに"),
)
"""No Japanese voice reads 月, and some months have numbers of their own."""


def month_first(words: Lexicon) -> bool:
    """Whether 08/10 is the tenth of August."""
    return words.language == _ENGLISH and words.region in _MONTH_FIRST


def is_date(year: int, month: int, day: int) -> bool:
    """Whether there is such a day; year 0 stands for any."""
    try:
        date(year or 2000, month, day)
    except ValueError:
        return False
    return True


def said_date(day: int, month: int, year: int, words: Lexicon, before: str = "") -> str:
    """The date in the order of the language and region; year 0 is left out. ``before``: the text
    before it, which decides a German ending."""
    if words.language == _ENGLISH:
        return _english(day, month, year, words)
    if words.language == "ja":
        return _japanese(day, month, year, words)
    parts = []
    for token in _TOKEN.findall(_pattern(words)):
        kind = token[0]
        if kind == "d":
            parts.append(said_day(day, words, before))
        elif kind in "ML":
            parts.append(month_name(month, words) if len(token) > 1 else words.integer(month))
        elif kind == "y":
            parts.append(said_year(year, words) if year else "")
        else:
            parts.append(_literal(token))
    text = " ".join("".join(parts).split())
    return _without_year(text, year)


def _pattern(words: Lexicon) -> str:
    own = _own_months().get(words.language)
    return own.pattern if own and own.pattern else cldr.date_pattern(words.language, words.region)


def _without_year(text: str, year: int) -> str:
    """A word that stood before the year, as in ``3 de mayo de``, or after it, as 年, goes too."""
    if year:
        return text
    return re.sub(r"^(?:年|gada )|(?: de| del| năm)$", "", text).strip()


def _english(day: int, month: int, year: int, words: Lexicon) -> str:
    name, number = month_name(month, words), english_ordinal(day)
    if month_first(words):
        return f"{name} {number}, {year}" if year else f"{name} {number}"
    return f"{number} {name} {year}" if year else f"{number} {name}"


def _japanese(day: int, month: int, year: int, words: Lexicon) -> str:
    in_year = f"{words.integer(year)} ねん " if year else ""
    of_month = words.ordinal(day) or f"{words.integer(day)} にち"
    return f"{in_year}{_JAPANESE_MONTHS[month - 1]}がつ {of_month}"


def english_ordinal(value: int) -> str:
    """``1st``: both English engines read it."""
    last = 0 if value % 100 in (11, 12, 13) else value % 10
    return f"{value}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(last, 'th') }"


def said_day(day: int, words: Lexicon, before: str = "") -> str:
    """The day of a month, as an ordinal number where the language says one."""
    said = words.ordinal(day) or words.integer(day)
    if words.language == "de" and not _GERMAN_DATIVE.search(before[-24:]):
        weak = _GERMAN_ARTICLE.search(before[-24:]) is not None
        return said[:-1] if weak else f"{said[:-1]}r"  # "der dritte Mai", alone "dritter Mai"
    return said


def said_year(year: int, words: Lexicon) -> str:
    """English voices read four digits as a year; Chinese says them one by one."""
    if words.language in ("zh", "yue"):
        return " ".join(str(year))
    return str(year) if words.language == _ENGLISH else words.integer(year)


def month_name(month: int, words: Lexicon) -> str:
    """The name in a date; the number where the language has none."""
    own = _own_months().get(words.language)
    if own:
        return own.names[month - 1]
    name = cldr.months(words.language, words.region, "wide").get(month, "")
    return name if name and not _NO_NAME.fullmatch(name) else words.integer(month)


def month_alone(month: int, words: Lexicon) -> str:
    """The name without a day."""
    names = cldr.months(words.language, words.region, "wide", "stand-alone")
    return names.get(month, "") or month_name(month, words)


def month_number(written: str, words: Lexicon) -> int:
    """1 to 12 for a month's name or abbreviation in the language, else 0."""
    return _months(words.language, words.region).get(_folded(written), 0)


def weekday(written: str, words: Lexicon) -> str:
    """The name of the day for its name or abbreviation in the language, else ''."""
    return _weekdays(words.language).get(_folded(written), "")


def is_name(written: str, month: int, words: Lexicon) -> bool:
    """Whether the month is written out."""
    return _folded(written) in (
        _folded(month_name(month, words)),
        _folded(month_alone(month, words)),
    )


def _folded(name: str) -> str:
    return name.casefold().rstrip(".")


@lru_cache(maxsize=128)
def _months(language: str, region: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for width in ("abbreviated", "wide"):
        for context in ("format", "stand-alone"):
            for number, name in cldr.months(language, region, width, context).items():
                if any(map(str.isalpha, name)) and not _NO_NAME.fullmatch(name):
                    found.setdefault(_folded(name), number)
    own = _own_months().get(language)
    for number, name in enumerate(own.names if own else (), 1):
        found.setdefault(_folded(name), number)
    if language == _ENGLISH:
        found["sept"] = 9
    return found


@dataclass(frozen=True, slots=True)
class _Months:
    """``names`` from January on; ``pattern`` of a date, or ''."""

    pattern: str
    names: tuple[str, ...]


@cache
def _own_months() -> dict[str, _Months]:
    return {
        row.pop("language"): _Months(row.pop("pattern"), tuple(row.values()))
        for row in shipped_rows("ringbolt.speech.normalise", "months.csv")
    }


@lru_cache(maxsize=128)
def _weekdays(language: str) -> dict[str, str]:
    wide = cldr.weekdays(language, "wide")
    found = {
        _folded(name): wide[day] for day, name in cldr.weekdays(language, "abbreviated").items()
    }
    found |= {_folded(name): name for name in wide.values()}
    if language == _ENGLISH:
        found |= {"tues": "Tuesday", "weds": "Wednesday", "thur": "Thursday", "thurs": "Thursday"}
    return found


def _literal(token: str) -> str:
    if token.startswith("'"):
        word = token.strip("'")
        return word if word in _KEPT else ""
    if "." in token:
        return " "
    return re.sub(r"[(),،\-’]", " ", token)
