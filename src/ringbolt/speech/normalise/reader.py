"""Apply the rules to a text, in their order; each part of the text is used once."""

from __future__ import annotations

import re
from typing import Final

from ringbolt.core.calls.say_as import spans
from ringbolt.speech.normalise import (
    abbreviations,
    addresses,
    capitals,
    codes,
    dates,
    keys,
    money,
    numbers,
    ordinals,
    phones,
    ranges,
    signs,
    times,
    units,
    versions,
)
from ringbolt.speech.normalise.lexicon import Lexicon, lexicon
from ringbolt.speech.normalise.reading import Reading
from ringbolt.speech.normalise.rule import SPOKEN, Rule
from ringbolt.speech.normalise.say_as import said_as

RULES: Final[tuple[Rule, ...]] = (
    *addresses.RULES,
    *abbreviations.BEFORE_NUMBERS,
    *codes.RULES,
    *versions.RULES,
    *phones.RULES,
    *dates.RULES,
    *times.RULES,
    *money.RULES,
    *units.RULES,
    *ranges.RULES,
    *ordinals.RULES,
    *abbreviations.RULES,
    *keys.RULES,
    *numbers.RULES,
)
"""What is written with more signs comes first: a date's dashes are no minus, a code no amount."""

_ENDING: Final = frozenset((*dates.RULES, *times.RULES, *money.RULES, *units.RULES))
"""Rules that take the point of an abbreviation, which may be the sentence's as well: ``4 Dec. Call
us``. Not those of ordinals: ``3. Stock`` goes on."""

_FIRST: Final = ord(SPOKEN[0])
_MAX_PARTS: Final = ord(SPOKEN[-1]) - _FIRST
_PART: Final = f"[{SPOKEN}]"
_MARK: Final = re.compile(_PART)
_SPACED: Final = "[^\\W_\u2e80-\u9fff\uac00-\ud7af]"
"""A letter or digit of a script with blanks between words."""
_JOINED: Final = re.compile(
    f"(?<={_SPACED})(?={_PART})|(?<={_PART})(?={_SPACED})|(?<={_PART})(?={_PART})"
)
_NUMBER: Final = re.compile(rf"[\d{SPOKEN}]")
_COMMAS: Final = re.compile(r" ?,(?:[ ,]*,)?(?=[ ,])[ ,]*")
_BEFORE_NUMBER: Final = re.compile(f"{_PART}(?= ?(?:[0-9]|{_PART}))")
_DICTATED: Final = re.compile(r"(?:(?<!\w)\w,? ){2}\w$")
_POINTS: Final = re.compile(r"(?<=\w) +(?=\))| +(?=[.,;!?](?:\s|$))")
_SPACES: Final = re.compile(r"[^\S\n]+")


def read(text: str, language: str, region: str = "") -> Reading:
    """``text`` (cleaned) as it is said in ``language``; ``region`` decides the order of dates and
    the grouping of digits."""
    words = lexicon(language, region)
    is_shouted = language == "en" and capitals.is_shouted(text)
    spoken = _Spoken()
    text = "".join(_as_asked(kind, part, words, spoken) for kind, part in spans(text))
    text = signs.tidy(text)
    for rule in RULES:
        text = spoken.apply(rule, text, words)
    if is_shouted:
        text = capitals.calmed(text)
    text, unspoken = signs.say_signs(text, words, _NUMBER)
    text = words.respell(spoken.in_words(spoken.apart(_JOINED.sub(" ", text))))
    return Reading(_tidied(text), unspoken)


class _Spoken:
    """The parts that are spoken already. Each has a private sign in the text, so that no later rule
    reads it again."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def mark(self, said: str) -> str:
        """The sign for a new part."""
        if len(self._parts) == _MAX_PARTS:
            return said
        self._parts.append(said)
        return chr(_FIRST + len(self._parts) - 1)

    def apply(self, rule: Rule, text: str, words: Lexicon) -> str:
        def say(found: re.Match[str]) -> str:
            said = rule.say(found, words)
            if said is None:
                return found[0]
            return self.mark(said) + _stop(found, said) * (rule in _ENDING)

        return rule.pattern.sub(say, text)

    def apart(self, text: str) -> str:
        """With a pause after what is dictated, if a number follows: it would seem to go on."""
        return _BEFORE_NUMBER.sub(
            lambda mark: f"{mark[0]}," if _DICTATED.search(self._part(mark[0])) else mark[0], text
        )

    def _part(self, mark: str) -> str:
        return self._parts[ord(mark) - _FIRST]

    def in_words(self, text: str) -> str:
        return _MARK.sub(lambda mark: self._part(mark[0]), text)


def _stop(found: re.Match[str], said: str) -> str:
    """The point of what was found, if a capital after it shows that a sentence ends there."""
    if not found[0].endswith(".") or said.endswith("."):
        return ""
    follows = found.string[found.end() : found.end() + 2].lstrip()
    return "." if follows[:1].isupper() and found.string[found.end()].isspace() else ""


def _as_asked(kind: str, text: str, words: Lexicon, spoken: _Spoken) -> str:
    """A part of SSML that says how it is to be read; ``kind`` is '' for the text between."""
    said = said_as(kind, text, words) if kind else ""
    return spoken.mark(said) if said else text


def _tidied(text: str) -> str:
    """One blank where there are several, none before a comma; no comma where nothing precedes."""
    text = _POINTS.sub("", _COMMAS.sub(", ", _SPACES.sub(" ", text)))
    return text.strip(" ,\n") if text.startswith((",", " ,")) else text.strip()
