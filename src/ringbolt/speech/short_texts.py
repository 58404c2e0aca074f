"""The language of a short text, by usual words and by letters. Pure.

Statistics need some dozen letters; "Dzień dobry" has ten.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Final

from ringbolt.core.tables import entries, shipped_rows
from ringbolt.speech.languages import LANGUAGES

ENOUGH_FOR_STATISTICS: Final = 60
"""Letters. Texts that have as many are left to statistics."""

_WORD: Final = re.compile(r"[^\s\d!-/:-@\[-`{-~\u00a1-\u00bf\u2010-\u205e،؛؟।]+")
"""With the vowel signs of Indic scripts, which are no letters."""

_WORDS_PER_KNOWN: Final = 4
"""At least one word in so many must be of the language; among more English ones it is a chance."""

_LETTERS: Final = str.maketrans(
    {"ß": "ss", "ł": "l", "đ": "d", "ı": "i", "ø": "o", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"}
    | {"ə": "e", "ħ": "h"}
)
_USUAL_LETTERS: Final = {
    "latin": frozenset("abcdefghijklmnopqrstuvwxyz"),
    "cyrillic": frozenset("абвгдежзийклмнопрстуфхцчшщъыьэюяё"),
    "arabic": frozenset("ءآأؤإئابةتثجحخدذرزسشصضطظعغـفقكلمنهوىيٱ"),
}
"""Those of the first language of a script; in other scripts letters distinguish no languages."""

_OF_ENGLISH_NAMES: Final = frozenset("éèëïñ")
"""In a text without foreign words these are no sign of another language: "Café Noël"."""


@dataclass(frozen=True, slots=True)
class _Language:
    """``words``: without marks; ``marked``: words that are of it only with their marks."""

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


def languages_by_words(text: str, script: str) -> tuple[str, ...]:
    """The languages of which there are more words in ``text`` than of the first of its script (in
    Latin letters English), those that have all of its letters and the most usual first; else those
    that have the letters in it that the first has not; none if neither helps."""
    if script not in _languages():
        return ()
    text = unicodedata.normalize("NFC", text.replace("İ", "i").lower())
    words = _WORD.findall(" ".join(token for token in text.split() if not _is_address(token)))
    usual = _USUAL_LETTERS.get(script, frozenset())
    special = {char for word in words for char in word if char.isalpha() and char not in usual}
    plain = [_fold(word) for word in words] if script == "latin" else words
    first, *others = _languages()[script]
    needed = sum(word in first.words for word in plain) + 1
    score = {each.code: each.count(words, plain) for each in others}
    best = max(score.values())
    fitting = [each.code for each in others if special <= each.letters]
    if best >= needed and best * _WORDS_PER_KNOWN >= len(words):
        leading = [code for code in score if score[code] == best]
        return tuple(sorted(leading, key=lambda code: code not in fitting))
    foreign = sum(not special.isdisjoint(word) for word in words)
    if special - _OF_ENGLISH_NAMES and foreign >= needed:
        return tuple(fitting)
    return ()


def _is_address(token: str) -> bool:
    """An e-mail or web address, whose parts are no words of the text: "com" is Portuguese."""
    return "@" in token or "/" in token or "." in token.strip(".,:;!?()")


def _fold(word: str) -> str:
    """Without marks, as people type it on a foreign keyboard."""
    if word.isascii():
        return word
    decomposed = unicodedata.normalize("NFD", word.translate(_LETTERS))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


@cache
def _languages() -> dict[str, tuple[_Language, ...]]:
    """By script: the first, then those that statistics may choose, the most usual first."""
    found: dict[str, tuple[_Language, ...]] = {}
    for row in shipped_rows("ringbolt.speech", "short_texts.csv"):
        language = _Language(
            row["language"],
            frozenset(row["letters"]),
            frozenset(entries(row["words"])),
            frozenset(entries(row["marked"])),
        )
        script = LANGUAGES[language.code].script
        found[script] = (*found.get(script, ()), language)
    return found
