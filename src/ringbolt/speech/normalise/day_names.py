"""Names of days and months: written out, and spans between them."""

from __future__ import annotations

import re
from typing import Final

from ringbolt.speech.normalise import calendar
from ringbolt.speech.normalise.amount import AFTER, BEFORE, DASH, LETTER
from ringbolt.speech.normalise.lexicon import Lexicon
from ringbolt.speech.normalise.rule import SPOKEN, Rule

NAME: Final = rf"(?:{LETTER}|[\u0900-\u0d7f]){{2,14}}+"

_SPAN: Final = re.compile(
    rf"{BEFORE}(?<!-)(?P<first>{NAME})\.?{DASH}(?P<last>{NAME})"
    rf"(?:\.(?= ?\w))?(?!-){AFTER}"
)


def _say_span(found: re.Match[str], words: Lexicon) -> str | None:
    """``Oct-Dec``, ``Mon–Fri``."""
    to = words.sign("to")
    months = [calendar.month_number(found[end], words) for end in ("first", "last")]
    if words.language == "en" and not found["first"][0].isupper():
        return None
    if all(months):
        names = [calendar.month_alone(month, words) for month in months]
    else:
        names = [calendar.weekday(found[end], words) for end in ("first", "last")]
    return f"{names[0]} {to} {names[1]}" if all(names) and to else None


_WEEKDAY: Final = re.compile(
    rf"{BEFORE}(?<!{LETTER}-)(?<!['’])(?P<day>{LETTER}{{2,5}}+)\.?"
    rf"(?=,? ?[{SPOKEN}]"
    r"|,? \d{1,2}(?:[:.h]\d\d| ?[ap]\.?m| ?[-–] ?\d| Uhr| ?h\b|st|nd|rd|th))"
)


def _say_weekday(found: re.Match[str], words: Lexicon) -> str | None:
    """``Sun, Nov 5``; ``Sat 9am``."""
    if not found["day"][0].isupper() and words.language in ("en", "de"):
        return None
    return calendar.weekday(found["day"], words) or None


_DASH: Final = re.compile(rf"(?<=[{SPOKEN}])(?: ?[\u2010-\u2015] ?|-)(?=[{SPOKEN}])")


def _say_dash(found: re.Match[str], words: Lexicon) -> str | None:
    """Between two dates that are said already: ``Mon 12/14-Wed 12/16``."""
    return words.sign("to") or None


SPANS: Final[tuple[Rule, ...]] = (Rule(_SPAN, _say_span),)
WEEKDAYS: Final[tuple[Rule, ...]] = (Rule(_WEEKDAY, _say_weekday), Rule(_DASH, _say_dash))
"""After the dates: they look at what is said already."""
