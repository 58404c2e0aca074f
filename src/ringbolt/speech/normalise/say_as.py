"""Read a text as SSML's ``say-as`` asks: as a code, number, ordinal, date, fraction or duration."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from ringbolt.speech.normalise import calendar, cldr
from ringbolt.speech.normalise.amount import fraction_words, integer
from ringbolt.speech.normalise.lexicon import Lexicon
from ringbolt.speech.normalise.ordinals import ordinal
from ringbolt.speech.normalise.signs import NAMES
from ringbolt.speech.normalise.spell import spelled

_INTEGER: Final = re.compile(r"([+\-\u2212]?)\s*(\d[\d.,' \u00a0\u202f]{0,30})", re.ASCII)
_DECIMAL: Final = re.compile(r"\d+[.,]\d{1,2}|\d+[.,]\d{4,}")
_ORDINAL: Final = re.compile(r"(\d{1,4})\D{0,3}", re.ASCII)
_FRACTION: Final = re.compile(r"(?:(\d{1,6})(?: ?\+ ?| ))?(\d{1,4}) ?[/⁄] ?(\d{1,4})", re.ASCII)
_DURATION: Final = re.compile(r"(?:(\d{1,4})['′m:])?\s*(\d{1,4})(?:[\"″s]|'')?", re.ASCII)
_SIGN_OR_RUN: Final = re.compile(r"[^\W_]+|[^\w\s]|_")
_NUMBER: Final = re.compile(r"\d{1,4}", re.ASCII)
_COMPACT: Final = re.compile(r"\d{6}|\d{8}", re.ASCII)
_SIGNS: Final = NAMES | {
    "-": "dash", ".": "dot", ",": "comma", ":": "colon", "_": "underscore"
}  # fmt: skip
_WIDTHS: Final = {"y": 4, "m": 2, "d": 2}
_CENTURY: Final = 2000


def said_as(kind: str, text: str, words: Lexicon) -> str:
    """The words for ``text``; '' if it is not of that kind, and is to be read as any other."""
    say = _KINDS.get(kind)
    return say(text.strip(), words) if say else _date(kind, text.strip(), words)


def _signs(text: str, words: Lexicon) -> str:
    """Each sign, also those that are no letters: star, dash."""
    said = (
        spelled(part, words) if part.isalnum() else words.sign(_SIGNS.get(part, ""))
        for part in _SIGN_OR_RUN.findall(text)
    )
    return ", ".join(filter(None, said))


def _telephone(text: str, words: Lexicon) -> str:
    groups = re.findall(r"[^\W_]+|[*#]", text)
    said = [
        words.sign(NAMES[group]) if group in NAMES else words.letters(group.upper())
        for group in groups
    ]
    plus = [words.sign("plus")] if text.startswith("+") else []
    return " ".join(filter(None, [*plus, ", ".join(filter(None, said))]))


def _cardinal(text: str, words: Lexicon) -> str:
    found = _INTEGER.fullmatch(text)
    if found is None or _DECIMAL.fullmatch(found[2]):
        return ""
    minus = words.sign("minus") if found[1] in ("-", "\u2212") else ""
    return f"{minus} {integer(re.sub(r'[^0-9]', '', found[2]), words)}".strip()


def _fraction(text: str, words: Lexicon) -> str:
    found = _FRACTION.fullmatch(text)
    if found is None:
        return ""
    whole, top, bottom = found.groups()
    named = fraction_words(f"{'+' if whole else ''}{top}/{bottom}", words)
    over = words.sign("slash")
    said = named or f"{words.integer(int(top))} {over} {words.integer(int(bottom))}"
    return f"{words.integer(int(whole))} {said}" if whole else said


def _ordinal(text: str, words: Lexicon) -> str:
    found = _ORDINAL.fullmatch(text)
    return ordinal(int(found[1]), words) if found else ""


def _duration(text: str, words: Lexicon) -> str:
    """``1'21"`` as minutes and seconds."""
    found = _DURATION.fullmatch(text)
    if found is None:
        return ""
    lengths = ((found[1], "duration-minute"), (found[2], "duration-second"))
    return " ".join(_counted(int(value), unit, words) for value, unit in lengths if value)


def _counted(value: int, unit: str, words: Lexicon) -> str:
    form = cldr.plural_form(words.language, Decimal(value))
    pattern = cldr.unit_pattern(words.language, unit, form) or "{0}"
    return pattern.replace("{0}", words.integer(value))


def _date(order: str, text: str, words: Lexicon) -> str:
    numbers = _numbers(order, text)
    if len(numbers) != len(order):
        return ""
    parts = dict(zip(order, numbers, strict=True))
    day, month, year = parts.get("d", 0), parts.get("m", 0), _full(parts.get("y", 0))
    if not calendar.is_date(year, month, day or 1):
        return ""
    if day:
        return calendar.said_date(day, month, year, words)
    return f"{calendar.month_alone(month, words)} {calendar.said_year(year, words)}"


def _numbers(order: str, text: str) -> list[int]:
    if not _COMPACT.fullmatch(text):
        return [int(number) for number in _NUMBER.findall(text)]
    found, at = [], 0
    for part in order:
        found.append(int(text[at : at + _WIDTHS[part]] or 0))
        at += _WIDTHS[part]
    return found


def _full(year: int) -> int:
    return year + _CENTURY if 0 < year < 100 else year


_KINDS: Final[dict[str, Callable[[str, Lexicon], str]]] = {
    "digits": _signs,
    "characters": _signs,
    "telephone": _telephone,
    "cardinal": _cardinal,
    "ordinal": _ordinal,
    "fraction": _fraction,
    "duration": _duration,
}
"""The others are the orders of a date: ``dmy``."""
