"""Units, degrees and percent: the number, then the unit's name in the form that it asks for."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from ringbolt.speech.normalise import measure
from ringbolt.speech.normalise.amount import (
    AFTER,
    APART,
    BEFORE,
    DASH,
    LETTER,
    MINUS,
    NUMBER,
    PER,
    SPACE,
    Amount,
    parse,
    said,
)
from ringbolt.speech.normalise.lexicon import Lexicon
from ringbolt.speech.normalise.magnitude import MAGNITUDE, Magnitude, magnitude
from ringbolt.speech.normalise.rule import Rule

_SPACED: Final = "|".join(
    re.escape(sign) for sign in sorted(measure.spaced_signs(), key=len, reverse=True)
)
_UNIT: Final = (
    rf"(?:[%٪％‰℃℉Ω]|°{SPACE}?(?:[CFKСسم](?!{LETTER}))?|º{SPACE}?[CFKСسم](?!{LETTER})|(?>{_SPACED})(?!{LETTER})"
    rf"|(?>(?:{LETTER}|[\u0900-\u0d7f]){{1,12}}+)(?:[²³]|[23](?!\d))?"
    rf"(?:/(?:h|s|ч|с|год|г|sa|u|t|óra|س|ساعة|घंटा|ώρα)(?!{LETTER}))?)"
)
_MEASURED: Final = re.compile(
    rf"(?:(?<![\w)\]])(?P<minus>{MINUS}))?{APART}(?P<number>{NUMBER})"
    rf"(?:(?P<also>{SPACE}?(?:°{SPACE}?[CF]?|%|{LETTER}{{1,3}}))?{DASH}(?P<to>{NUMBER}))?"
    rf"(?:{SPACE}?(?P<times>{MAGNITUDE}))?(?P<gap>{SPACE}|-(?={LETTER}))?(?P<unit>{_UNIT})"
    rf"{PER}(?P<dot>\.(?= ?{LETTER}))?(?![°%]){AFTER}"
)


def _say(found: re.Match[str], words: Lexicon) -> str | None:
    sign = found["unit"]
    if len(sign) > 1:  # ºC, ° C; "3º" is no degree but the third
        sign = sign.replace("º", "°").replace("° ", "°")
    known = measure.unit(sign, words)
    times = magnitude(found["times"] or "", words, money=False)
    if known is None or _is_something_else(found, words) or (found["times"] and times is None):
        return None
    first = parse(found["number"], words)
    amount = parse(found["to"], words) if found["to"] else first
    text = _measured(amount, known, times, words, alone=found["gap"] != "-")
    if text and found["to"]:
        to = words.sign("to")
        text = f"{said(first, words)} {to} {text}" if to else ""
    if text and found["minus"]:
        minus = words.sign("minus")
        text = f"{minus} {text}" if minus else ""
    if text and found["per"]:
        text = measure.divided(text, found["per"], words)
    return text or None


def _is_something_else(found: re.Match[str], words: Lexicon) -> bool:
    """The 1980s, 2024 г., m. 3 (a flat), feet of a bed: what has a unit's letter and is none."""
    number, sign = found["number"], found["unit"]
    if sign == "s" and not found["gap"] and number.endswith("0"):
        return True
    if sign == "г" and len(number) == 4 and number.isdigit():
        return True
    after = found.string[found.end() : found.end() + 2]
    return after.startswith(("'", "’")) or (
        sign == "m" and after.startswith(". "[:1]) and words.language == "pl"
    )


def _measured(
    amount: Amount, known: measure.Unit, times: Magnitude | None, words: Lexicon, *, alone: bool
) -> str:
    value = times.VALUE if times else amount.value
    if not alone and words.language == "en":  # a 5 kilometer run
        value = Decimal(1)
    pattern = measure.pattern(known, value, words)
    if not pattern:
        return ""
    name = pattern.replace("{0}", "").strip()
    if times and pattern.startswith("{0}"):
        return times.before(said(amount, words), name)
    return pattern.format(said(amount, words, name))


_PER: Final = re.compile(
    rf"(?<![\w/.])(?P<what>{LETTER}{{2,20}}+)/(?P<by>{LETTER}{{2,20}}+)(?![\w/.])"
)


def _say_per(found: re.Match[str], words: Lexicon) -> str | None:
    """``litres/day``."""
    if not measure.is_divisor(found["by"], words):
        return None
    return measure.divided(found["what"], found["by"], words)


_PERCENT_BEFORE: Final = re.compile(
    rf"{BEFORE}(?<![\d%])(?P<percent>[%٪]){SPACE}?(?P<number>{NUMBER}){AFTER}"
)


def _say_percent_before(found: re.Match[str], words: Lexicon) -> str | None:
    """``%50``, as Turkish writes it."""
    amount = parse(found["number"], words)
    known = measure.unit("%", words)
    return (
        known and measure.pattern(known, amount.value, words).format(said(amount, words))
    ) or None


_FEET: Final = re.compile(
    r"(?<![\w.,])(?P<feet>\d{1,2})['′’](?: ?(?P<inches>\d{1,2})(?:\"|″|''))?(?!\w)"
)


def _say_feet(found: re.Match[str], words: Lexicon) -> str | None:
    if words.language != "en" or not found["inches"]:
        return None
    return f"{int(found['feet'])} feet {int(found['inches'])}"


RULES: Final[tuple[Rule, ...]] = (
    Rule(_FEET, _say_feet),
    Rule(_MEASURED, _say),
    Rule(_PERCENT_BEFORE, _say_percent_before),
    Rule(_PER, _say_per),
)
