"""Versions and IP addresses: the dots are spoken."""

from __future__ import annotations

import re
from typing import Final

from ringbolt.speech.normalise.code_words import follows
from ringbolt.speech.normalise.lexicon import Lexicon
from ringbolt.speech.normalise.rule import Rule

_VERSION: Final = re.compile(
    r"(?<![\w.,:/+-])(v\.? ?)?(\d{1,5}(?:\.\d{1,6})++)(?:([/:])(\d{1,5}))?"
    r"(?:-([A-Za-z]{1,8})\.?(\d{0,4}))?"
    r"(?![\w/:-])(?![.,]\d)",
    re.ASCII | re.IGNORECASE,
)
_V: Final = re.compile(r"(?<![\w./-])v(?=\d{1,3}(?![\w.]))")
_DATE: Final = re.compile(
    r"(?:0?[1-9]|[12]\d|3[01])\.(?:0?[1-9]|1[0-2])\.(?:\d{4}|\d\d)|\d{4}\.(?:0?[1-9]|1[0-2])\.\d{1,2}"
)
_GROUPED: Final = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+")
_PHONE: Final = re.compile(r"0\d(?:\.\d\d){3,}|\d{3}\.\d{3}\.\d{4}")
_BYTE: Final = 255
_FEWEST_PARTS: Final = 3


def _version(found: re.Match[str], words: Lexicon) -> str | None:
    letter, number, sign, last, stage, stage_number = found.groups()
    parts = number.split(".")
    is_address = len(parts) == 4 and all(int(p) <= _BYTE and str(int(p)) == p for p in parts)
    before = found.string[: found.start()]
    is_known = is_address or letter or follows(before, words.language, "versions")
    if (sign and not is_address) or (not is_known and _is_other(number, parts)):
        return None
    # in English "point" in a version, "dot" in an address; elsewhere the point is a comma in words
    is_point = words.language == "en" and not is_address
    dot = words.sign("point" if is_point else "dot") or words.sign("point")
    if not dot:
        return None
    said = f" {dot} ".join(_part(part, words) for part in parts)
    if letter:
        said = f"{words.sign('version') or 'V'} {said}"
    if sign:
        said += f" {words.sign('slash' if sign == '/' else 'colon')} {_part(last, words)}"
    return " ".join(filter(None, (said, stage, stage_number)))


def _is_other(number: str, parts: list[str]) -> bool:
    """A decimal, a date, an amount or a telephone number."""
    if len(parts) < _FEWEST_PARTS:
        return True
    return any(other.fullmatch(number) for other in (_DATE, _GROUPED, _PHONE))


def _part(part: str, words: Lexicon) -> str:
    """From three digits on one by one, as addresses are dictated."""
    return words.digits(part) if len(part) > 2 or part[0] == "0" else part


def _short(found: re.Match[str], words: Lexicon) -> str | None:
    """``v2``; where there is no word for it, the engine says the letter."""
    return words.sign("version") or None


RULES: Final[tuple[Rule, ...]] = (Rule(_VERSION, _version), Rule(_V, _short))
