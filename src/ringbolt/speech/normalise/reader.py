"""Apply the rules to a text, in their order; each part of the text is used once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ringbolt.speech.normalise.lexicon import Lexicon, lexicon
from ringbolt.speech.normalise.old import readable
from ringbolt.speech.normalise.rule import Rule

RULES: Final[tuple[Rule, ...]] = ()
"""Markup, addresses, codes, dates, times, money, units, ranges, numbers, then signs alone."""

_SPOKEN: Final = 0xF0000
"""The first of a plane of private signs, which ``clean`` removes from every text: each stands for
one part that is spoken already."""
_MARK = re.compile("[\U000f0000-\U000fffff]")
_SPACES = re.compile(r"[^\S\n]+")


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
    spoken: list[str] = []
    for rule in RULES:
        text = _apply(rule, text, words, spoken)
    text = _MARK.sub(lambda mark: spoken[ord(mark[0]) - _SPOKEN], text)
    if not RULES:
        text = readable(text, language)
    return Reading(_SPACES.sub(" ", text).strip())


def _apply(rule: Rule, text: str, words: Lexicon, spoken: list[str]) -> str:
    def say(found: re.Match[str]) -> str:
        said = rule.say(found, words)
        if said is None:
            return found[0]
        spoken.append(said)
        return chr(_SPOKEN + len(spoken) - 1)

    return rule.pattern.sub(say, text)
