"""Which words make the digits after them a code, a telephone number or a version."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from ringbolt.core.tables import entries, shipped_rows
from ringbolt.core.texts.words import WordList
from ringbolt.core.texts.words import words as words_of

_REACH: Final = 90
"""Characters before a number in which its word stands."""
_WORDS_BETWEEN: Final = 4
"""So many other words may stand between: "the code for your order is 4829"."""
_SHORT_WORDS: Final = frozenset({"vi"})
"""Languages that write each syllable as a word."""
_WORD: Final = re.compile(
    r"[^\W\d_]+(?:[\u0300-\u036f\u0900-\u0dff\u200c'’\-][^\W\d_]*)*|[^\W\d_]+"
)
_DIGIT: Final = re.compile(r"\d")
_UNSPACED: Final = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_UNSPACED_REACH: Final = 8
_CLAUSE_END: Final = re.compile(r"[;।。？！]|[.!?](?=\s+(\w))")
_WORDS_AFTER: Final = 5
_HEAD_LAST: Final = frozenset(
    {"tr", "az", "uz", "tk", "kk", "ky", "hu", "fi", "et", "zh", "yue", "ja", "ko", "eu"}
)
"""Languages that say "4829 code"; elsewhere digits right before the word count codes."""

Kind = Literal["codes", "numbers", "phones", "versions", "ends"]


@dataclass(frozen=True, slots=True)
class Words:
    """``whole`` words, ``endings`` and ``beginnings`` of words, phrases of several words."""

    whole: frozenset[str]
    endings: tuple[str, ...]
    beginnings: tuple[str, ...]
    inside: tuple[str, ...]
    phrases: tuple[str, ...]
    prefixes: tuple[str, ...]

    def has(self, word: str) -> bool:
        word = word.casefold()
        return (
            word in self.whole
            or word.endswith(self.endings)
            or word.startswith(self.beginnings)
            or any(part in word for part in self.inside)
            or any(
                word.startswith(prefix) and word[len(prefix) :] in self.whole
                for prefix in self.prefixes
            )
        )


def follows(before: str, language: str, kind: Kind) -> bool:
    """Whether a word of the kind stands shortly before, in the same sentence."""
    near = before[-_REACH:]
    known = _words(language, kind)
    if _UNSPACED.search(near[-_UNSPACED_REACH:]):
        tail = near[-_UNSPACED_REACH:]
        return any(word in tail for word in known.whole)
    clause = near[max([0, *_clause_ends(near)]) :]
    if kind == "numbers":
        clause = clause[clause.rfind(", ") + 1 :]
    if any(phrase in clause.casefold() for phrase in known.phrases):
        return True
    found = _WORD.findall(clause)
    announced = clause.rstrip().endswith((":", "="))
    announced |= bool(found) and found[-1].casefold() in words_of(WordList.ANNOUNCING)
    if kind == "codes" and announced:  # "the code for Anna's account at the bank is 4829"
        return any(map(known.has, found))
    if kind == "ends":  # "ending in 4410", but "Ends 31 Dec 2026"
        clause = _DIGIT.split(clause)[-1]
        return any(map(known.has, _WORD.findall(clause)[-2:]))
    reach = 0 if kind == "versions" else _WORDS_BETWEEN * (2 if language in _SHORT_WORDS else 1)
    return any(map(known.has, found[-reach - 1 :]))


def announces(after: str, language: str) -> bool:
    """Whether what follows a number says that it was a code: "4829 is your code"."""
    near = after[:_REACH]
    known = _words(language, "codes")
    if _UNSPACED.search(near[:_UNSPACED_REACH]):
        return any(word in near[: 2 * _UNSPACED_REACH] for word in known.whole)
    clause = near[: min([len(near), *_clause_ends(near)])]
    found = _WORD.findall(clause)[:_WORDS_AFTER]
    if language not in _HEAD_LAST:
        found = found[1:]
    return any(map(known.has, found))


def _clause_ends(text: str) -> list[int]:
    """A point before a small letter or a digit is one of an abbreviation, or leads to a number."""
    ends = _CLAUSE_END.finditer(text)
    return [
        end.end() for end in ends if end[1] is None or not (end[1].islower() or end[1].isdigit())
    ]


def measures(after: str) -> bool:
    """Whether a number with this after it is an amount: ``4829 people``."""
    word = _WORD.search(after[:_REACH].casefold())
    if word is None or word.start() > 1:
        return False
    listed = word[0] in (*words_of(WordList.CURRENCY), *words_of(WordList.UNIT))
    return listed or word[0].startswith(entries(_rows()["any"]["measures"]))


@cache
def _words(language: str, kind: Kind) -> Words:
    rows = _rows()
    own, of_any = rows.get(language, {}), rows["any"]
    listed = [*entries(own.get(kind, "")), *entries(of_any[kind])]
    stems = [(word.strip("*").casefold(), word[0] == "*", word[-1] == "*") for word in listed]
    return Words(
        frozenset(stem for stem, _, _ in stems if " " not in stem),
        tuple(stem for stem, ends, begins in stems if ends and not begins),
        tuple(stem for stem, ends, begins in stems if begins and not ends),
        tuple(stem for stem, ends, begins in stems if begins and ends),
        tuple(stem for stem, _, _ in stems if " " in stem),
        entries(own.get("prefixes", "")),
    )


@cache
def _rows() -> dict[str, dict[str, str]]:
    rows = shipped_rows("ringbolt.speech.normalise", "code_words.csv")
    return {row["language"]: row for row in rows}
