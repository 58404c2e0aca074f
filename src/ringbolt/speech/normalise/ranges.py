"""Ranges of plain numbers: the dash becomes "to", where it is no score and no telephone number."""

from __future__ import annotations

import re
from typing import Final

from ringbolt.speech.normalise import calendar
from ringbolt.speech.normalise.amount import AFTER, APART, DASH, NUMBER, parse, said
from ringbolt.speech.normalise.lexicon import Lexicon
from ringbolt.speech.normalise.rule import SPOKEN, Rule

_RANGE: Final = re.compile(
    rf"{APART}(?<![-/])(?P<first>{NUMBER}){DASH}(?P<last>{NUMBER})(?![-/:]\d){AFTER}"
)
_YEAR: Final = re.compile(r"(?:1\d|20)\d\d")


def _say(found: re.Match[str], words: Lexicon) -> str | None:
    to = words.sign("to")
    first, last = parse(found["first"], words), parse(found["last"], words)
    if not to or _has_leading_zero(found["first"]) or _has_leading_zero(found["last"]):
        return None
    hours = max(first.value, last.value) <= 12 and _after_day(found, words)  # Mon-Fri 9-5
    season = _YEAR.fullmatch(found["first"]) and len(found["last"]) == 2
    if not season and not hours and first.value >= last.value:
        return None
    return f"{_end(found['first'], words)} {to} {_end(found['last'], words)}"


def _after_day(found: re.Match[str], words: Lexicon) -> bool:
    before = found.string[max(0, found.start() - 24) : found.start()].rstrip(" :,")
    is_spoken = bool(before) and before[-1] >= SPOKEN[0]
    return is_spoken or bool(before and calendar.weekday(before.split()[-1], words))


def _has_leading_zero(written: str) -> bool:
    return len(written) > 1 and written[0] == "0" and written[1].isdigit()


def _end(written: str, words: Lexicon) -> str:
    if _YEAR.fullmatch(written):  # English voices read it as a year
        return written if words.language == "en" else words.integer(int(written))
    return said(parse(written, words), words)


_SUM: Final = re.compile(r"(?<=\d) ?(?P<sign>[-\u2212/÷]) ?(?=\d{1,9}+(?:[.,]\d{1,9}+)? ?=)")


def _say_sum(found: re.Match[str], words: Lexicon) -> str | None:
    """``5 - 3 = 2``."""
    word = words.sign("minus" if found["sign"] in "-\u2212" else "divided")
    return f" {word} " if word else None


RULES: Final[tuple[Rule, ...]] = (Rule(_SUM, _say_sum), Rule(_RANGE, _say))
