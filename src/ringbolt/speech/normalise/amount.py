"""Numbers in a text: how they are written, and how they are said."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Final

from ringbolt.core.tables import entries, shipped_rows
from ringbolt.speech.normalise import cldr
from ringbolt.speech.normalise.lexicon import Lexicon
from ringbolt.speech.normalise.rule import SPOKEN

MAX_AMOUNT_DIGITS: Final = 12
"""Longer numbers are read digit by digit: as amounts they are hard to follow, and hibari fails from
37 digits on."""

_MAX_DECIMALS: Final = 9
_VULGAR: Final = {
    "½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅕": "1/5", "⅖": "2/5",
    "⅗": "3/5", "⅘": "4/5", "⅙": "1/6", "⅚": "5/6", "⅛": "1/8", "⅜": "3/8", "⅝": "5/8", "⅞": "7/8",
}  # fmt: skip
VULGAR: Final = "".join(_VULGAR)

# Possessive, so that a rule which fails after a number does not try its parts.
NUMBER: Final = (
    r"(?>[1-9]\d{0,2}(?:[ \u00a0\u202f'’]\d{3}){1,6}+(?!\d)(?:[.,]\d++)?"
    r"|\d{1,3}(?:,\d{3})++(?:\.\d++|(?![.,]?\d))|\d{1,3}(?:\.\d{3})++(?:,\d++|(?![.,]?\d))"
    r"|\d{1,2}(?:,\d\d){1,6},\d{3}(?!,?\d)(?:\.\d++)?"
    rf"|\d++(?:[.,]\d++)?+(?![.,]\d)(?:[ \u00a0\u202f]?[{VULGAR}])?|\.\d++|[{VULGAR}])"
)
"""A number, not negative: plain, with groups, decimals or a fraction sign."""

MEASURE: Final = rf"(?:(?:\d{{1,3}} )?[1-9]\d?[/⁄][1-9]\d?(?![\d/.,])|{NUMBER})"
"""A number before a unit, where ``1 1/2`` is no date."""

_UNSPACED: Final = "\u3005-\u30ff\u3400-\u9fff\uac00-\ud7af"
LETTER: Final = rf"[^\W\d_{_UNSPACED}]"
"""A letter of a script whose words have blanks between them."""

BEFORE: Final = rf"(?<![^\W{_UNSPACED}\u05d0-\u05ea\u0620-\u064a])"
"""Not inside a word; Hebrew and Arabic put prefixes before a number, other scripts no blank."""

AFTER: Final = rf"(?![^\W{_UNSPACED}])"
APART: Final = rf"{BEFORE}(?<![\d.,])(?<!\d['’])"
"""Before a number: nothing that it continues."""

SPACE: Final = r"[ \u00a0\u202f]"
NOT_WITHIN: Final = rf"(?<![\w)\]{SPOKEN}])"
"""Before a minus: a dash after a word, a bracket or a part that is spoken already is none."""

NOT_WITHIN_WORD: Final = (
    rf"(?:{NOT_WITHIN}|(?<=[\u3041-\u3096\u30a1-\u30fa\u3400-\u9fff\uac00-\ud7a3]))"
)
"""The same before a quantity: scripts without blanks write the minus right after a word."""

MINUS: Final = r"(?:[-\u2212](?=[\d.,$€£¥₹₿]))"
_DASHES: Final = "[-\u2010-\u2015\u2212]"
DASH: Final = rf"(?:{SPACE}{_DASHES}{SPACE}|{_DASHES}{SPACE}?)"
"""Between the ends of a range; a dash with a blank before it alone is a minus."""

PER: Final = rf"(?:{SPACE}?/{SPACE}?(?P<per>{LETTER}{{1,20}}+[²³]?|[日天周月年秒時时]))?"
"""After an amount: by what it is divided, as in ``$5/month``."""

_SEPARATORS: Final = re.compile(r"[ \u00a0\u202f'’]")
_FRACTION: Final = re.compile(r"(?:^| )(\d{1,2})[/⁄](\d{1,2})$")
_INDIAN: Final = re.compile(r"\d{1,2}(?:,\d\d)*,\d{3}")
_THREES: Final = re.compile(r"\d{1,3}(?:,\d{3})+")


@dataclass(frozen=True, slots=True)
class Amount:
    """``whole`` and ``decimals`` are digits as written, without groups; ``fraction`` is '' or
    ``1/2``."""

    whole: str
    decimals: str = ""
    fraction: str = ""
    negative: bool = False

    @property
    def value(self) -> Decimal:
        """What a plural form is chosen by; a fraction counts as decimals."""
        if self.fraction:
            return Decimal(f"{self.whole}.5")
        return Decimal(f"{self.whole}.{self.decimals}" if self.decimals else self.whole)

    @property
    def is_part(self) -> bool:
        """A fraction of one."""
        return bool(self.fraction) and self.whole == "0"


def parse(
    text: str, words: Lexicon, *, negative: bool = False, three_decimals: bool = True
) -> Amount:
    """Read a ``NUMBER``; where its signs allow two readings, the language decides. Without
    ``three_decimals``, ``3.000`` is three thousand in every language, as money is."""
    fraction = _VULGAR.get(text[-1], "")
    if fraction:
        text = text[:-1].rstrip("\u00a0\u202f ")
    elif found := _FRACTION.search(text):
        fraction = f"{found[1]}/{found[2]}"
        text = text[: found.start()]
    text = _SEPARATORS.sub("", text)
    sign = cldr.decimal_sign(words.language, words.region) if three_decimals else ""
    whole, decimals = _halves(text, sign)
    return Amount(whole.lstrip("0") or "0", decimals, fraction, negative)


def _halves(text: str, decimal: str) -> tuple[str, str]:
    """The digits before and after the decimal sign, which is ``decimal`` where nothing else in
    the number decides it."""
    signs = [char for char in text if char in ".,"]
    if not signs:
        return text, ""
    last = signs[-1]
    head, _, tail = text.rpartition(last)
    if len(set(signs)) == 2 and signs.count(last) == 1:
        return re.sub("[.,]", "", head), tail
    if len(signs) > 1 or (last != decimal and _is_group(text.replace(".", ","))):
        return re.sub("[.,]", "", text), ""
    return head or "0", tail


def _is_group(text: str) -> bool:
    """Whether the commas divide thousands (or lakhs), not decimals."""
    if text.startswith("0"):
        return False
    return bool(_THREES.fullmatch(text) or _INDIAN.fullmatch(text))


def said(amount: Amount, words: Lexicon, noun: str = "") -> str:
    """The number in words, or digits that the engine reads; ``noun`` follows it, and decides the
    gender of one and two."""
    parts = [words.sign("minus")] if amount.negative else []
    if amount.fraction:
        parts.append(_with_fraction(amount, words))
    elif amount.decimals:
        point = words.sign("point")
        decimals = " ".join(words.integer(int(digit)) for digit in amount.decimals)
        if len(amount.decimals) > _MAX_DECIMALS:
            decimals = words.digits(amount.decimals)
        whole = integer(amount.whole, words)
        sign = cldr.decimal_sign(words.language, words.region)
        parts.append(f"{whole} {point} {decimals}" if point else f"{whole}{sign}{amount.decimals}")
    else:
        parts.append(counted(amount.whole, words, noun))
    return " ".join(filter(None, parts))


def joined(before: str, word: str, after: str) -> str:
    """The parts with ``word`` between them; '' if the language has no such word."""
    return f"{before} {word} {after}".strip() if word and after else ""


def integer(digits: str, words: Lexicon) -> str:
    """``digits`` as a quantity: never as a year, as English voices read four digits."""
    if len(digits) > MAX_AMOUNT_DIGITS:
        return words.digits(digits)
    if words.language == "en" and len(digits) == 4:
        return f"{int(digits):,}"
    return words.integer(int(digits))


def counted(digits: str, words: Lexicon, noun: str) -> str:
    """``digits`` before ``noun``, with one and two in its gender: ``une`` heure, ``две`` минуты."""
    rule = _genders().get(words.language)
    if rule is None or not noun or len(digits) > MAX_AMOUNT_DIGITS:
        return integer(digits, words)
    return rule.said(int(digits), noun, words) or integer(digits, words)


@dataclass(frozen=True, slots=True)
class _Genders:
    """Forms of one and two (masculine, feminine, neuter; none if the digit is right), and the
    nouns that are not masculine. ``tens``: whether 21 and 22 end in them too."""

    one: tuple[str, ...]
    two: tuple[str, ...]
    feminine: tuple[str, ...]
    neuter: tuple[str, ...]
    tens: bool

    def said(self, value: int, noun: str, words: Lexicon) -> str:
        last = value % 10 if self.tens and value % 100 not in (11, 12) else value
        if last not in (1, 2):
            return ""
        forms = self.one if last == 1 else self.two
        if not forms:
            return ""
        form = forms[self._gender(noun)]
        joint = " e " if words.language == "pt" else " "
        return f"{words.integer(value - last)}{joint}{form}" if value > last else form

    def _gender(self, noun: str) -> int:
        first = noun.split(maxsplit=1)[0].casefold()
        if first.startswith(self.feminine):
            return 1
        return 2 if first.startswith(self.neuter) else 0


@cache
def _genders() -> dict[str, _Genders]:
    rows = shipped_rows("ringbolt.speech.normalise", "genders.csv")
    return {
        row["language"]: _Genders(
            entries(row["one"]),
            entries(row["two"]),
            entries(row["feminine"]),
            entries(row["neuter"]),
            row["tens"] == "yes",
        )
        for row in rows
    }


def fraction_words(fraction: str, words: Lexicon) -> str:
    """``1/2`` as ``one half``; '' if there is no word for it in the language."""
    return _fractions().get(words.language, {}).get(fraction, "")


def _with_fraction(amount: Amount, words: Lexicon) -> str:
    named = _fractions().get(words.language, {})
    top, bottom = amount.fraction.split("/")
    fraction = named.get(amount.fraction) or _plain_fraction(top, bottom, words)
    if amount.whole == "0":
        return fraction
    mixed = named.get(f"+{amount.fraction}")
    whole = integer(amount.whole, words)
    return f"{whole} {mixed}" if mixed else f"{whole} {words.sign('and')} {fraction}"


_ENGLISH_PARTS: Final = frozenset({5, 6, 7, 8, 9, 12, 16, 32, 64})


def part_of(top: str, bottom: str, words: Lexicon) -> str:
    """``7``, ``8`` as ``7 eighths``, in English; '' elsewhere."""
    if words.language != "en" or int(bottom) not in _ENGLISH_PARTS or int(top) >= int(bottom):
        return ""
    return f"{top} {words.ordinal(int(bottom)) or f'{bottom}th'}{'s' if top != '1' else ''}"


def _plain_fraction(top: str, bottom: str, words: Lexicon) -> str:
    over = words.sign("slash")
    slashed = f"{words.integer(int(top))} {over} {words.integer(int(bottom))}"
    return part_of(top, bottom, words) or slashed


@cache
def _fractions() -> dict[str, dict[str, str]]:
    rows = shipped_rows("ringbolt.speech.normalise", "fractions.csv")
    return {
        row["language"]: {name: word for name, word in row.items() if name != "language" and word}
        for row in rows
    }
