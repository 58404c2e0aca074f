"""Units of measurement: which one a sign means, and what it is called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from typing import Final

from ringbolt.core.tables import entries, shipped_rows
from ringbolt.speech.normalise import cldr
from ringbolt.speech.normalise.lexicon import Lexicon

_PACKAGE: Final = "ringbolt.speech.normalise"
_PERCENT: Final = "concentr-percent"
_DIVISORS: Final = (
    "duration-month", "duration-minute", "duration-second", "duration-hour", "duration-day",
    "duration-week", "duration-year", "mass-kilogram", "mass-gram", "mass-tonne", "mass-pound",
    "mass-ounce", "volume-liter", "volume-gallon", "length-meter", "length-kilometer",
    "length-mile", "area-square-meter",
)  # fmt: skip
"""Units by which others are divided, as in ``litres/day``."""

_UNSPACED: Final = frozenset({"zh", "yue", "ja", "ko"})
_BESIDE: Final = re.compile(r"(?<=\{0\})(?=[^\W\d_])|(?<=[^\W\d_])(?=\{0\})")
"""Bengali and Nepali patterns have no blank between number and unit: engines need one."""


@dataclass(frozen=True, slots=True)
class Unit:
    """The CLDR's id, and that of the unit by which it is divided, or ''."""

    id: str
    per: str = ""


def unit(sign: str, words: Lexicon) -> Unit | None:
    """The unit that ``sign`` stands for in the language."""
    for languages, found in _signs().get(sign, ()):
        if not languages or words.language in languages:
            return found
    small = sign.lower()
    return unit(small, words) if len(sign) > 1 and small != sign else None


def pattern(measured: Unit, value: Decimal, words: Lexicon) -> str:
    """``{0} kilometers``, in the form that follows ``value``; '' if there is no name for it."""
    form = cldr.plural_form(words.language, value)
    named = _pattern(measured.id, form, words)
    if not named or not measured.per:
        return named
    return _divided(named, measured.per, "", words)


def divided(what: str, by: str, words: Lexicon) -> str:
    """``what`` per ``by`` (a unit's name or sign, or any word): ``5 dollars per month``."""
    found = _divisors(words.language).get(by.casefold())
    if found is None and (known := unit(by, words)):
        found = known.id
    return _divided(what, found or "", by, words)


def _divided(what: str, unit_id: str, written: str, words: Lexicon) -> str:
    per = _pattern(unit_id, cldr.PER, words)
    if per and "{0}" in per:
        return per.replace("{0}", what, 1)
    name = _pattern(unit_id, "one", words).replace("{0}", "").strip() or written
    return " ".join(filter(None, (what, words.sign("per"), name)))


def is_divisor(word: str, words: Lexicon) -> bool:
    """Whether ``word`` is a unit by which others are divided: ``day`` in ``litres/day``."""
    return word.casefold() in _divisors(words.language)


def _pattern(unit_id: str, form: str, words: Lexicon) -> str:
    own = _own_names()
    forms = (form,) if form == cldr.PER else (form, cldr.OTHER)
    for each in forms:
        if found := own.get((words.language, unit_id, each)):
            return found
    named = cldr.unit_pattern(words.language, unit_id, form, words.region)
    if words.language not in _UNSPACED:
        named = _BESIDE.sub(" ", named)
    return named or _from_sign(unit_id, form, words)


def _from_sign(unit_id: str, form: str, words: Lexicon) -> str:
    """For the few signs that the lexicon names in every language."""
    if form == cldr.PER:
        return ""
    if unit_id == _PERCENT and (percent := words.sign("percent")):
        return f"{percent} {{0}}" if words.percent_first else f"{{0}} {percent}"
    if unit_id == "concentr-permille" and (permille := words.sign("permille")):
        return f"{permille} {{0}}" if words.percent_first else f"{{0}} {permille}"
    degree = words.sign("degree")
    if degree and unit_id == "angle-degree":
        return f"{{0}} {degree}"
    if degree and unit_id == "temperature-celsius":
        return f"{{0}} {degree} Celsius"
    return ""


@cache
def _signs() -> dict[str, tuple[tuple[tuple[str, ...], Unit], ...]]:
    found: dict[str, list[tuple[tuple[str, ...], Unit]]] = {}
    for row in shipped_rows(_PACKAGE, "units.csv"):
        choice = (entries(row["languages"]), Unit(row["unit"], row["per"]))
        found.setdefault(row["sign"], []).append(choice)
    return {sign: tuple(choices) for sign, choices in found.items()}


@cache
def _own_names() -> dict[tuple[str, str, str], str]:
    return {
        (row["language"], row["unit"], row["form"]): row["pattern"]
        for row in shipped_rows(_PACKAGE, "unit_names.csv")
    }


@lru_cache(maxsize=128)
def _divisors(language: str) -> dict[str, str]:
    return {name: each for each in reversed(_DIVISORS) for name in cldr.unit_words(language, each)}


@cache
def explicit_signs() -> tuple[str, ...]:
    """Signs of units that are more than letters and a raised number, or Japanese characters."""
    return tuple(
        sign
        for sign, choices in _signs().items()
        if (len(sign) > 1 and any(char in " .\"*·/1″'" for char in sign))
        or all(languages == ("ja",) for languages, _ in choices)
    )
