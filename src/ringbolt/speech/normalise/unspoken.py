"""The signs of a text that have no word in its language, by a table alone.

``read`` knows it too, but needs all its tables for that; this is for the time before payment.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from ringbolt.core.calls.ssml import KEYS
from ringbolt.core.tables import shipped_rows
from ringbolt.speech.normalise.addresses import RULES as ADDRESSES
from ringbolt.speech.normalise.signs import CURRENCIES, SEPARATORS, SIGN, is_beside, is_sign, tidy

SIGNS: Final = f"*#+−&@/=%°§©®™<>~≈±÷×‰_→≤≥≠{CURRENCIES}^\\"
"""The signs that the table knows; any other has no word in any language."""

_DIGIT: Final = re.compile(r"\d")


def unspoken_signs(text: str, language: str) -> tuple[str, ...]:
    """The signs beside digits (and the keys star and hash anywhere) that ``text`` (cleaned) loses
    in ``language``, each once."""
    text = tidy(text)
    for rule in ADDRESSES:  # which are read by other words
        text = rule.pattern.sub(" ", text)
    without_word = _without_word(language)
    found = (
        each[0]
        for each in SIGN.finditer(text)
        if is_sign(each[0]) and (each[0] in KEYS or is_beside(each, _DIGIT))
        if each[0] not in SEPARATORS
    )
    missing = (sign for sign in found if sign not in SIGNS or sign in without_word)
    return tuple(dict.fromkeys(missing))


@cache
def _without_word(language: str) -> str:
    rows = shipped_rows("ringbolt.speech.normalise", "unspoken.csv")
    return next((row["signs"] for row in rows if row["language"] == language), "")
