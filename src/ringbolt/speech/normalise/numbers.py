"""Numbers alone: minus, decimals, fractions, grouped and plain integers."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from ringbolt.core.tables import shipped_rows
from ringbolt.speech.normalise.amount import (
    AFTER,
    APART,
    MAX_AMOUNT_DIGITS,
    MINUS,
    NOT_WITHIN,
    NUMBER,
    SPACE,
    fraction_words,
    joined,
    parse,
    part_of,
    said,
)
from ringbolt.speech.normalise.lexicon import Lexicon
from ringbolt.speech.normalise.rule import SPOKEN, Rule

_FRACTION: Final = re.compile(
    rf"{APART}(?<!/)(?:(?P<whole>\d{{1,3}}) )?(?P<top>\d{{1,2}})[/⁄](?P<bottom>\d{{1,2}})"
    rf"(?![/⁄.,]?\d){AFTER}"
)
_PART: Final = re.compile(" (?:of|inch|mile|cup|pint|ounce)")


def _say_fraction(found: re.Match[str], words: Lexicon) -> str | None:
    """Those that have names; a date and a page stay ``1 slash 20``."""
    fraction = f"{found['top']}/{found['bottom']}"
    if found["whole"] is None:
        is_part = _PART.match(found.string, found.end()) is not None
        named = part_of(found["top"], found["bottom"], words) if is_part else ""
        return fraction_words(fraction, words) or named or None
    mixed = fraction_words(f"+{fraction}", words)
    return f"{words.integer(int(found['whole']))} {mixed}" if mixed else None


_SLASHED: Final = re.compile(rf"{APART}(?<!/)\d{{1,4}}+(?:/\d{{1,4}}+){{2,9}}+(?!/){AFTER}")


def _say_slashed(found: re.Match[str], words: Lexicon) -> str | None:
    """``31/02/2024``, which is no date."""
    slash = words.sign("slash")
    parts = (words.integer(int(part)) for part in found[0].split("/"))
    return f" {slash} ".join(parts) if slash else None


_EXPONENT: Final = re.compile(
    r"(?<![\d.,])(?P<base>\d{1,3}+)(?P<exponent>[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,4}+|\^[-+]?\d{1,4}+)"
)
_RAISED: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


def _say_exponent(found: re.Match[str], words: Lexicon) -> str | None:
    """``10⁻³`` in English; elsewhere the base and the exponent."""
    raised = found["exponent"].lstrip("^")
    minus = words.sign("minus") if raised[0] in "⁻-" else ""
    exponent = int(raised.lstrip("⁻⁺-+").translate(_RAISED))
    power = "to the power of" if words.language == "en" else ""
    parts = (words.integer(int(found["base"])), power, minus, words.integer(exponent))
    return " ".join(filter(None, parts))


_DIMENSION: Final = re.compile(
    rf"(?<=[\d{SPOKEN}])(?:{SPACE}?×{SPACE}?|{SPACE}?x{SPACE}?)(?=[\d{SPOKEN}])"
)


def _say_dimension(found: re.Match[str], words: Lexicon) -> str | None:
    is_sum = "=" in found.string[found.end() : found.end() + 12]
    times = "by" if words.language == "en" and not is_sum else words.sign("times")
    return f" {times} " if times else None


_COMPARED: Final = re.compile("[≤≥≠]")


def _say_comparison(found: re.Match[str], words: Lexicon) -> str | None:
    return _comparisons().get((words.language, found[0]))


_RATIO: Final = re.compile(rf"{APART}(?<!:)(?P<first>\d{{1,4}}+):(?P<last>{NUMBER})(?!:?\d){AFTER}")


def _say_ratio(found: re.Match[str], words: Lexicon) -> str | None:
    """``3:1``; a time of day was taken before."""
    to = _comparisons().get((words.language, "ratio"))
    if not to:
        return None
    return f"{words.integer(int(found['first']))} {to} {said(parse(found['last'], words), words)}"


@cache
def _comparisons() -> dict[tuple[str, str], str]:
    return {
        (row["language"], sign): row[sign]
        for row in shipped_rows("ringbolt.speech.normalise", "comparisons.csv")
        for sign in ("≤", "≥", "≠", "ratio")
        if row[sign]
    }


_NUMBER: Final = re.compile(
    rf"(?:{NOT_WITHIN}(?<!%)(?P<minus>{MINUS}))?{APART}(?P<number>{NUMBER})"
    rf"(?:,[-\u2013\u2014](?!\d))?{AFTER}"
)
_LONG_CODE: Final = 5
"""From so many digits on, a number without groups is a code or a reference, unless it is round."""


def _say(found: re.Match[str], words: Lexicon) -> str | None:
    number = found["number"]
    if number.isascii() and number.isdigit():
        text = _plain(number, words, negative=bool(found["minus"]))
    else:
        text = said(parse(number, words), words)
    return (joined("", words.sign("minus"), text) if found["minus"] else text) or None


def _plain(digits: str, words: Lexicon, *, negative: bool) -> str:
    """Digits without a sign between them: a quantity, or a reference that is read one by one."""
    starts_with_zero = len(digits) > 1 and digits.startswith("0")
    long = len(digits) >= _LONG_CODE and not digits.endswith("000") and not negative
    if len(digits) > MAX_AMOUNT_DIGITS or starts_with_zero or long:
        return words.digits(digits)
    return words.integer(int(digits))


RULES: Final[tuple[Rule, ...]] = (
    Rule(_FRACTION, _say_fraction),
    Rule(_SLASHED, _say_slashed),
    Rule(_EXPONENT, _say_exponent),
    Rule(_DIMENSION, _say_dimension),
    Rule(_RATIO, _say_ratio),
    Rule(_COMPARED, _say_comparison),
    Rule(_NUMBER, _say),
)
