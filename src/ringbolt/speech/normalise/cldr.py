"""Words from the CLDR (by Babel): plural forms, units, currencies, months. Loaded on first use."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

OTHER: Final = "other"
"""The plural form that every language has."""

PER: Final = "per"
"""The form of a unit by which another is divided."""

_NO_DATA: Final = ""

_KEPT: Final = 1024
"""Answers that are remembered: Babel merges its tables anew for each question."""


_FORMS: Final = ("one", "few", "many", OTHER)


def pick(names: tuple[str, ...], form: str) -> str:
    """The name for a plural form out of ``one|few|many|other`` or ``one|other``; the last stands
    for those that are left out."""
    if len(names) == 2:
        return names[0] if form == "one" else names[1]
    return names[min(_FORMS.index(form) if form in _FORMS else 3, len(names) - 1)]


@lru_cache(maxsize=256)  # a region is what the buyer writes
def _locale(language: str, region: str) -> Any:
    """Babel's locale; None if it has none for the language. 1 to 4 MB each."""
    from babel import Locale, UnknownLocaleError  # noqa: PLC0415 - lazy: only speech needs it

    for name in (f"{language}_{region}", language):
        try:
            return Locale.parse(name)
        except (UnknownLocaleError, ValueError):
            continue
    return None


def plural_form(language: str, value: Decimal) -> str:
    """``one``, ``few``, ... : the form that a noun has after ``value`` (not negative)."""
    locale = _locale(language, "")
    return str(locale.plural_form(value)) if locale else OTHER


@lru_cache(maxsize=_KEPT)
def unit_pattern(language: str, unit: str, form: str, region: str = "") -> str:
    """``{0} kilometers`` for ``length-kilometer``; '' if the language has no word for it.

    ``form`` is a plural form, or ``PER``.
    """
    locale = _locale(language, region)
    if locale is None:
        return _NO_DATA
    names = locale._data["unit_patterns"].get(unit, {}).get("long", {})
    forms = (form,) if form == PER else (form, OTHER)
    return next(filter(None, (_words(str(names.get(each, ""))) for each in forms)), "")


def unit_words(language: str, unit: str) -> frozenset[str]:
    """The unit's name and its abbreviations, in small letters: ``month``, ``months``, ``mth``."""
    locale = _locale(language, "")
    if locale is None:
        return frozenset()
    widths = locale._data["unit_patterns"].get(unit, {})
    names = (
        str(pattern).replace("{0}", "").replace("\u00a0", " ").strip(" .").casefold()
        for width in ("long", "short")
        for form, pattern in widths.get(width, {}).items()
        if form != PER
    )
    return frozenset(name for name in names if name and "/" not in name)


@lru_cache(maxsize=_KEPT)
def currency_name(language: str, code: str, form: str) -> str:
    """``Swiss francs`` for ``CHF``; '' if the language has no name for it."""
    locale = _locale(language, "")
    if locale is None:
        return _NO_DATA
    names = locale._data["currency_names_plural"].get(code, {})
    name = names.get(form) or names.get(OTHER) or locale.currencies.get(code, "")
    if name == code:
        return _NO_DATA
    return _words(str(name).partition(" (")[0])  # "francs CFA (BCEAO)"


@lru_cache(maxsize=_KEPT)
def currency_pattern(language: str, form: str) -> str:
    """``{0} {1}``: where the number and the currency's name stand."""
    locale = _locale(language, "")
    patterns = locale._data["currency_unit_patterns"] if locale else {}
    pattern = str(patterns.get(form) or patterns.get(OTHER) or "{0} {1}")
    return pattern.replace("{1}{0}", "{1} {0}")  # Sinhala, which has blanks between words


@lru_cache(maxsize=_KEPT)
def months(language: str, region: str, width: str, context: str = "format") -> dict[int, str]:
    """The names of the months by number; ``width``: ``wide`` or ``abbreviated``."""
    locale = _locale(language, region)
    return dict(locale.months[context][width]) if locale else {}


def weekdays(language: str, width: str) -> dict[int, str]:
    """The names of the days of the week; Monday is 0."""
    locale = _locale(language, "")
    return dict(locale.days["format"][width]) if locale else {}


@lru_cache(maxsize=_KEPT)
def date_pattern(language: str, region: str) -> str:
    """The long form of a date, as ``MMMM d, y``; '' if there is none."""
    locale = _locale(language, region)
    return str(locale.date_formats["long"].pattern) if locale else _NO_DATA


@lru_cache(maxsize=_KEPT)
def decimal_sign(language: str, region: str) -> str:
    """The sign before the decimals in numbers of the language, ``.`` or ``,``."""
    locale = _locale(language, region)
    if locale is None:
        return "."
    sign = locale.number_symbols.get("latn", {}).get("decimal", ".")
    return "," if sign == "," else "."


def _words(name: str) -> str:
    """Without non-breaking blanks and soft hyphens; '' if it is written with signs."""
    name = name.replace("\u00a0", " ").replace("\u202f", " ").replace("\u00ad", "")
    return "" if any(sign in name for sign in "%٪‰/⁄") else name
