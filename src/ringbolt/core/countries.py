"""The countries that numbers are leased in, by the numbers that the sms4sats API gives them.

These numbers are a provider's, not calling codes: 1 is Ukraine, 44 is Lithuania, 187 the United
States. A number is therefore never taken for a calling code. Names are read from ``countries.csv``:
those of the API's own list, of ISO 3166, of CLDR (English), and those in common use.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final

from ringbolt.core.country_spellings import (
    bag_of,
    further_spellings,
    without_titles,
    words_of,
)
from ringbolt.core.errors import InvalidInput, Role
from ringbolt.core.phone import is_region
from ringbolt.core.tables import entries, shipped_rows

AUTO: Final = 999
"""The number of the automatic selection."""

MAX_LENGTH: Final = 100
_MAX_DIGITS: Final = 6
_MAX_WORDS: Final = 12
_DIVIDERS: Final = re.compile(r"[/|,;:()\[\]\uff08\uff09\u00b7=\u2010-\u2015]| - ")
_FROM_A_SPREADSHEET: Final = re.compile(r"([0-9]{1,3})\.0", re.ASCII)
_PASSED_OVER: Final = frozenset({"and", "the"})
_FLAG_LETTERS: Final = {0x1F1E6 + n: chr(0x61 + n) for n in range(26)}
"""Regional indicator symbols, two of which are a flag (Unicode, UTS 51)."""
_MOST_SUGGESTED: Final = 3


@dataclass(frozen=True, slots=True)
class Country:
    """``cc``: the API's number. ``region``: ISO 3166 alpha-2, '' for the automatic selection.

    ``name``: the API's first spelling, which order documents show; ``names``: every name that it
    is known by, ``name`` first.
    """

    cc: int
    region: str
    name: str
    names: tuple[str, ...]


AUTO_SELECT: Final = Country(
    AUTO, "", "Auto-Select", ("Auto-Select", "Auto", "Automatic", "Automatic selection", "Any")
)


def _keys(name: str) -> tuple[str, str]:
    """The name without blanks, and the same without 'and' and 'the'."""
    words = words_of(name)
    return "".join(words), "".join(word for word in words if word not in _PASSED_OVER)


def _read(rows: Iterable[dict[str, str]]) -> Iterator[tuple[Country, str]]:
    """Each country with its ISO 3166 alpha-3 code, '' if no ISO code stands for it."""
    for row in rows:
        names = entries(row["names"])
        yield Country(int(row["cc"]), row["region"], names[0], names), row["alpha3"]


def _index(rows: list[tuple[Country, str]]) -> tuple[dict[str, Country], dict[str, Country]]:
    codes: dict[str, Country] = {}
    names: dict[str, Country] = {}
    for country, alpha3 in rows:
        if alpha3:
            codes |= {country.region.lower(): country, alpha3.lower(): country}
        for key in (key for name in country.names for key in _keys(name)):
            if names.setdefault(key, country) is not country:
                raise ValueError(f"{key!r} names two countries")
    return codes, names


_ROWS: Final = sorted(
    _read(shipped_rows("ringbolt.core", "countries.csv")), key=lambda row: row[0].cc
)
_BY_CODE, _BY_NAME = _index([(AUTO_SELECT, ""), *_ROWS])

COUNTRIES: Final[Mapping[int, Country]] = MappingProxyType(
    {country.cc: country for country, _ in _ROWS}
)
"""Every country by its number, in the order of the numbers; the automatic selection is not one."""


def by_region(region: str) -> Country | None:
    """The country of an ISO 3166 alpha-2 code. US is 187, not the virtual numbers (12)."""
    return _BY_CODE.get(region.lower()) if len(region) == 2 else None


def find_country(value: int | float | str) -> Country | None:
    """A country by its number (also written as digits or as 187.0), ISO code, flag, or name in
    English, Russian, Chinese, its own languages and others, also as providers of numbers spell it.

    None if there is none, or if several fit; booleans and fractions are none.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return _by_cc(int(value)) if value.is_integer() else None
    if isinstance(value, int):
        return _by_cc(value)
    return _find_text(value)


def _by_cc(cc: int) -> Country | None:
    return AUTO_SELECT if cc == AUTO else COUNTRIES.get(cc)


def _find_text(value: str) -> Country | None:
    return _only(_fitting(value))


def _only(countries: frozenset[int]) -> Country | None:
    return _by_cc(next(iter(countries))) if len(countries) == 1 else None


def _fitting(value: str) -> frozenset[int]:
    """The numbers of the countries that a text fits: none, one, or several if it is ambiguous."""
    if len(value) > MAX_LENGTH:
        return frozenset()
    text = _folded(value)
    found = _by_number_or_name(text)
    if found is not None:
        return found
    parts = [part for part in _DIVIDERS.split(text) if part.strip()]
    if len(parts) > 1:
        named = _named_by_all(parts)
        if named:
            return named
    return _same_halves(text.split())


def _folded(value: str) -> str:
    return unicodedata.normalize("NFKC", value.translate(_FLAG_LETTERS)).strip().casefold()


def _by_number_or_name(text: str) -> frozenset[int] | None:
    """The countries of one spelling; none of one whose countries have no numbers here; None for
    what is no spelling of any."""
    text = text.strip()
    spreadsheet = _FROM_A_SPREADSHEET.fullmatch(text)
    text = spreadsheet[1] if spreadsheet else text
    if text.isascii() and text.isdigit():
        country = _by_cc(int(text)) if len(text) <= _MAX_DIGITS else None
        return _one(country)
    if any(sign.isdigit() for sign in text):
        return None
    country = _BY_CODE.get(text)
    if country is None:
        whole, short = _keys(text)
        country = _BY_NAME.get(whole) or _BY_NAME.get(short)
    if country is not None:
        return _one(country)
    return _by_further_spelling(text)


def _one(country: Country | None) -> frozenset[int]:
    return frozenset() if country is None else frozenset({country.cc})


def _by_further_spelling(text: str) -> frozenset[int] | None:
    further = further_spellings().by_letters
    for key in _keys(text):
        if key in further:
            return further[key]
    words = bag_of(text)
    found = _by_words(words)
    return _by_words(without_titles(words)) if found is None else found


def _by_words(words: frozenset[str]) -> frozenset[int] | None:
    if not words:
        return None
    known, further = _known_words().get(words), further_spellings().by_words.get(words)
    if known is None or further is None:
        return further if known is None else known
    return known | further


@cache
def _known_words() -> Mapping[frozenset[str], frozenset[int]]:
    """The countries by the words of the names in ``countries.csv``, in any order."""
    return {bag_of(name): _one(country) for country, _ in _ROWS for name in country.names}


def _named_by_all(parts: Iterable[str]) -> frozenset[int]:
    """The countries that parts name, each by itself: one if they agree, none if one names none."""
    found = [_by_number_or_name(part) or frozenset() for part in parts]
    return frozenset().union(*found) if all(found) else frozenset()


def _same_halves(words: list[str]) -> frozenset[int]:
    """'USA United States': the name twice, or with its code."""
    if len(words) > _MAX_WORDS:
        return frozenset()
    for place in range(1, len(words)):
        found = _named_by_all((" ".join(words[:place]), " ".join(words[place:])))
        if len(found) == 1:
            return found
    return frozenset()


def resolve_country(value: int | float | str) -> Country:
    """As ``find_country``, but raises ``InvalidInput`` (``UNKNOWN_COUNTRY``)."""
    country = find_country(value)
    if country is None:
        known = _refusal(value) if isinstance(value, str) else None
        message, suggestion = known or (_unknown(value), _WHAT_CAN_BE_WRITTEN)
        raise InvalidInput(
            message, code="UNKNOWN_COUNTRY", role=Role.COUNTRY, suggestion=suggestion
        )
    return country


_WHAT_CAN_BE_WRITTEN: Final = (
    "Use a number of the country list (187 is the USA; not a calling code), an ISO code "
    f'("DE"), a name ("Germany"), or {AUTO} for any.'
)


_OTHER_COUNTRIES: Final = (
    f"GET /getCountries lists the countries that have numbers; {AUTO} is any of them."
)


def _refusal(value: str) -> tuple[str, str]:
    """Why a text is none of the countries, and what to send: those that may be meant, the likest
    first."""
    written = value[:MAX_LENGTH]
    fitting = sorted(_fitting(value))
    if fitting:
        return f"{written!r} is the name of more than one country.", _did_you_mean(_shown(fitting))
    text = _folded(written)
    if text and not text.isdigit() and _is_without_numbers(text):
        return f"There are no numbers of {written!r} here.", _OTHER_COUNTRIES
    return _unknown(value), _did_you_mean(_shown(_near(_keys(text)[0])))


def _is_without_numbers(text: str) -> bool:
    """Whether it is the name or code of a country that has none here."""
    return _by_number_or_name(text) is not None or is_region(text.upper())


def _did_you_mean(near: list[str]) -> str:
    return f"Did you mean {' or '.join(near)}?" if near else _WHAT_CAN_BE_WRITTEN


def _unknown(value: int | float | str) -> str:
    if isinstance(value, str):
        return f"There is no country {value[:MAX_LENGTH]!r} here."
    # str() refuses integers of thousands of digits
    written = str(value) if abs(value) < 10**_MAX_DIGITS else "of such a number"
    return f"There is no country {written} here."


def _near(letters: str) -> list[int]:
    """The countries of names like these letters, the likest first."""
    if not letters:
        return []
    likest = difflib.get_close_matches(letters, _BY_NAME, n=8, cutoff=0.75)
    if likest:
        return list(dict.fromkeys(_BY_NAME[name].cc for name in likest))
    further = further_spellings().by_letters
    likest = difflib.get_close_matches(letters, further, n=8, cutoff=0.75)
    return list(dict.fromkeys(cc for name in likest for cc in sorted(further[name])))


def _shown(numbers: list[int]) -> list[str]:
    countries = (_by_cc(cc) for cc in numbers[:_MOST_SUGGESTED])
    return [f'"{country.name}" ({country.cc})' for country in countries if country is not None]
