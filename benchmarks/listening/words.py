"""Compare what was heard with what should be: numbers are the same in words and in digits. Pure.

Recognisers write "$2,000" for "two thousand dollars", "15:30" for "fifteen thirty" and "4829" for
"four eight two nine". Both sides become the same plain words: numbers in digits, neighbours joined
("15" "30" is "1530"), signs and units in words, no punctuation.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from ringbolt.core.tables import table_rows

_SMALL: Final = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
)  # fmt: skip
_TENS: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_VALUES: Final = {
    **{word: value for value, word in enumerate(_SMALL)},
    **{word: 10 * value for value, word in enumerate(_TENS, start=2)},
}
_SCALES: Final = {"hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9}
_ORDINALS: Final = {
    "first": 1, "second": 2, "third": 3, "fifth": 5, "eighth": 8, "ninth": 9, "twelfth": 12,
    **{f"{word}th": value for value, word in enumerate(_SMALL)},
    **{f"{word[:-1]}ieth": _VALUES[word] for word in _TENS},
    "hundredth": 100,
}  # fmt: skip
_MONTHS: Final = frozenset(
    ("january", "february", "march", "april", "may", "june", "july", "august", "september",
     "october", "november", "december")
)  # fmt: skip
_SPELLINGS: Final = {
    row["written"]: row["plain"]
    for row in table_rows((Path(__file__).parent / "spellings.csv").read_text(encoding="utf-8"))
}
_UNIT_PLURALS: Final = re.compile(
    r"\b((?:kilo|mega|giga|milli|centi)?(?:gram|meter|liter|byte|watt)|mile|hour)s\b"
)
_MONEY: Final = {"$": "dollar", "€": "euro", "£": "pound", "₹": "rupee", "¥": "yen"}
_AMOUNT = re.compile(
    r"(-?)([$€£₹¥])\s?(\d+)(?:\.(\d\d)\b|(\.\d+))?( (?:thousand|million|billion))?"
)
_FRACTION = re.compile(r"(?:\b(\d+) )?\b(\d)/(\d)\b(?!/)")
_BEFORE_AMOUNTS: Final = (
    (r"(?<=\d),(?=\d{3}\b)", ""),
    (r"\b([ap])\.\s?m\b\.?", r"\1m"),
    (r"\bwww\.", ""),
)
_AFTER_AMOUNTS: Final = (
    (r"#(?=\d)", " number "),
    (r"(?<=\d)\s?°\s?c\b", " degree celsius"),
    (r"(?<=\d)\s?°\s?f\b", " degree fahrenheit"),
    (r"(?<![\w-])-(?=\d)", " minus "),
    (r"(\d{1,2}):00\b", r"\1"),
    (r"(?<=\d):(?=\d)", " "),
    (r"(?<=\w)\.(?=\w)", " point "),
    (r"\b(\d+)(?:st|nd|rd|th)\b", r"\1th"),
    (r"(?<=\d)(?!\d|th\b)(?=[a-z])|(?<=[a-z])(?=\d)", " "),
)
_WORDS_OF_SIGNS: Final = str.maketrans(
    {"%": " percent ", "°": " degree ", "#": " pound ", "*": " star ", "+": " plus ", "&": " and ",
     "@": " at ", "=": " equals ", "/": " slash ", "_": " underscore ", "’": "'", "−": "-",
     "–": "-", "—": " ", "-": " "}
)  # fmt: skip
_RANGE = re.compile(r"(?<=[\da-z])\s?[-–]\s?(?=[\d$€£])")
_DOTTED = re.compile(r"(?<![\d.$€£])(\d{1,2})\.(\d\d)(?!\d|\.\d)")
_DASHED = re.compile(r"(?<=[a-z])-(?=[a-z])")
_DOLLARS_OF = re.compile(r"\b(\d+) dollar ([a-z]*(?:ian|pore|kong))(?: dollar)?\b")
_MONEY_RANGE = re.compile(r"\b(\d+) (dollar|euro|pound) to (\d+)(?: \2)?\b")
_TOKEN = re.compile(r"\d+(?:th)?|[^\W\d]+(?:'[^\W\d]+)*")


def plain(text: str, hyphen: str = " ") -> list[str]:
    """``text`` in plain words; ``hyphen`` is what one between two numbers means."""
    text = unicodedata.normalize("NFKC", text).lower().replace("⁄", "/")
    for pattern, word in _BEFORE_AMOUNTS:
        text = re.sub(pattern, word, text)
    text = _AMOUNT.sub(_money, text)
    text = _FRACTION.sub(_parts, text)
    text = _RANGE.sub(hyphen, text)
    for pattern, word in _AFTER_AMOUNTS:
        text = re.sub(pattern, word, text)
    text = " ".join(_SPELLINGS.get(word, word) for word in _TOKEN.findall(_worded(text)))
    text = _UNIT_PLURALS.sub(r"\1", text.replace("and a half", "and 1 half"))
    text = " ".join(_numbers(text.split()))
    text = _DOLLARS_OF.sub(r"\1 \2 dollar", _MONEY_RANGE.sub(r"\1 to \3 \2", text))
    return list(_joined(text.split()))


def heard_as(said: str) -> list[list[str]]:
    """The readings of what a recogniser wrote: it writes "9-5" for "nine to five" and "555-0143"
    for digits, "11.15" for a time, and "green-garden" with "dash" or without."""
    times, dashes = _DOTTED.sub(r"\1:\2", said), _DASHED.sub(" dash ", said)
    return [plain(text, hyphen) for text in (said, times, dashes) for hyphen in (" ", " to ")]


def errors(expected: Sequence[str], heard: Sequence[str]) -> int:
    """Words that are wrong, missing or too many (Levenshtein's distance)."""
    row = list(range(len(heard) + 1))
    for at, word in enumerate(expected, start=1):
        before, row[0] = row[0], at
        for column, other in enumerate(heard, start=1):
            here = min(row[column] + 1, row[column - 1] + 1, before + (word != other))
            before, row[column] = row[column], here
    return row[-1]


def missing(phrases: Sequence[str], heard: Sequence[str]) -> list[str]:
    """The ``phrases`` that do not occur in ``heard`` word for word, one after the other."""
    at, lost = 0, []
    for phrase in phrases:
        words = plain(phrase)
        places = range(at, len(heard) - len(words) + 1)
        found = next((n for n in places if list(heard[n : n + len(words)]) == words), None)
        if found is None:
            lost.append(phrase)
        else:
            at = found + len(words)
    return lost


def _money(amount: re.Match[str]) -> str:
    minus, sign, whole, cents, fraction, scale = amount.groups(default="")
    unit, minus = _MONEY[sign], " minus " if minus else ""
    if cents and not scale:
        if not int(whole):
            return f"{minus}{int(cents)} cent"
        more = f" and {int(cents)} cent" if int(cents) else ""
        return f"{minus}{whole} {unit}{more}"
    return f"{minus}{whole}{'.' if cents else ''}{cents}{fraction}{scale} {unit}"


def _parts(fraction: re.Match[str]) -> str:
    whole, top, bottom = fraction.groups()
    part = "half" if bottom == "2" else f"{bottom}th"
    return f"{whole} and {top} {part}" if whole else f"{top} {part}"


def _worded(text: str) -> str:
    return text.translate(_WORDS_OF_SIGNS)


def _numbers(words: list[str]) -> Iterator[str]:
    """Number words as digits, ordinals as ``21th``."""
    at = 0
    while at < len(words):
        value, used, is_ordinal = _number(words, at)
        if used:
            yield f"{value}th" if is_ordinal else str(value)
            at += used
            continue
        yield words[at]
        at += 1


def _number(words: list[str], start: int) -> tuple[int | str, int, bool]:
    """The number at ``start`` (0 used: there is none), and whether it is an ordinal."""
    if words[start].isdecimal() and (len(words) == start + 1 or words[start + 1] not in _SCALES):
        return words[start], 1, False
    total, group, at, limit = 0, 0, start, 10**12
    while at < len(words):
        word = words[at]
        if word == "and" and at > start and words[at - 1] in _SCALES and _starts(words, at + 1):
            at += 1
            continue
        value = _value(word)
        if value is not None and value < limit and not (value == 0 and at > start):
            group, limit = group + value, 10 if 20 <= value < 100 else 0
        elif word in _SCALES and group and (word != "hundred" or group < 100):
            scale = _SCALES[word]
            if scale == 100:
                group, limit = group * 100, 100
            else:
                total, group, limit = total + group * scale, 0, 1000
        elif word in _ORDINALS and _ORDINALS[word] < limit:
            return total + group + _ORDINALS[word], at + 1 - start, True
        elif word == "hundredth" and 0 < group < 100:
            return total + group * 100, at + 1 - start, True
        else:
            break
        at += 1
    return total + group, at - start, False


def _starts(words: list[str], at: int) -> bool:
    return at < len(words) and (_value(words[at]) is not None or words[at] in _ORDINALS)


def _value(word: str) -> int | None:
    if word.isdecimal() and (word == "0" or not word.startswith("0")):
        return int(word)
    return _VALUES.get(word)


def _joined(words: list[str]) -> Iterator[str]:
    """Neighbouring numbers as one, and neighbouring letters; the day after a month is no ordinal;
    "and" between money and its cents has no meaning."""
    run = ""
    for at, word in enumerate(words):
        if word.endswith("th") and word[0].isdecimal() and at and words[at - 1] in _MONTHS:
            word = word.removesuffix("th")  # noqa: PLW2901 - the day of a date
        if word == "and" and at and words[at - 1] in _MONEY.values():
            continue
        if run and (word.isdecimal() if run.isdecimal() else _is_letter(run[-1], word)):
            run += word
            continue
        if run:
            yield run
        run = word if word.isdecimal() or len(word) == 1 else ""
        if not run:
            yield word
    if run:
        yield run


def _is_letter(before: str, word: str) -> bool:
    return before.isalpha() and len(word) == 1 and word.isalpha()
