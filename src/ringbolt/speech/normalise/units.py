"""Units, degrees and percent: the number, then the unit's name in the form that it asks for."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from ringbolt.core.word_pattern import any_of
from ringbolt.speech.normalise import measure
from ringbolt.speech.normalise.amount import (
    AFTER,
    APART,
    BEFORE,
    DASH,
    LETTER,
    MEASURE,
    MINUS,
    NOT_WITHIN_WORD,
    NUMBER,
    PER,
    SPACE,
    Amount,
    joined,
    parse,
    said,
)
from ringbolt.speech.normalise.lexicon import Lexicon
from ringbolt.speech.normalise.magnitude import MAGNITUDE, MAGNITUDE_WORD, magnitude
from ringbolt.speech.normalise.ordinals import is_ordinal
from ringbolt.speech.normalise.rule import Rule

_EXPLICIT: Final = any_of(measure.explicit_signs())
_UNIT: Final = (
    rf"(?:[%٪％‰℃℉Ω″]|°{SPACE}?(?:[CFKСسم](?!{LETTER}))?|º{SPACE}?[CFKСسم](?!{LETTER})"
    rf"|(?>{_EXPLICIT})(?!{LETTER})|(?>(?:{LETTER}|[\u0900-\u0d7f]){{1,12}}+)(?:[²³]|[23](?!\d))?)"
)
_MEASURED: Final = re.compile(
    rf"(?:{NOT_WITHIN_WORD}(?P<minus>{MINUS}))?{APART}"
    rf"(?P<by>(?:\d{{1,5}}+(?:[.,]\d{{1,3}}+)? ?[x×] ?){{1,2}}+)?(?P<number>{MEASURE})"
    rf"(?:(?:{SPACE}?(?:°{SPACE}?[CF]?|%|(?:[kcm]?m|k?g|ml|l|h|min|км|м|кг|г|л|ч|мин)(?!{LETTER})))?"
    rf"{DASH}(?P<below>[-\u2212])?(?P<to>{MEASURE}))?"
    rf"(?:{SPACE}?(?P<times>{MAGNITUDE_WORD}))?(?P<gap>{SPACE}|-(?={LETTER})|)(?P<unit>{_UNIT})"
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
    first, last = (parse(found[end] or found["number"], words) for end in ("number", "to"))
    value = times.VALUE if times else _counted(last, words, joined=found["gap"] == "-")
    pattern = measure.pattern(known, value, words)
    name = pattern.replace("{0}", "").strip()
    number = times.after(last, words) if times else said(last, words, name)
    if found["by"]:
        number = _by(found["by"], number, words)
    if found["below"]:
        number = joined("", words.sign("minus"), number)
    if found["to"]:
        number = joined(said(first, words), words.sign("to"), number)
    if not pattern or not number:
        return None
    if times and pattern.startswith("{0}"):
        text = times.before(number, name)
    else:  # the Arabic dual has no place for the number
        text = pattern.format(number) if "{0}" in pattern or not found["to"] else number
    if found["minus"]:
        text = joined("", words.sign("minus"), text)
    if text and found["per"]:
        text = measure.divided(text, found["per"], words)
    return text or None


def _counted(amount: Amount, words: Lexicon, *, joined: bool = False) -> Decimal:
    """What the unit's form is chosen by: English says "half an inch" and "a 5 kilometer run"."""
    is_single = words.language == "en" and (joined or amount.is_part)
    return Decimal(1) if is_single else amount.value


def _by(sides: str, last: str, words: Lexicon) -> str:
    """``10 x 12``, of which the first is in ``sides``."""
    times = "by" if words.language == "en" else words.sign("times")
    numbers = [said(parse(side, words), words) for side in re.findall(r"[\d.,]+", sides)]
    return f" {times} ".join([*numbers, last]) if times else ""


def _is_something_else(found: re.Match[str], words: Lexicon) -> bool:
    """The 1980s, 2024 г., 5 m. 3 (a flat), 2 in Rome, 3° piano, 5 l'autre, 5 с Иваном: what has a
    unit's sign and is none."""
    number, sign = found["number"], found["unit"]
    after = found.string[found.end() : found.end() + 12]
    return (
        (sign == "s" and not found["gap"] and number.endswith("0"))
        or (sign == "г" and len(number) == 4 and number.isdigit())
        or (sign == "in" and found["gap"] != "")
        or (sign == "с" and found["gap"] != "" and after.startswith(" "))
        or is_ordinal(sign, after, words)
        or (sign == "m" and words.language == "pl" and after.startswith("."))
        or after.startswith(("'", "’"))
    )


_PER: Final = re.compile(
    rf"(?<![\w/.])(?P<what>{LETTER}{{1,20}}+)/(?P<by>{LETTER}{{1,20}}+)(?![\w/.])"
)
_TWO_LETTERS: Final = len("m/s")
_ALONE: Final = frozenset({"m/s", "g/l", "g/L", "м/с"})
"""Units in two letters that are read without a number; "t/m" is Dutch for "up to"."""


def _say_per(found: re.Match[str], words: Lexicon) -> str | None:
    """``litres/day``, ``in km/h``."""
    what, by = found["what"], found["by"]
    whole = measure.unit(found[0], words)
    known = whole or measure.unit(what, words)
    is_divisor = len(by) > 1 and measure.is_divisor(by, words)
    if known is None and is_divisor and len(what) > 1:
        return measure.divided(what, by, words)
    if len(found[0]) == _TWO_LETTERS and found[0] not in _ALONE:
        return None
    if known is None or not (whole or is_divisor or measure.unit(by, words)):
        return None
    name = measure.pattern(known, Decimal(5), words).replace("{0}", "").strip()
    return (name if whole else measure.divided(name, by, words)) or None


_PERCENT_BEFORE: Final = re.compile(
    rf"{BEFORE}(?<![\d%])(?P<percent>[%٪]){SPACE}?(?P<number>{NUMBER})"
    rf"(?:{DASH}[%٪]?(?P<to>{NUMBER}))?{AFTER}"
)


def _say_percent_before(found: re.Match[str], words: Lexicon) -> str | None:
    """``%50``, as Turkish writes it."""
    first, last = (parse(found[end] or found["number"], words) for end in ("number", "to"))
    known = measure.unit("%", words)
    number = said(last, words)
    if found["to"]:
        number = joined(said(first, words), words.sign("to"), number)
    pattern = measure.pattern(known, last.value, words) if known else ""
    return pattern.format(number) if pattern and number else None


_TIMES: Final = re.compile(
    rf"(?:{NOT_WITHIN_WORD}(?P<minus>{MINUS}))?{APART}(?P<number>{NUMBER})(?:{DASH}(?P<to>{NUMBER}))?"
    rf"{SPACE}?(?P<times>{MAGNITUDE}){AFTER}"
)


def _say_times(found: re.Match[str], words: Lexicon) -> str | None:
    """``5 Mio. Menschen``."""
    in_millions = words.language == "en" and "." in (found["to"] or found["number"])  # 1.5M users
    times = magnitude(found["times"], words, money=in_millions)
    if times is None:
        return None
    first, last = (parse(found[end] or found["number"], words) for end in ("number", "to"))
    text = times.after(last, words)
    if found["to"]:
        text = joined(said(first, words), words.sign("to"), text)
    return (joined("", words.sign("minus"), text) if found["minus"] else text) or None


_FEET: Final = re.compile(
    r"(?<![\w.,])(?P<feet>\d{1,2})['′’](?: ?(?P<inches>\d{1,2})(?:\"|″|''|(?!\w))"
    r"|(?= (?:tall|high|wide|long|deep)\b))"
)


def _say_feet(found: re.Match[str], words: Lexicon) -> str | None:
    if words.language != "en":
        return None
    return f"{int(found['feet'])} feet {found['inches'] or ''}"


_FEET_AND_INCHES: Final = re.compile(
    r"(?<![\w.,])(?P<feet>\d{1,2}) ?ft\.? ?(?P<inches>\d{1,2}) ?in(?!\w)"
)


def _say_feet_and_inches(found: re.Match[str], words: Lexicon) -> str | None:
    """``6 ft 2 in``: alone, ``2 in`` may be a number and a word."""
    if words.language != "en":
        return None
    inches = int(found["inches"])
    return f"{int(found['feet'])} feet {inches} {'inch' if inches == 1 else 'inches'}"


_COORDINATES: Final = re.compile(
    rf"{APART}(?P<lat>{NUMBER})°? ?(?P<ns>[NS]),? (?P<lon>{NUMBER})°? ?(?P<ew>[EW]){AFTER}"
)
_QUARTERS: Final = {"N": "north", "S": "south", "E": "east", "W": "west"}


def _say_coordinates(found: re.Match[str], words: Lexicon) -> str:
    """``40.7N 74W``: no watts."""
    ends = [
        f"{said(parse(found[number], words), words)} {words.sign('degree')} {letter}"
        for number, letter in (("lat", found["ns"]), ("lon", found["ew"]))
    ]
    text = ", ".join(ends)
    if words.language != "en":
        return text
    return re.sub("[NSEW]", lambda letter: _QUARTERS[letter[0]], text)


_WEATHER: Final = re.compile(
    r"\b(?:temp|high|low|chill|feels|fever|degrees|heat|weather)", re.IGNORECASE
)
_SCALE: Final = re.compile(
    rf"(?:{NOT_WITHIN_WORD}(?P<minus>{MINUS}))?{APART}(?P<number>{NUMBER}) ?(?P<sign>[FC]){AFTER}"
)


def _say_scale(found: re.Match[str], words: Lexicon) -> str | None:
    """``98.6F``, ``-15F``, ``a high of 72F``; but a gate is 72F."""
    is_sure = found["minus"] or "." in found["number"]
    if words.language != "en" or not (
        is_sure or _WEATHER.search(found.string[: found.start()][-40:])
    ):
        return None
    known = measure.unit(f"°{found['sign']}", words)
    amount = parse(found["number"], words)
    pattern = measure.pattern(known, amount.value, words) if known else ""
    text = pattern.format(said(amount, words))
    return (joined("", words.sign("minus"), text) if found["minus"] else text) or None


_OPENING: Final = re.compile(r'(?:^|(?<=[\s(]))"')
_CLOSING: Final = re.compile(r'(?<=[^\s\d("])"')
_INCHES: Final = re.compile(rf"{APART}(?P<number>{MEASURE})[\"″](?![\w\"])")


def _say_inches(found: re.Match[str], words: Lexicon) -> str | None:
    """``3/4" pipe``, unless the sign closes a quotation."""
    inch = measure.unit("″", words)
    before = found.string[: found.start()]
    if inch is None or len(_OPENING.findall(before)) > len(_CLOSING.findall(before)):
        return None
    amount = parse(found["number"], words)
    is_size = found.string[found.end() : found.end() + 2].strip().isalpha()  # a 27 inch screen
    pattern = measure.pattern(inch, _counted(amount, words, joined=is_size), words)
    return pattern.format(said(amount, words, pattern.replace("{0}", "").strip())) or None


_TIMES_PER: Final = re.compile(rf"(?<![\w.,])(?P<number>\d{{1,3}})x ?/ ?(?P<per>{LETTER}{{2,20}}+)")


def _say_times_per(found: re.Match[str], words: Lexicon) -> str | None:
    """``3x/day``."""
    if words.language != "en" or not measure.is_divisor(found["per"], words):
        return None
    return measure.divided(f"{found['number']} times", found["per"], words)


RULES: Final[tuple[Rule, ...]] = (
    Rule(_FEET, _say_feet),
    Rule(_FEET_AND_INCHES, _say_feet_and_inches),
    Rule(_INCHES, _say_inches),
    Rule(_COORDINATES, _say_coordinates),
    Rule(_SCALE, _say_scale),
    Rule(_TIMES_PER, _say_times_per),
    Rule(_MEASURED, _say),
    Rule(_PERCENT_BEFORE, _say_percent_before),
    Rule(_PER, _say_per),
    Rule(_TIMES, _say_times),
)
