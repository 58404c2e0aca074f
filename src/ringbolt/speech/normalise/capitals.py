"""Texts in capitals: hibari would spell their words ("THIS" as T, H, I, S)."""

from __future__ import annotations

import re
from typing import Final

_FEWEST: Final = 8
_MOST_OF_IT: Final = 0.6
_WORD: Final = re.compile(r"(?<!\d)[^\W\d_]+(?!\d)")
_LONGEST_INITIALS: Final = 3
_SHORT_WORDS: Final = frozenset(
    {
        "A", "AN", "AND", "ANY", "ALL", "ARE", "AS", "AT", "BE", "BUT", "BY",
        "CAN", "DAY", "DO", "FOR", "GET", "GO", "HAS", "HE", "HER", "HIM", "HIS",
        "HOW", "IF", "IN", "IS", "IT", "ITS", "KEY", "ME", "MY", "NEW", "NO",
        "NOT", "NOW", "OF", "OFF", "ON", "ONE", "OR", "OUR", "OUT", "PAY", "SAY",
        "SHE", "SO", "TEN", "THE", "TO", "TWO", "UP", "USE", "WAS", "WE", "WHO",
        "WHY", "YES", "YOU",
    }
)  # fmt: skip
"""Words of up to three letters that are no initials."""


def is_shouted(text: str) -> bool:
    """Whether most letters of ``text`` are capitals, and so many that it is more than a code."""
    letters = [char for char in text if char.isalpha()]
    return len(letters) >= _FEWEST and sum(map(str.isupper, letters)) >= _MOST_OF_IT * len(letters)


def calmed(text: str) -> str:
    """``text`` in small letters, but for initials."""
    return _WORD.sub(lambda m: m[0].lower() if _is_word(m[0]) else m[0], text)


def _is_word(word: str) -> bool:
    return len(word) > _LONGEST_INITIALS or word in _SHORT_WORDS
