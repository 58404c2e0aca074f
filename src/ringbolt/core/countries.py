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
from types import MappingProxyType
from typing import Final

from ringbolt.core.errors import InvalidInput, Role
from ringbolt.core.tables import entries, shipped_rows

AUTO: Final = 999
"""The number of the automatic selection."""

MAX_LENGTH: Final = 100
_MAX_DIGITS: Final = 6
_WORD = re.compile(r"[a-z]+")
_APOSTROPHES = re.compile(r"['\u2019\u02bc`]")
_SILENT: Final = frozenset({"and", "the"})


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


def _words(name: str) -> list[str]:
    """The words of a name in plain letters; '&' is 'and', 'St.' is 'Saint'."""
    text = unicodedata.normalize("NFKD", _APOSTROPHES.sub("", name)).lower()
    ascii_text = text.replace("&", " and ").encode("ascii", "ignore").decode("ascii")
    return ["saint" if word in {"st", "ste"} else word for word in _WORD.findall(ascii_text)]


def _keys(name: str) -> tuple[str, str]:
    """The name without blanks, and the same without 'and' and 'the'."""
    words = _words(name)
    return "".join(words), "".join(word for word in words if word not in _SILENT)


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
    """A country by its number (also written as digits or as 187.0), ISO code or name.

    None if there is none; booleans and fractions are none.
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
    if len(value) > MAX_LENGTH:
        return None
    text = unicodedata.normalize("NFKC", value).strip().lower()
    if text.isascii() and text.isdigit():
        return _by_cc(int(text)) if len(text) <= _MAX_DIGITS else None
    if any(sign.isdigit() for sign in text):
        return None
    country = _BY_CODE.get(text)
    if country is not None:
        return country
    whole, short = _keys(text)
    return _BY_NAME.get(whole) or _BY_NAME.get(short)


def resolve_country(value: int | float | str) -> Country:
    """As ``find_country``, but raises ``InvalidInput`` (``UNKNOWN_COUNTRY``)."""
    country = find_country(value)
    if country is None:
        raise InvalidInput(
            f"There is no country {_written(value)} here.",
            code="UNKNOWN_COUNTRY",
            role=Role.COUNTRY,
            suggestion=_suggestion(value),
        )
    return country


def _written(value: int | float | str) -> str:
    if isinstance(value, str):
        return repr(value[:MAX_LENGTH])
    # str() refuses integers of thousands of digits
    return str(value) if abs(value) < 10**_MAX_DIGITS else "of such a number"


def _suggestion(value: object) -> str:
    written = _keys(value[:MAX_LENGTH])[0] if isinstance(value, str) else ""
    near = difflib.get_close_matches(written, _BY_NAME, n=1, cutoff=0.75) if written else []
    if near:
        country = _BY_NAME[near[0]]
        return f'Did you mean "{country.name}" ({country.cc})?'
    return (
        "Use a number of the country list (187 is the USA; not a calling code), an ISO code "
        f'("DE"), a name ("Germany"), or {AUTO} for any.'
    )
