"""Telephone numbers, digit by digit in their groups."""

from __future__ import annotations

import re
from typing import Final

from ringbolt.speech.normalise.code_words import follows, measures
from ringbolt.speech.normalise.lexicon import Lexicon
from ringbolt.speech.normalise.rule import Rule
from ringbolt.speech.normalise.signs import CURRENCIES

_NUMBER: Final = re.compile(
    r"(?<![\w.,:/#*-])(?:\+ ?)?\(?\d(?:(?:[ –/-]{0,2}[()]{0,2}[ –/-]?|\.)\d)*+\)?"
    r"(?:(?<=\d{4}) ?(?:x|ext\.?|#) ?(?P<extension>\d{1,6}))?"
    r"(?![\w*#]|[.,:/-]\d|[/:]\w)",
    re.ASCII,
)
_EXTENSION: Final = r"(?: ?(?:x|ext\.?|#) ?(?P<extension>\d{1,6}))?"
_NORTH_AMERICAN: Final = re.compile(
    r"(?<![\w.,:/#*+-])(?<!\d )(?:\+\d{1,3}[ .-]?|1[ .-])?(?:\(\d{3}\) ?|\d{3}[ .-])?\d{3}[.-]\d{4}"
    rf"{_EXTENSION}(?![\w*#]|[.,:/-]\d)",
    re.ASCII,
)
_WORD_NUMBER: Final = re.compile(
    r"(?<![\w.-])(\+?(?:\d{1,3}[ .-]?)?\(?\d{3}\)?(?:[ .-]\d{3})?)-([A-Z]{4,11})(?![\w-])", re.ASCII
)
_CALLING_CODE: Final = re.compile(
    r"1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\d{3}"
)
"""The lengths of calling codes (ITU-T E.164)."""
_DATE: Final = re.compile(
    r"(?<!\d)(?:\d{4}([-/. ])\d{1,2}\1\d{1,2}|\d{1,2}([-/.])\d{1,2}\2(?:\d{4}|\d\d))(?!\d)"
)
_GROUPED: Final = re.compile(r"\d{1,3}(?:\.\d{3})+|[1-9]\d{0,2}(?: \d{3})+")
_RANGE: Final = re.compile(r"(\d+) ?[-–] ?(\d+)")
_PAIRS: Final = re.compile(r"0\d(?:[ .]\d\d){4}")
_MIXED_SIGNS: Final = re.compile(r"\d\.\d(?=.* )|\d \d(?=.*\.)")
_FEWEST, _FEWEST_SPACED, _MOST = 7, 9, 18
_FEWEST_NAMED: Final = 5
"""After "call" or "phone"; shorter ones, such as 112, are read as numbers."""
_CURRENCY_BESIDE: Final = re.compile(f"[{CURRENCIES}]")
_HOURS: Final = re.compile(r"[0-2]?\d\.[0-5]\d ?[-\u2013] ?[0-2]?\d\.[0-5]\d")
"""``8.00-10.30``: hours with points."""


def _phone(found: re.Match[str], words: Lexicon) -> str | None:
    if len(found[0]) < _FEWEST_NAMED:  # most numbers
        return None
    extension = found["extension"]
    token = found.string[found.start() : found.start("extension")] if extension else found[0]
    groups = re.findall(r"\d+", token)
    if not _is_phone(found, groups, words.language):
        return None
    if extension:
        name = "extension " if words.language == "en" else ""
        return f"{_said(token, groups, words)}, {name}{words.digits(extension)}"
    return _said(token, groups, words)


def _in_letters(found: re.Match[str], words: Lexicon) -> str:
    """``1-800-FLOWERS``: the word is easier to keep than its keys."""
    groups = re.findall(r"\d+", found[1])
    return f"{_said(found[1], groups, words)}, {found[2].capitalize()}"


def _said(token: str, groups: list[str], words: Lexicon) -> str:
    if not token.startswith("+"):
        return ", ".join(map(words.digits, groups))
    plus = words.sign("plus")
    return f"{plus or '+'} {', '.join(map(words.digits, _international(groups)))}"


def _international(groups: list[str]) -> list[str]:
    """The calling code is a group of its own, where it is known."""
    first, *others = groups
    found = _CALLING_CODE.match(first)
    if found is None or found[0] == first:
        return groups
    return [found[0], first[found.end() :], *others]


def _is_phone(found: re.Match[str], groups: list[str], language: str) -> bool:
    token, digits = found[0], "".join(groups)
    before, after = found.string[: found.start()], found.string[found.end() :]
    if _CURRENCY_BESIDE.search(before[-2:] + after[:2]) or measures(after):
        return False
    if token.startswith("+"):
        return len(digits) >= _FEWEST
    if _PAIRS.fullmatch(token):
        return True
    is_other = (
        _HOURS.fullmatch(token)
        or _DATE.search(token)
        or _MIXED_SIGNS.search(token)
        or len(digits) > _MOST
    )
    if is_other or all(len(group) == 1 for group in groups):
        return False
    if not _is_a_number(token, groups) and len(groups) > 1 and len(digits) >= _fewest(token):
        return True
    return len(digits) >= _FEWEST_NAMED and follows(before, language, "phones")


def _fewest(token: str) -> int:
    return _FEWEST if token[0] == "0" or re.search(r"[(–-]", token) else _FEWEST_SPACED


def _is_a_number(token: str, groups: list[str]) -> bool:
    """One with groups of thousands, or a range of numbers."""
    if _GROUPED.fullmatch(token):
        return True
    ends = _RANGE.fullmatch(token)
    return ends is not None and len(ends[1]) == len(ends[2]) != 7 and int(ends[1]) < int(ends[2])


RULES: Final[tuple[Rule, ...]] = (
    Rule(_WORD_NUMBER, _in_letters),
    Rule(_NORTH_AMERICAN, _phone),
    Rule(_NUMBER, _phone),
)
