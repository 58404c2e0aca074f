"""Apply the rules to a text, in their order; each part of the text is used once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ringbolt.speech.normalise import (
    abbreviations,
    addresses,
    codes,
    dates,
    keys,
    markup,
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
    *markup.RULES,
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
    *signs.RULES,
)
"""What is written with more signs comes first: a date's dashes are no minus, a code no amount."""

_SPOKEN: Final = 0xF0000
"""The first of a plane of private signs, which ``clean`` removes from every text: each stands for
one part that is spoken already."""
_MAX_PARTS: Final = 0xFFFD
_MARK: Final = re.compile("[\U000f0000-\U000ffffd]")
_JOINED: Final = re.compile(
    "(?<=[^\\W_])(?=[\U000f0000-\U000ffffd])|(?<=[\U000f0000-\U000ffffd])(?=\\w)"
)
_SPACES: Final = re.compile(r"[^\S\n]+")
_MINUS: Final = "\u2212"


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
    text = text.replace(_MINUS, "-")
    spoken: list[str] = []
    for rule in RULES:
        text = _apply(rule, text, words, spoken)
    text = readable(text, language)
    text = _MARK.sub(lambda mark: spoken[ord(mark[0]) - _SPOKEN], _JOINED.sub(" ", text))
    return Reading(_SPACES.sub(" ", words.respell(text)).strip())


def _apply(rule: Rule, text: str, words: Lexicon, spoken: list[str]) -> str:
    def say(found: re.Match[str]) -> str:
        said = rule.say(found, words)
        if said is None or len(spoken) == _MAX_PARTS:
            return found[0]
        spoken.append(said)
        return chr(_SPOKEN + len(spoken) - 1)

    return rule.pattern.sub(say, text)
