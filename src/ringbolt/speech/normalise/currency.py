"""Currencies: which one a sign or code means, and what it is called."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Final

from ringbolt.core.tables import entries, shipped_rows
from ringbolt.speech.normalise import cldr
from ringbolt.speech.normalise.lexicon import Lexicon

_PACKAGE: Final = "ringbolt.speech.normalise"
TYPED_SMALL: Final = frozenset({"usd", "eur", "gbp", "btc", "chf", "cad", "aud", "inr", "pln"})
"""Codes that people also write in small letters."""


@dataclass(frozen=True, slots=True)
class Currency:
    """An ISO 4217 code (or BTC); ``decimals``: how many digits its hundredths have."""

    code: str
    decimals: int
    also_word: bool


@cache
def codes() -> dict[str, Currency]:
    """The currencies by their code."""
    return {
        row["code"]: Currency(row["code"], int(row["decimals"] or 2), row["word"] == "yes")
        for row in shipped_rows(_PACKAGE, "currency_codes.csv")
    }


Choices = tuple[tuple[tuple[str, ...], str], ...]
"""(languages, or none for all others; code), the first that fits counts."""


@cache
def signs(table: str = "currency_signs.csv") -> dict[str, Choices]:
    """For each sign of ``table``, the codes that it stands for, each with the languages in which it
    does."""
    found: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for row in shipped_rows(_PACKAGE, table):
        found.setdefault(row["sign"], []).append((entries(row["languages"]), row["code"]))
    return {sign: tuple(choices) for sign, choices in found.items()}


def currency(written: str, words: Lexicon) -> Currency | None:
    """The currency that a sign or code means in the language; None if it is neither."""
    code = chosen(signs().get(written, ()), words)
    return codes().get(code or (written.upper() if written in TYPED_SMALL else written))


def chosen(choices: Choices, words: Lexicon) -> str:
    """The code that counts in the language and region, or ''."""
    places = {words.language, f"{words.language}-{words.region}"}
    fitting = (code for languages, code in choices if not languages or places & set(languages))
    return next(fitting, "")


def name(code: str, value: Decimal, words: Lexicon) -> str:
    """The name in the form that follows ``value``: ``dollars``; '' if there is none."""
    return form_name(code, cldr.plural_form(words.language, value), words)


def form_name(code: str, form: str, words: Lexicon) -> str:
    """The name in one plural form. The CLDR's dollars are those of the United States by name."""
    short = _short(words.language, code)
    if short and short[0]:
        return cldr.pick(short[0], form)
    sign = {"EUR": "euro", "USD": "dollar"}.get(code, "")
    if code == "USD" and words.sign(sign):
        return words.sign(sign)
    return cldr.currency_name(words.language, code, form) or words.sign(sign)


def cents_name(code: str, value: int, words: Lexicon) -> str:
    """The name of ``value`` hundredths: ``cents``; '' if there is none."""
    short = _short(words.language, code)
    form = cldr.plural_form(words.language, Decimal(value))
    return cldr.pick(short[1], form) if short and short[1] else ""


def _short(language: str, code: str) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    return _names().get((language, code))


@cache
def _names() -> dict[tuple[str, str], tuple[tuple[str, ...], tuple[str, ...]]]:
    return {
        (row["language"], row["code"]): (entries(row["names"]), entries(row["cents"]))
        for row in shipped_rows(_PACKAGE, "currency_names.csv")
    }
