"""The keys of a telephone that a caller is to press: star and hash, named."""

from __future__ import annotations

import re
from typing import Final

from ringbolt.speech.normalise.lexicon import Lexicon
from ringbolt.speech.normalise.rule import SPOKEN, Rule

_DIALLED: Final = re.compile(r"(?<![^\W_])(?=\d*[*#])[\d*#]*\d[\d*#]*(?![^\W_])", re.ASCII)
_PRODUCT: Final = re.compile(r"\d+(?:\*\d+)+")
_SPACED_PRODUCT: Final = re.compile(r"(?<=\d) \* (?=\d)")
_NUMBER: Final = re.compile(
    rf"(?:(?<=[^\W\d_])|(?<![\w*#]))#(?=[0-9]+(?![0-9*#])|[{SPOKEN}](?![*#]))"
)
_NUMBER_OF_ORDER: Final = re.compile(rf"(?<![\w*#])#(?=[A-Za-z]{{1,3}}-?[\d{SPOKEN}])")
_NUMBER_APART: Final = re.compile(rf"(?<=[a-z])# (?=[\d{SPOKEN}])")
_SHARP: Final = re.compile(r"(?<=(?<!\w)[A-GJ])#(?![\w#*])")
_HASHTAG: Final = re.compile("(?<![\\w#&])#(?=[^\\W\\d_\u2e80-\u9fff\uac00-\ud7af]{2})")
_BRACKETED: Final = re.compile(r" ?\([\"']?([*#])[\"']?\)")
_FOOTNOTE: Final = re.compile("(?<=[a-zà-öø-ÿ])\\*+(?![\\w*])", re.IGNORECASE)
_KEY: Final = re.compile(r"[*#]")
_NAME_REACH: Final = 24
_PART: Final = re.compile(r"\d+|[*#]")
_KEYS: Final = {"*": "star", "#": "hash"}


def _key(found: re.Match[str], words: Lexicon) -> str | None:
    return words.sign(_KEYS[found[0]]) or None


def _number(found: re.Match[str], words: Lexicon) -> str | None:
    """``#5`` as "number 5"; the digits are read by the rules for numbers."""
    return words.sign("number") or words.sign("hash") or None


def _dialled(found: re.Match[str], words: Lexicon) -> str | None:
    """``*21*5551234#``: what is typed, key by key."""
    times = words.sign("times")
    if times and _PRODUCT.fullmatch(found[0]):
        return f" {times} ".join(found[0].split("*"))
    keys = _PART.findall(found[0])
    said = [words.sign(_KEYS[key]) if key in _KEYS else words.digits(key) for key in keys]
    return " ".join(said) if all(said) else None


def _sharp(found: re.Match[str], words: Lexicon) -> str | None:
    """``C#``, the language and the note."""
    return "sharp" if words.language == "en" else None


def _bracketed(found: re.Match[str], words: Lexicon) -> str | None:
    """``the pound (#) key``: its name stands before it."""
    name = words.sign(_KEYS[found[1]])
    before = found.string[max(0, found.start() - _NAME_REACH) : found.start()]
    return "" if name and name.casefold() in before.casefold() else None


def _times(found: re.Match[str], words: Lexicon) -> str | None:
    return words.sign("times") or None


def _hashtag(found: re.Match[str], words: Lexicon) -> str | None:
    return words.sign("hashtag") or words.sign("hash") or None


def _footnote(found: re.Match[str], words: Lexicon) -> str:
    """``free*``: the star leads to a note, it is no key."""
    return ""


RULES: Final[tuple[Rule, ...]] = (
    Rule(_NUMBER, _number),
    Rule(_DIALLED, _dialled),
    Rule(_SPACED_PRODUCT, _times),
    Rule(_NUMBER_OF_ORDER, _number),
    Rule(_NUMBER_APART, _number),
    Rule(_SHARP, _sharp),
    Rule(_HASHTAG, _hashtag),
    Rule(_BRACKETED, _bracketed),
    Rule(_FOOTNOTE, _footnote),
    Rule(_KEY, _key),
)
