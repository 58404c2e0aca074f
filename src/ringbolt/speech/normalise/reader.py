"""Apply the rules to a text, in their order; each part of the text is used once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

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
from ringbolt.speech.normalise.old import readable
from ringbolt.speech.normalise.rule import Rule

RULES: Final[tuple[Rule, ...]] = (
    *addresses.RULES,
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

_SPOKEN: Final = 0xF0000
"""The first of a plane of private signs, which ``clean`` removes from every text: each stands for
one part that is spoken already."""
_MAX_PARTS: Final = 0xFFFD
_MARK: Final = re.compile("[\U000f0000-\U000ffffd]")
_SPACED: Final = "[^\\W_\u2e80-\u9fff\uac00-\ud7af]"
"""A letter or digit of a script with blanks between words."""
_JOINED: Final = re.compile(
    f"(?<={_SPACED})(?=[\U000f0000-\U000ffffd])|(?<=[\U000f0000-\U000ffffd])(?={_SPACED})"
)
_NUMBER: Final = re.compile("[\\d\U000f0000-\U000ffffd]")
_COMMAS: Final = re.compile(r" ?,(?:[ ,]*,)?(?=[ ,])[ ,]*")
_SPACES: Final = re.compile(r"[^\S\n]+")


@dataclass(frozen=True, slots=True)
class Reading:
    """``text`` as it is spoken; ``unspoken``: the signs beside digits for which there is no word in
    the language."""

    text: str
    unspoken: tuple[str, ...] = ()


def read(text: str, language: str, region: str = "") -> Reading:
    """``text`` (cleaned) as it is said in ``language``; ``region`` decides the order of dates and
    the grouping of digits."""
    words = lexicon(language, region)
    is_shouted = language == "en" and capitals.is_shouted(text)
    text = signs.tidy(text)
    spoken: list[str] = []
    for rule in RULES:
        text = _apply(rule, text, words, spoken)
    text = readable(text, language)
    if is_shouted:
        text = capitals.calmed(text)
    text, unspoken = signs.say_signs(text, words, _NUMBER)
    text = _MARK.sub(lambda mark: spoken[ord(mark[0]) - _SPOKEN], _JOINED.sub(" ", text))
    return Reading(_tidied(words.respell(text)), unspoken)


def _tidied(text: str) -> str:
    """One blank where there are several, none before a comma; no comma where nothing precedes."""
    text = _COMMAS.sub(", ", _SPACES.sub(" ", text))
    return text.strip(" ,\n") if text.startswith((",", " ,")) else text.strip()


def _apply(rule: Rule, text: str, words: Lexicon, spoken: list[str]) -> str:
    def say(found: re.Match[str]) -> str:
        said = rule.say(found, words)
        if said is None or len(spoken) == _MAX_PARTS:
            return found[0]
        spoken.append(said)
        return chr(_SPOKEN + len(spoken) - 1)

    return rule.pattern.sub(say, text)
