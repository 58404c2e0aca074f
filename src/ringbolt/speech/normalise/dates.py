"""Dates: the day, the month's name and the year, in the order of the language and region."""

from __future__ import annotations

import re
from typing import Final

from ringbolt.speech.normalise import calendar
from ringbolt.speech.normalise.amount import AFTER, BEFORE, DASH, LETTER, fraction_words, joined
from ringbolt.speech.normalise.currency import currency
from ringbolt.speech.normalise.day_names import NAME, SPANS, WEEKDAYS
from ringbolt.speech.normalise.lexicon import Lexicon
from ringbolt.speech.normalise.measure import unit
from ringbolt.speech.normalise.ordinals import ordinal_word
from ringbolt.speech.normalise.rule import Rule

_START: Final = rf"{BEFORE}(?<![\d./:-])"
_END: Final = rf"(?![/-]?\d|[.:]\d){AFTER}"
_TWO_DIGITS: Final = 69
"""Years of two digits from here on are of the last century, as in POSIX."""

_DOTTED: Final = frozenset(
    {"de", "lb", "cs", "sk", "pl", "hr", "sl", "sr", "bs", "et", "lv", "fi", "nb", "da", "is", "tr"}
)
"""Languages that write ``30.11.`` for a day of the year."""

_YEAR_FIRST: Final = re.compile(
    rf"{_START}(?P<year>[12]\d{{3}})(?P<sep>[-/.])(?P<s> ?)(?P<month>\d{{1,2}})(?P=sep)(?P=s)"
    rf"(?P<day>\d{{1,2}})(?:T(?=\d\d:\d\d)|{_END})"
)
_YEAR_LAST: Final = re.compile(
    rf"{_START}(?P<first>\d{{1,2}})(?P<sep>[-/.])(?P<s> ?)(?P<second>\d{{1,2}})(?P=sep)(?P=s)"
    rf"(?P<year>[12]\d{{3}}|\d\d)(?: ?(?P<sign>[гр])(?!\w)\.?)?{_END}"
)
_HAN: Final = re.compile(
    r"(?:(?P<year>(?<!\d)\d{4})年)?(?<!\d)(?P<month>\d{1,2})月(?P<day>\d{1,2})[日号號]"
)
_NO_YEAR: Final = re.compile(
    rf"{_START}(?P<first>\d{{1,2}})(?:(?P<sep>\.) ?(?P<second>\d{{1,2}})\.(?! ?\d)"
    rf"|/(?P<other>\d{{1,2}}){_END})"
)


def _say_year_first(found: re.Match[str], words: Lexicon) -> str | None:
    year, month, day = int(found["year"]), int(found["month"]), int(found["day"])
    if not calendar.is_date(year, month, day):
        return None
    said = calendar.said_date(day, month, year, words, found.string[: found.start()])
    return f"{said} " if found[0].endswith("T") else said  # 2026-11-30T15:30


def _say_year_last(found: re.Match[str], words: Lexicon) -> str | None:
    year = _full_year(found["year"])
    pair = _ordered(int(found["first"]), int(found["second"]), year, found["sep"], words)
    short = len(found["year"]) == 2
    is_list = short and found["sep"] == "-" and len(found[0]) < len("05-10-15")
    if is_list and words.language not in ("nl", "da"):  # who write 5-10-26
        return None
    if pair is None or (found["s"] and short):
        return None
    text = calendar.said_date(*pair, year, words, found.string[: found.start()])
    return text + _year_word(found["sign"] or "", words)


def _full_year(written: str) -> int:
    year = int(written)
    if len(written) > 2:
        return year
    return year + (1900 if year >= _TWO_DIGITS else 2000)


def _ordered(
    first: int, second: int, year: int, sep: str, words: Lexicon
) -> tuple[int, int] | None:
    """(day, month): in the region's order, or in the other if only that is a date. With points the
    day comes first everywhere."""
    options = [(first, second), (second, first)]
    if sep != "." and calendar.month_first(words):
        options.reverse()
    return next((pair for pair in options if calendar.is_date(year, pair[1], pair[0])), None)


def _say_han(found: re.Match[str], words: Lexicon) -> str | None:
    year, month, day = int(found["year"] or 0), int(found["month"]), int(found["day"])
    if words.language not in ("zh", "yue", "ja") or not calendar.is_date(year, month, day):
        return None
    return calendar.said_date(day, month, year, words)


_DATE_WORD: Final = re.compile(
    r"(?<!\w)(?:on|by|until|till|due|before|since|after|starting|le|du|au|avant|dès"
    r"|el|del|hasta|día|desde|il|dal|em|dia|até|op|vóór|am|bis|den|ngày|tanggal|tgl\.?|pe|στις|έως"
    r"|μέχρι|يوم|بتاريخ|حتى|दिनांक|तारीख) $",
    re.IGNORECASE,
)
_EXPIRY: Final = re.compile(
    r"(?<!\w)(?:exp\.?|expiry|thru|gültig bis|expire|vence|scade|vervalt|validade|jusqu'au):? $",
    re.IGNORECASE,
)
"""Before the month and year of a card: "exp 09/27", but "expires 12/28" is a day."""


def _say_no_year(found: re.Match[str], words: Lexicon) -> str | None:
    """``30.11.``; ``08/10`` only if a zero or a number over 12 shows that it is no fraction."""
    before = found.string[: found.start()]
    if found["sep"]:
        day, month = int(found["first"]), int(found["second"])
        if words.language not in _DOTTED or not calendar.is_date(0, month, day):
            return None
        return calendar.said_date(day, month, 0, words, before)
    first, second = found["first"], found["other"]
    if int(first) <= 12 < int(second) and _EXPIRY.search(before[-20:]):  # of a card: 09/27
        year = calendar.said_year(_full_year(second), words)
        return f"{calendar.month_alone(int(first), words)} {year}"
    named = not fraction_words(f"{first}/{second}", words) and _DATE_WORD.search(before[-10:])
    two_digits = len(first) == len(second) == 2
    shown = "0" in (first[0], second[0]) or max(int(first), int(second)) > 12
    if not named and not (two_digits and shown):
        return None
    pair = _ordered(int(first), int(second), 0, "/", words)
    return calendar.said_date(*pair, 0, words, before) if pair else None


_MONTHS_FIRST: Final = frozenset({"hu", "lt", "eu", "kk"})
"""Languages other than English that write the month before the day."""

_NUMERIC: Final = (
    r"(?:[12]\d{3}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:[12]\d{3}|\d\d)"
    r"|\d{1,2}\.\d{1,2}\.)"
)
_BETWEEN: Final = re.compile(
    rf"{_START}(?P<first>{_NUMERIC})(?: ?[\u2010-\u2015\u2212] ?| - |-)(?P<last>{_NUMERIC})"
    rf"(?!\d){AFTER}"
)


def _say_between(found: re.Match[str], words: Lexicon) -> str | None:
    """``01.05.–03.05.2024``."""
    first, last = (_date(found, end, words) for end in ("first", "last"))
    return joined(first, words.sign("to"), last) or None if first else None


def _date(within: re.Match[str], end: str, words: Lexicon) -> str:
    readings = (
        (_YEAR_FIRST, _say_year_first),
        (_YEAR_LAST, _say_year_last),
        (_NO_YEAR, _say_no_year),
    )
    for pattern, say in readings:
        found = pattern.fullmatch(within.string, *within.span(end))
        if found and (said := say(found, words)):
            return said
    return ""


_POINTED: Final = re.compile(
    rf"{_START}(?P<day>[0-3]\d)\.(?P<month>[01]\d)(?![.:]?\d|[%‰°]| ?[%‰°€$£₽₴₺])(?!\w)"
)
_WITH_COMMAS: Final = frozenset({"ru", "uk", "be", "bg", "kk", "pl", "tr"})
"""Languages that write ``24.12`` for a day, and a comma before decimals."""

_NEXT: Final = re.compile(r" ?([^\s\d,;.!?]{1,8}\.?)")


def _say_pointed(found: re.Match[str], words: Lexicon) -> str | None:
    """``24.12``, unless a unit or currency follows."""
    day, month = int(found["day"]), int(found["month"])
    before = found.string[: found.start()]
    is_free = words.language in _WITH_COMMAS
    if not is_free and not (words.language in _DOTTED and _DATE_WORD.search(before[-9:])):
        return None
    after = _NEXT.match(found.string, found.end())
    unit_after = after and after[1] != "с" and unit(after[1], words)  # "с 8:00": from eight
    if after and (currency(after[1], words) or unit_after):
        return None
    is_date = calendar.is_date(0, month, day)
    return calendar.said_date(day, month, 0, words, before) if is_date else None


_DAY_TO_DAY: Final = re.compile(
    rf"{_START}(?P<day>\d{{1,2}})\.? (?P<to>do|до|по|til|till|to|through|a|až) "
    rf"(?P<last>\d{{1,2}})(?P<dot>\.)? (?P<month>(?:{LETTER}){{3,14}}+){AFTER}"
)


def _say_day_to_day(found: re.Match[str], words: Lexicon) -> str | None:
    """``с 1 по 15 марта``: the first day is an ordinal too."""
    month = calendar.month_number(found["month"], words)
    day, last = int(found["day"]), int(found["last"])
    if (
        words.language == "en"
        or not month
        or not words.ordinal(day)
        or not calendar.is_date(2000, month, max(day, last))
    ):
        return None
    first = calendar.said_day(day, words)
    end = calendar.said_date(last, month, 0, words)
    if found["to"] == "по":  # "по пятнадцатое", not "пятнадцатого"
        end = end.replace(calendar.said_day(last, words), ordinal_word(last, "neuter", words), 1)
    return f"{first} {found['to']} {end}"


_DASHED: Final = re.compile(
    rf"{_START}(?P<day>\d{{1,2}})-(?P<month>{LETTER}{{3,12}}+)-(?P<year>[12]\d{{3}}|\d\d)(?![\w-])"
)


def _say_dashed(found: re.Match[str], words: Lexicon) -> str | None:
    """``1-May-2024``."""
    month, day, year = (
        calendar.month_number(found["month"], words),
        int(found["day"]),
        _full_year(found["year"]),
    )
    if not month or not calendar.is_date(year, month, day):
        return None
    return calendar.said_date(day, month, year, words, found.string[: found.start()])


_SLASHED: Final = re.compile(rf"{_START}(?P<month>0?[1-9]|1[0-2])/(?P<year>(?:19|20)\d\d){_END}")


def _say_slashed(found: re.Match[str], words: Lexicon) -> str:
    """``10/2024``."""
    month = calendar.month_alone(int(found["month"]), words)
    year = calendar.said_year(int(found["year"]), words)
    return f"{year}年{month}" if words.language in ("zh", "yue") else f"{month} {year}"


_DAY: Final = r"\d{1,2}+(?:st|nd|rd|th|er|ᵉʳ|º|°|\.)?"
_YEAR: Final = r"(?:,? (?:de |del |of )?(?P<year>[12]\d{3})(?!\d)(?: (?P<sign>[гр])(?!\w)\.?)?)?"
_DAY_FIRST: Final = re.compile(
    rf"{_START}(?P<day>{_DAY})(?:{DASH}(?P<last>{_DAY}))? (?P<of>of |de |d')?(?P<month>{NAME})"
    rf"(?P<stop>\.(?= ?\w))?{_YEAR}{AFTER}"
)
_MONTH_FIRST: Final = re.compile(
    rf"{BEFORE}(?P<month>{NAME})\.? (?P<day>{_DAY})(?:{DASH}(?P<last>{_DAY}))?"
    rf"{_YEAR}(?![\w:/]|[.,-]\d)"
)


def _say_named(found: re.Match[str], words: Lexicon) -> str | None:
    """``3. Mai``, ``Oct 5``, ``1-5 May 2024``."""
    month = calendar.month_number(found["month"], words)
    year, day = int(found["year"] or 0), _number(found["day"])
    last = _number(found["last"]) if found["last"] else 0
    if not month or not calendar.is_date(year, month, max(day, last)) or day < 1:
        return None
    if words.language == "en":  # not "I may 5"
        capital = found["month"][0].isupper()
        return _english(found, day, last, month, year, words) if capital else None
    if found.re is _MONTH_FIRST and words.language not in _MONTHS_FIRST:
        return None
    before = found.string[: found.start()]
    text = calendar.said_date(last or day, month, year, words, before)
    if found["sign"]:
        text += _year_word(found["sign"], words)
    return _from_day(day, last, text, words, before) if last else text


def _from_day(day: int, last: int, text: str, words: Lexicon, before: str) -> str | None:
    """``text``, the date of the last day, with the first one before it."""
    to = words.sign("to")
    first, end = (calendar.said_day(each, words, before) for each in (day, last))
    return text.replace(end, f"{first} {to} {end}", 1) if to else None


def _number(written: str) -> int:
    return int(re.sub(r"\D", "", written))


def _english(
    found: re.Match[str], day: int, last: int, month: int, year: int, words: Lexicon
) -> str:
    """In the order in which it is written."""
    name = calendar.month_name(month, words)
    days = calendar.english_ordinal(day)
    if last:
        days = f"{days} {words.sign('to')} {calendar.english_ordinal(last)}"
    if found.re is _MONTH_FIRST:
        return f"{name} {days}, {year}" if year else f"{name} {days}"
    of = "of " if found["of"] else ""
    return f"{days} {of}{name} {year}" if year else f"{days} {of}{name}"


_MONTH_OF_YEAR: Final = re.compile(
    rf"{BEFORE}(?P<month>{NAME})\.? (?P<year>[12]\d{{3}})(?![\w:/]|[.,-]\d)"
)


def _say_month_of_year(found: re.Match[str], words: Lexicon) -> str | None:
    """``Oct 2024``."""
    month = calendar.month_number(found["month"], words)
    if not month or calendar.is_name(found["month"], month, words):
        return None
    year = calendar.said_year(int(found["year"]), words)
    return f"{calendar.month_alone(month, words)} {year}"


_DAY_AND_DATE: Final = re.compile(
    rf"{BEFORE}(?<!{LETTER}-)(?<!['’])(?P<name>{LETTER}{{2,12}}+)\.?,? (?P<first>\d{{1,2}})[/.]"
    rf"(?P<second>\d{{1,2}})\.?{_END}"
)


def _say_day_and_date(found: re.Match[str], words: Lexicon) -> str | None:
    """``Tues 12/8``: after a day of the week, two numbers are a date."""
    name = calendar.weekday(found["name"], words)
    sep = "/" if "/" in found[0] else "."
    pair = _ordered(int(found["first"]), int(found["second"]), 0, sep, words)
    if not name or pair is None:
        return None
    return f"{name}, {calendar.said_date(*pair, 0, words, found.string[: found.start()])}"


_RUSSIAN_YEAR: Final = re.compile(
    r"(?<!\d)(?P<year>[12]\d{3}) ?(?P<sign>г|р)(?:\.(?= ?[^\WА-ЯЁІЇЄҐ])|\.?)(?!\w)"
)


def _say_russian_year(found: re.Match[str], words: Lexicon) -> str | None:
    """``в 2024 г.``, ``30 ноября 2024 г.``"""
    inside = found.string[max(0, found.start() - 3) : found.start()].casefold()
    is_locative = inside.split()[-1:] in (["в"], ["у"], ["ў"])
    name = _year_word(found["sign"], words, is_locative=is_locative)
    return f"{words.integer(int(found['year']))}{name}" if name else None


_YEAR_WORDS: Final = {
    ("ru", "г"): (" году", " года"),
    ("uk", "р"): (" році", " року"),
    ("be", "г"): (" годзе", " года"),
    ("bg", "г"): (" година", " година"),
}
"""In the locative ("in 2024"), and else in the genitive."""


def _year_word(sign: str, words: Lexicon, *, is_locative: bool = False) -> str:
    locative, genitive = _YEAR_WORDS.get((words.language, sign), ("", ""))
    return locative if is_locative else genitive


RULES: Final[tuple[Rule, ...]] = (
    Rule(_BETWEEN, _say_between),
    Rule(_DASHED, _say_dashed),
    Rule(_DAY_AND_DATE, _say_day_and_date),
    Rule(_HAN, _say_han),
    Rule(_YEAR_FIRST, _say_year_first),
    Rule(_YEAR_LAST, _say_year_last),
    Rule(_DAY_TO_DAY, _say_day_to_day),
    Rule(_DAY_FIRST, _say_named),
    Rule(_MONTH_FIRST, _say_named),
    Rule(_NO_YEAR, _say_no_year),
    Rule(_POINTED, _say_pointed),
    Rule(_RUSSIAN_YEAR, _say_russian_year),
    *SPANS,
    Rule(_MONTH_OF_YEAR, _say_month_of_year),
    Rule(_SLASHED, _say_slashed),
    *WEEKDAYS,
)
