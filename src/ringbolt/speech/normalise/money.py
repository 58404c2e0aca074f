"""Amounts of money: the currency's name after the number, on whichever side its sign stands."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Final

from ringbolt.core.tables import shipped_rows
from ringbolt.core.word_pattern import any_of
from ringbolt.speech.normalise import cldr, measure
from ringbolt.speech.normalise import currency as currencies
from ringbolt.speech.normalise.amount import (
    AFTER,
    APART,
    DASH,
    LETTER,
    MINUS,
    NOT_WITHIN_WORD,
    NUMBER,
    PER,
    SPACE,
    Amount,
    counted,
    joined,
    parse,
    said,
)
from ringbolt.speech.normalise.currency import Currency
from ringbolt.speech.normalise.lexicon import Lexicon
from ringbolt.speech.normalise.magnitude import MAGNITUDE, Magnitude, magnitude
from ringbolt.speech.normalise.rule import Rule

_SIGNS: Final = tuple(currencies.signs())
_LETTERED: Final = any_of(sign for sign in _SIGNS if sign[-1].isalpha() or sign[-1] == ".")
_MARKS: Final = any_of(sign for sign in _SIGNS if not sign[-1].isalpha() and sign[-1] != ".")
_SIGN: Final = (
    rf"(?:(?:{_LETTERED}|[A-Z]{{3}}|{any_of(currencies.TYPED_SMALL)})(?!{LETTER})|{_MARKS})"
)
_TIMES: Final = rf"(?:{SPACE}?(?P<times>{MAGNITUDE}))?"
_VERSION: Final = re.compile(r"PHP \d(?:\.\d{1,2})?(?!\d)")
_PAID_WITH_POINTS: Final = frozenset(
    {"USD", "GBP", "CAD", "AUD", "NZD", "HKD", "SGD", "INR", "CNY", "MXN", "ILS", "THB", "PHP"}
)
_NO_CENTS: Final = "(?:[.,][-\u2013\u2014])?"  # "5,- €"
_DOLLARS: Final = "USD|CAD|AUD|NZD|SGD|HKD|TWD|MXN|ARS|CLP|COP|BRL|EUR|GBP"

_SIGN_FIRST: Final = re.compile(
    rf"(?<!{LETTER})(?:{NOT_WITHIN_WORD}(?P<minus>[-\u2212]))?(?<!\d)(?P<sign>{_SIGN})(?P<gap>{SPACE})?"
    rf"(?P<inner>[-\u2212])?(?P<number>{NUMBER}){_NO_CENTS}(?:(?:{SPACE}?(?P<first_times>{MAGNITUDE}))?{DASH}(?:{_SIGN}{SPACE}?)?(?P<to>{NUMBER}))?"
    rf"{_TIMES}(?:{SPACE}?(?P<code>{_DOLLARS})\b)?{PER}{AFTER}"
)
_NUMBER_FIRST: Final = re.compile(
    rf"(?:{NOT_WITHIN_WORD}(?P<minus>{MINUS}))?{APART}(?P<number>{NUMBER}){_NO_CENTS}"
    rf"(?:(?:{SPACE}?(?P<first_times>{MAGNITUDE}))?(?:{SPACE}?{_SIGN})?{DASH}(?P<to>{NUMBER}))?{_TIMES}"
    rf"{SPACE}?(?P<sign>{_SIGN})(?:(?<=[€$£])(?P<cents>\d\d)(?!\d))?{PER}{AFTER}"
)


def _say(found: re.Match[str], words: Lexicon) -> str | None:
    parts = found.groupdict()
    money = _currency(found, words)
    times = magnitude(parts["times"] or "", words, money=True)
    if money is None or (parts["times"] and times is None):
        return None
    number = parts["number"]
    if parts.get("cents"):  # 12€50
        number += f".{parts['cents']}"
    small = times is not None or _has_three_decimals(money, words)
    first, last = (
        parse(each, words, three_decimals=small) for each in (number, parts["to"] or number)
    )
    amount = _amount(last, money, times, words)
    if amount and parts["to"]:
        thousands = magnitude(parts["first_times"] or "", words, money=True)
        start = thousands.after(first, words) if thousands else said(first, words)
        amount = joined(start, words.sign("to"), amount)
    if amount and (parts["minus"] or parts.get("inner")):
        amount = joined("", words.sign("minus"), amount)
    if amount and parts["per"]:
        return measure.divided(amount, parts["per"], words)
    return amount or None


def _has_three_decimals(money: Currency, words: Lexicon) -> bool:
    """2.500 dinars, 0.005 bitcoins, $3.499 a gallon; but "3.000 EUR" is three thousand, since
    where it is paid a point divides thousands."""
    by_point = cldr.decimal_sign(words.language, words.region) == "."
    return money.decimals > 2 or (by_point and money.code in _PAID_WITH_POINTS)


def _currency(found: re.Match[str], words: Lexicon) -> Currency | None:
    """The currency, if the sign or code stands for one where it was found."""
    sign = found["sign"]
    money = currencies.currency(sign, words)
    if money is None or found.re is _NUMBER_FIRST:
        return money
    before = found.string[max(0, found.start("sign") - 2) : found.start("sign")].rstrip()
    if found["gap"] and before[-1:].isdigit():
        return None  # "50 € 20 minutes": the sign belongs to the number before it
    if sign == money.code and (money.also_word or _VERSION.match(found[0])):
        return None  # "TOP 10", "PHP 8.2"
    if len(sign) == 1 and sign.isalpha() and not found["gap"] and len(found["number"]) == 1:
        return None  # "Q3 2026"
    code = found["code"]
    return currencies.codes()[code] if code and sign.endswith("$") else money


def _amount(amount: Amount, money: Currency, times: Magnitude | None, words: Lexicon) -> str:
    """``20``, ``USD`` as ``20 dollars``; '' if the language has no name for the currency."""
    if times:
        name = currencies.name(money.code, times.VALUE, words)
        return name and times.before(times.after(amount, words), name)
    if not amount.fraction and money.decimals == len(amount.decimals) == 2:
        return _with_cents(amount, money, words)
    form = cldr.plural_form(words.language, amount.value)
    name = currencies.form_name(money.code, form, words)
    pattern = cldr.currency_pattern(words.language, form)
    return name and pattern.format(said(amount, words, name), name)


def _with_cents(amount: Amount, money: Currency, words: Lexicon) -> str:
    cents = int(amount.decimals)
    whole = _amount(replace(amount, decimals=""), money, None, words)
    if not cents or not whole:
        return whole
    name = currencies.cents_name(money.code, cents, words)
    if amount.whole == "0" and name:
        return f"{counted(str(cents), words, name)} {name}"
    join = _joins().get(words.language, ("", False))
    if not name or (join[1] and cents > 9):
        digits = words.integer(cents) if cents > 9 else f"{words.integer(0)} {cents}"
        return " ".join(filter(None, (whole, join[0], digits)))
    return " ".join(filter(None, (whole, join[0], counted(str(cents), words, name), name)))


@cache
def _joins() -> dict[str, tuple[str, bool]]:
    """By language: the word before the hundredths, and whether they go without their name."""
    return {
        row["language"]: (row["cents"], row["no_cents"] == "yes")
        for row in shipped_rows("ringbolt.speech.normalise", "cents.csv")
    }


_COINS: Final = currencies.signs("cent_signs.csv")
_COIN: Final = re.compile(
    rf"{APART}(?P<number>\d{{1,3}}+){SPACE}?(?P<sign>{any_of(_COINS)}){AFTER}"
)


def _say_coin(found: re.Match[str], words: Lexicon) -> str | None:
    """``50 коп.``, ``99¢``."""
    code = currencies.chosen(_COINS.get(found["sign"], ()), words)
    value = int(found["number"])
    name = currencies.cents_name(code, value, words) if code else ""
    return f"{counted(found['number'], words, name)} {name}" if name else None


_CROWNS: Final = re.compile(
    rf"{APART}(?P<number>{NUMBER})(?P<sign>:[-\u2013]|,[-\u2013])(?!\d){AFTER}"
)
_CROWNS_OF: Final = {("sv", ":"): "SEK", ("da", ","): "DKK", ("nb", ","): "NOK"}


def _say_crowns(found: re.Match[str], words: Lexicon) -> str | None:
    """``50:-``."""
    code = _CROWNS_OF.get((words.language, found["sign"][0]))
    amount = parse(found["number"], words, three_decimals=False)
    return _amount(amount, currencies.codes()[code], None, words) or None if code else None


_SATOSHIS: Final = re.compile(
    rf"{APART}(?P<number>{NUMBER}){SPACE}?(?P<name>m?sats?|Sats|SATS?){PER}{AFTER}"
)
_LATIN_LEAST: Final = Decimal(2)


def _say_satoshis(found: re.Match[str], words: Lexicon) -> str | None:
    amount = parse(found["number"], words)
    name = found["name"]
    if not name.startswith("m"):
        name = words.sign("satoshi") or name
    if words.language == "en" and name.lower() == "sat" and amount.value >= _LATIN_LEAST:
        name = "sats"
    text = f"{said(amount, words)} {name}"
    return measure.divided(text, found["per"], words) if found["per"] else text


RULES: Final[tuple[Rule, ...]] = (
    Rule(_SIGN_FIRST, _say),
    Rule(_NUMBER_FIRST, _say),
    Rule(_COIN, _say_coin),
    Rule(_CROWNS, _say_crowns),
    Rule(_SATOSHIS, _say_satoshis),
)
