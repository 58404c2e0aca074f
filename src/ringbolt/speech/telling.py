"""What tells the language of a short text in Latin letters: its words and its letters. Pure.

Statistics need some dozen letters; "Dzień dobry" has ten.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Final

from ringbolt.core.tables import entries, shipped_rows
from ringbolt.speech.languages import DETECTED

TELLING_TEXT: Final = 60
"""Letters. Longer texts are left to statistics."""

_WORD: Final = re.compile(r"[^\W\d_]+")
_SHARE: Final = 4
"""One word of a language in so many tells it; among more English ones it is a chance."""

_LETTERS: Final = str.maketrans(
    {"ß": "ss", "ł": "l", "đ": "d", "ı": "i", "ø": "o", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"}
    | {"ə": "e", "ħ": "h"}
)
_OF_ENGLISH_NAMES: Final = frozenset("éèëïñ")
"""In a text without foreign words these tell nothing: "Café Noël", "piñata"."""


@dataclass(frozen=True, slots=True)
class _Language:
    """``words``: without marks; ``marked``: words that tell something only with their marks."""

    code: str
    letters: frozenset[str]
    words: frozenset[str]
    marked: frozenset[str]

    def count(self, words: list[str], plain: list[str]) -> int:
        """How many of the words of a text, as written and without marks, are of the language."""
        return sum(
            word in self.marked or bare in self.words
            for word, bare in zip(words, plain, strict=True)
        )


def telling_languages(text: str) -> tuple[str, ...]:
    """The languages of which there are more words in ``text`` than English ones, those that have
    all of its letters and the most usual first; else those that have its letters beyond A to Z;
    none if nothing tells."""
    text = unicodedata.normalize("NFC", text.replace("İ", "i").lower())
    words = _WORD.findall(" ".join(token for token in text.split() if not _is_address(token)))
    special = {char for word in words for char in word if not char.isascii()}
    plain = [_fold(word) for word in words]
    english, *others = _languages()
    needed = sum(word in english.words for word in plain) + 1
    score = {each.code: each.count(words, plain) for each in others}
    best = max(score.values())
    fitting = [each.code for each in others if special <= each.letters]
    if best >= needed and best * _SHARE >= len(words):
        leading = [code for code in score if score[code] == best]
        return tuple(sorted(leading, key=lambda code: code not in fitting))
    foreign = sum(not word.isascii() for word in words)
    if special - _OF_ENGLISH_NAMES and foreign >= needed:
        return tuple(fitting)
    return ()


def _is_address(token: str) -> bool:
    """An e-mail or web address, whose parts tell nothing: "com" is Portuguese."""
    return "@" in token or "/" in token or "." in token.strip(".,:;!?()")


def _fold(word: str) -> str:
    """Without marks, as people type it on a foreign keyboard."""
    if word.isascii():
        return word
    decomposed = unicodedata.normalize("NFD", word.translate(_LETTERS))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


@cache
def _languages() -> tuple[_Language, ...]:
    """English first, then those that statistics may choose, the most usual first."""
    rows = shipped_rows("ringbolt.speech", "telling.csv")
    return tuple(
        _Language(
            row["language"],
            frozenset(row["letters"]),
            frozenset(entries(row["words"])),
            frozenset(entries(row["marked"])),
        )
        for row in rows
        if row["language"] in DETECTED
    )
