"""What hibari may be given, and whether it says all of it. Pure, but for the tokens of its library.

The reader has put signs into words by then; this is the guard for what it lets through. Measured
with hibari-tts 0.2.1: ``[text](link)`` is its own markup; numbers of 37 digits and more raise
``IndexError``; ``1,2,3`` is 123; a lone ``A`` before a number is the article ("uh 1"); words in
other scripts, signs such as ⅓, numbers that its tagger takes for punctuation, the point of ``M5.8``
and the dash of ``3rd-5th`` have no sound, and there is no error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Protocol

MAX_DIGITS: Final = 12
"""Longer numbers are read digit by digit: as amounts nobody can follow them."""

_SECONDS_PER_LETTER: Final = 0.02
_SECONDS_PER_DIGIT: Final = 0.12
"""At the usual pace; a third of what the shortest of 300 sentences took, zeros left out."""

_MARKUP: Final = str.maketrans(dict.fromkeys("[]{}|`^~_\\", " "))
_NUMBER: Final = re.compile(r"\d[\d,.]*\d")
_GROUPED: Final = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)*")
_LETTER_A: Final = re.compile(r"(?<=[^\s.!?] )A (?=\d)")
_ORDINAL_RANGE: Final = re.compile(r"(?:(?<=\dst)|(?<=\dnd)|(?<=\drd)|(?<=\dth))[-\u2013](?=\d)")
_WORD: Final = re.compile(r"\S+")
_POINT: Final = re.compile(r"(?<=\d)\.(?=\d)")
_SPACES: Final = re.compile(r" {2,}")


class Token(Protocol):
    """A word of hibari's: its text, and its phonemes ('' for none)."""

    text: str
    phonemes: str | None


def guarded(text: str) -> str:
    """``text`` without what hibari takes for markup, and with numbers that it reads rightly."""
    text = _SPACES.sub(" ", text.translate(_MARKUP))
    text = _ORDINAL_RANGE.sub(" to ", _WORD.sub(_with_points, text))
    return _LETTER_A.sub("A, ", _NUMBER.sub(_readable, text))


def unspoken(tokens: Iterable[Token]) -> list[str]:
    """The words and numbers among ``tokens`` that have no sound."""
    return [
        token.text
        for token in tokens
        if not token.phonemes and any(char.isalnum() for char in token.text)
    ]


def least_seconds(text: str) -> float:
    """How long ``text`` takes at least, at the usual pace: what is shorter is not all of it."""
    letters = sum(map(str.isalpha, text))
    digits = sum(char.isdecimal() and char != "0" for char in text)
    return letters * _SECONDS_PER_LETTER + digits * _SECONDS_PER_DIGIT


def _with_points(word: re.Match[str]) -> str:
    """A number with a point that is joined to letters."""
    if any(map(str.isalpha, word[0])):
        return _POINT.sub(" point ", word[0])
    return word[0]


def _readable(number: re.Match[str]) -> str:
    digits = [char for char in number[0] if char.isdecimal()]
    if len(digits) > MAX_DIGITS:
        return ", ".join(digits)
    if _GROUPED.fullmatch(number[0]):
        return number[0]
    return number[0].replace(",", ", ")
