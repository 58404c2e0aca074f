"""Ordinal numbers: 3rd, 2e, 3º, 3-й."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from ringbolt.core.tables import entries, shipped_rows
from ringbolt.core.word_pattern import any_of
from ringbolt.speech.normalise.amount import AFTER, APART
from ringbolt.speech.normalise.calendar import english_ordinal
from ringbolt.speech.normalise.lexicon import Lexicon
from ringbolt.speech.normalise.rule import Rule

_PACKAGE: Final = "ringbolt.speech.normalise"

_BY_ENGINE: Final = frozenset({"en", "fi", "sv"})
"""Languages whose engines read the ordinals as they are written; the first ones have words."""


@cache
def _forms() -> dict[tuple[str, str], str]:
    """The form that an ending stands for, by language."""
    return {
        (row["language"], ending): row["form"]
        for row in shipped_rows(_PACKAGE, "ordinal_endings.csv")
        for ending in entries(row["endings"])
    }


@cache
def _words() -> dict[tuple[str, str], tuple[str, ...]]:
    """The first hundred, by language and form."""
    rows = shipped_rows(_PACKAGE, "ordinal_words.csv")
    return {(row["language"], row["form"]): entries(row["words"]) for row in rows}


def ordinal_word(value: int, form: str, words: Lexicon) -> str:
    """One form of an ordinal number up to a hundred; '' if it is not known."""
    known = _words().get((words.language, form), ())
    return known[value - 1] if 0 < value <= len(known) else ""


def _endings() -> str:
    return any_of({ending for _, ending in _forms()})


_ORDINAL: Final = re.compile(rf"{APART}(?P<number>\d{{1,5}}+)(?P<ending>{_endings()}){AFTER}")


def _say(found: re.Match[str], words: Lexicon) -> str | None:
    form = _forms().get((words.language, found["ending"]))
    value = int(found["number"])
    if found["ending"] == "°" and not is_ordinal("°", found.string[found.end() :][:12], words):
        return None
    if form is None:
        return None
    if words.language == "en":
        return found[0]
    if words.language in _BY_ENGINE:
        return words.ordinal(value) or found[0]
    return ordinal_word(value, form, words) or None


_RANKED: Final = re.compile(
    r" (?:piano|posto|giorno|grado|capitolo|livello|anno|turno|premio|andar|lugar|dia|piso|puesto"
    r"|día|año)\b"
)


def is_ordinal(sign: str, after: str, words: Lexicon) -> bool:
    """``3° piano``: a sign for degrees before what has an order."""
    romance = words.language in ("it", "es", "pt")
    return sign == "°" and romance and _RANKED.match(after) is not None


_GERMAN: Final = re.compile(
    r"(?<!\w)(?P<before>[Dd]er|[Dd]ie|[Dd]as|[Dd]en|[Dd]em|[Dd]es|[Ii]m|[Aa]m|[Zz]um|[Zz]ur|[Vv]om"
    r"|[Bb]eim|[Ii]ns|[Jj]eder|[Jj]eden|[Jj]edes|[Ee]ine)(?P<gap> )(?P<number>\d{1,3}+)\.(?= \w)"
)
_GERMAN_E: Final = frozenset({"der", "die", "das", "ins", "eine"})


def _say_german(found: re.Match[str], words: Lexicon) -> str | None:
    """After an article, where a point ends no sentence: ``im 3. Stock``."""
    if words.language != "de":
        return None
    before = found["before"]
    weak = before.lower() in _GERMAN_E
    spelled = ordinal_word(int(found["number"]), "plain" if weak else "n", words)
    return f"{before} {spelled}" if spelled else None


_POINT: Final = re.compile(rf"{APART}(?P<number>\d{{1,3}}+)\.(?= [a-zçğıöşü])")


def _say_turkish(found: re.Match[str], words: Lexicon) -> str | None:
    """Before a word in small letters: ``3. kat``."""
    if words.language != "tr":
        return None
    return ordinal_word(int(found["number"]), "plain", words) or None


def ordinal(value: int, words: Lexicon) -> str:
    """The usual form of an ordinal number in words; '' if none is known."""
    if words.language == "en" and value > 0:
        return english_ordinal(value)
    forms = (form for language, form in _words() if language == words.language)
    return ordinal_word(value, next(forms, ""), words) or words.ordinal(value)


RULES: Final[tuple[Rule, ...]] = (
    Rule(_ORDINAL, _say),
    Rule(_GERMAN, _say_german),
    Rule(_POINT, _say_turkish),
)
