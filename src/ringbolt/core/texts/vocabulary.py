"""What the words of a text say about the numbers beside them.

Words come from ``words.csv``. In scripts with blanks between words a word counts as a whole, with
the beginnings and endings that languages put around a word for "code" (``Bestätigungscode``,
``kodunuz``): ``vscode`` and ``Unicode`` are none. In other scripts, and where endings are glued to
a word in too many ways to be listed, it is found anywhere.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from ringbolt.core.texts.words import WordList, words
from ringbolt.core.word_pattern import any_of


class Role:
    """What a word says, as bits of a whole number (an ``IntFlag`` takes ten times as long).

    ``CODE``: "code", "PIN", "one-time password". ``OTHER_CODE``: a code that
    is none of these (a promotion's). ``OTHER_NUMBER``: what names another number. ``LINK``: only
    links a word to a code. ``NUMBER``: "number". ``IS``, ``TYPE`` ("enter"), ``PURPOSE``
    ("verification"), ``VALIDITY``, ``OLD``, ``NEW``, ``TO`` (before a recipient or a purpose),
    ``DIGITS`` ("the six digits"), ``ENDING`` (of a word for "code"), ``YOUR``, ``QUALIFIER`` (of a
    code: "temporary"), ``NOT``, ``STRONG`` (with ``CODE``: "password", not only "code"),
    ``MAYBE_IS`` (with ``IS``: also another word elsewhere), ``ENTERED`` ("you entered": a code of
    before), ``ASKING`` ("asks you for": somebody else). From ``MONEY`` on: what ``contexts``
    asks for."""

    CODE: Final = 1 << 0
    OTHER_CODE: Final = 1 << 1
    OTHER_NUMBER: Final = 1 << 2
    NUMBER: Final = 1 << 3
    IS: Final = 1 << 4
    TYPE: Final = 1 << 5
    PURPOSE: Final = 1 << 6
    VALIDITY: Final = 1 << 7
    OLD: Final = 1 << 8
    NEW: Final = 1 << 9
    TO: Final = 1 << 10
    LINK: Final = 1 << 11
    BEFORE_CODE: Final = 1 << 12
    AFTER_CODE: Final = 1 << 13
    DIGITS: Final = 1 << 14
    ENDING: Final = 1 << 15
    YOUR: Final = 1 << 16
    QUALIFIER: Final = 1 << 17
    NOT: Final = 1 << 18
    STRONG: Final = 1 << 19
    MAYBE_IS: Final = 1 << 20
    MONEY: Final = 1 << 21
    UNIT: Final = 1 << 22
    ENDING_IN: Final = 1 << 23
    ENDING_LINK: Final = 1 << 24
    CALL: Final = 1 << 25
    CALL_LINK: Final = 1 << 26
    BEFORE_NUMBER: Final = 1 << 27
    ANSWER: Final = 1 << 28
    ANSWER_TO: Final = 1 << 29
    SENT: Final = 1 << 30
    AFTER_NUMBER: Final = 1 << 31
    ENTERED: Final = 1 << 32
    ASKING: Final = 1 << 33


NOTHING: Final = 0
_LISTS: Final = (
    (WordList.CODE_ALONE, Role.CODE),
    (WordList.CODE_PHRASE, Role.CODE),
    (WordList.OTHER_CODE, Role.BEFORE_CODE | Role.AFTER_CODE),
    (WordList.OTHER_CODE_AFTER, Role.AFTER_CODE),
    (WordList.OTHER_NUMBER, Role.OTHER_NUMBER),
    (WordList.NUMBER_WORD, Role.NUMBER),
    (WordList.ANNOUNCING, Role.IS),
    (WordList.VALIDITY, Role.VALIDITY),
    (WordList.OLD, Role.OLD),
    (WordList.ENTERED, Role.ENTERED),
    (WordList.ASKING, Role.ASKING),
    (WordList.NEW, Role.NEW),
    (WordList.RECIPIENT, Role.TO),
    (WordList.BETWEEN, Role.LINK),
    (WordList.FILLER, Role.LINK),
    (WordList.TYPING_WORD, Role.TYPE),
    (WordList.DIGITS, Role.DIGITS),
    (WordList.YOUR, Role.YOUR | Role.LINK),
    (WordList.QUALIFIER, Role.QUALIFIER),
    (WordList.NOT, Role.NOT),
    (WordList.ANNOUNCING_ELSEWHERE, Role.MAYBE_IS),
    (WordList.CURRENCY, Role.MONEY),
    (WordList.UNIT, Role.UNIT),
    (WordList.ENDING_LINK, Role.ENDING_LINK),
    (WordList.CALL, Role.CALL),
    (WordList.CALL_LINK, Role.CALL_LINK),
    (WordList.BEFORE_NUMBER, Role.BEFORE_NUMBER),
    (WordList.ANSWER, Role.ANSWER),
    (WordList.ANSWER_TO, Role.ANSWER_TO),
    (WordList.AFTER_NUMBER, Role.AFTER_NUMBER),
)
"""Lists of whole words."""

_BEGINNINGS: Final = (
    (WordList.PURPOSE, Role.PURPOSE),
    (WordList.TYPING, Role.TYPE),
    (WordList.ENDING_IN, Role.ENDING_IN),
    (WordList.SENT, Role.SENT),
    (WordList.UNIT_BEGINNING, Role.UNIT),
)
"""Lists of words and beginnings of words."""

# Thai to Khmer, China, Japan and Korea: no blanks between words, or endings glued to them
ANYWHERE: Final = (
    "\u0530-\u058f\u0780-\u07bf\u0900-\u0963\u0970-\u0dff\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u10a0-\u10ff"
    "\u1100-\u13ff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
)
MARKS: Final = "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670"
_FIRST_WORD = re.compile(rf"(?:[^\W\d_][{MARKS}]*)+")
_IS_ANYWHERE = re.compile(rf"[{ANYWHERE}]")
_PREFIXES = re.compile(r"[ובהלכשמ][א-ת]{3}|[وفبلك][\u0620-\u064a]{3}|ال[\u0620-\u064a]{3}")
"""What Hebrew and Arabic write together with a word: "and", "in the"."""
_NUMBER_OF = re.compile(r"[a-zà-ž]{4,30}nr")
"""Short for "number" at the end of a compound: ``Kundennr``."""
_LEAST_OF_OTHERS: Final = 5
_SHORT_STEM: Final = 4


def normal(word: str) -> str:
    """A word of a list in the form in which texts are read."""
    if word.isascii():
        return word.lower()
    composed = unicodedata.normalize("NFKC", word).lower()
    return "".join(sign for sign in composed if unicodedata.category(sign) != "Cf")


@lru_cache(4096)
def roles_of(word: str) -> int:
    """What a word of a script with blanks says."""
    roles = _said(word)
    if not roles and not word.isascii():
        roles = _said(_without_marks(word)) & Role.CODE
        if not roles and _PREFIXES.match(word):
            roles = (_said(word[1:]) | _said(word[2:]) | _said(word[3:])) & Role.OTHER_NUMBER
    return roles


def is_strong(word: str) -> bool:
    """Whether a word for "code" can mean nothing else."""
    return _spaced().strong.search(word) is not None


def _without_marks(word: str) -> str:
    """Many people, and services for Yoruba or Turkish, write without accents."""
    return "".join(x for x in unicodedata.normalize("NFD", word) if not unicodedata.combining(x))


def _said(word: str) -> int:
    known = _spaced()
    roles = known.exact.get(word, NOTHING)
    for pattern, role in known.beginnings:
        if pattern.match(word):
            roles |= role
    if roles & Role.ENTERED:
        roles &= ~Role.TYPE  # "entered" begins like "enter"
    if known.code.fullmatch(word) and not known.no_code.match(word):
        roles |= Role.CODE
    elif known.other_code.fullmatch(word):
        roles |= Role.OTHER_CODE
    if not roles & ~(Role.BEFORE_CODE | Role.AFTER_CODE) and _NUMBER_OF.fullmatch(word):
        roles |= Role.OTHER_NUMBER
    return roles


@dataclass(frozen=True, slots=True)
class _Known:
    """Words, and a pattern for any of them."""

    pattern: re.Pattern[str]
    roles: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Spaced:
    """How words of scripts with blanks are known."""

    exact: dict[str, int]
    beginnings: tuple[tuple[re.Pattern[str], int], ...]
    code: re.Pattern[str]
    other_code: re.Pattern[str]
    no_code: re.Pattern[str]
    strong: re.Pattern[str]


@cache
def listed(*names: WordList) -> tuple[str, ...]:
    """The words of lists in the form in which texts are read."""
    return tuple(normal(word) for name in names for word in words(name))


def alone(*names: WordList) -> str:
    """A pattern for any word of the lists; in scripts with blanks no letter stands before it."""
    found = listed(*names)
    spaced = any_of(word for word in found if not is_anywhere(word))
    anywhere = any_of(filter(is_anywhere, found))
    return rf"(?:(?<![^\W\d_])(?:{spaced}){f'|{anywhere}' if anywhere else ''})"


def beginning(*names: WordList) -> str:
    """The same, also where a word only begins so."""
    return rf"{alone(*names)}\w{{0,8}}"


def is_anywhere(word: str) -> bool:
    """Whether a word is of a script without blanks between words, or with endings of all kinds."""
    return _IS_ANYWHERE.search(word) is not None


def _roles_of_lists(lists: Iterable[tuple[WordList, int]]) -> dict[str, int]:
    roles: dict[str, int] = {}
    for name, role in lists:
        for word in listed(name):
            roles[word] = roles.get(word, NOTHING) | role
    return roles


@cache
def anywhere_words() -> _Known:
    """The words that are found anywhere."""
    lists = ((WordList.CODE, Role.CODE), *_LISTS, *_BEGINNINGS)
    roles = {word: role for word, role in _roles_of_lists(lists).items() if is_anywhere(word)}
    return _Known(re.compile(any_of(roles)), roles)


@dataclass(frozen=True, slots=True)
class _Phrases:
    """What consists of several words, and what it says: in scripts with blanks (``spaced``), or
    found ``anywhere``. ``firsts`` are the first words of the spaced ones, ``odd`` those that begin
    with none."""

    roles: dict[str, int]
    spaced: re.Pattern[str]
    anywhere: re.Pattern[str]
    firsts: frozenset[str]
    odd: tuple[str, ...]


@cache
def phrases() -> _Phrases:
    """The phrases of all lists."""
    lists = ((WordList.CODE, Role.CODE), *_LISTS, *_BEGINNINGS)
    roles = {
        word: role
        for word, role in _roles_of_lists(lists).items()
        if any(sign in " '’./$-?" for sign in word) and any(map(str.isalpha, word))
    }
    between_blanks = [word for word in roles if not is_anywhere(word)]
    firsts = {word: _FIRST_WORD.match(word) for word in between_blanks}
    spaced = rf"(?<![^\W\d_])(?:{any_of(between_blanks)})(?![^\W\d_])"
    anywhere = any_of(filter(is_anywhere, roles))
    return _Phrases(
        roles,
        re.compile(spaced),
        re.compile(anywhere),
        frozenset(first[0] for first in firsts.values() if first),
        tuple(word for word, first in firsts.items() if not first),
    )


@cache
def _spaced() -> _Spaced:
    exact = {word: role for word, role in _roles_of_lists(_LISTS).items() if not is_anywhere(word)}
    stems = [word for word in listed(WordList.CODE) if not is_anywhere(word)]
    latin = any_of(word for word in stems if _script(word) == "latin")
    arabic = any_of(word for word in stems if _script(word) == "arabic")
    hebrew = any_of(word for word in stems if _script(word) == "hebrew")
    others = any_of(word for word in stems if _script(word) == "other")
    short = any_of(word for word in stems if len(word) <= _SHORT_STEM)
    ending = any_of(listed(WordList.CODE_ENDING))
    ending_elsewhere = any_of(listed(WordList.CODE_ENDING_ELSEWHERE))
    purpose = any_of(word for word in listed(WordList.PURPOSE) if word.isalpha())
    begins = f"(?:(?:{purpose})[a-zß-ž]{{0,8}}|{any_of(listed(WordList.CODE_BEGINNING))})"
    others_before = [w for w in listed(WordList.OTHER_CODE) if w.isalpha() and not is_anywhere(w)]
    code = (
        rf"{begins}?(?:{latin})(?:{ending})?|{begins}(?:tan|pin|otp)s?"
        rf"|(?:{others})\w{{0,7}}"
        rf"|[ופ]?[הבלכשמ]{{0,2}}(?:{hebrew})(?:{ending_elsewhere})?"
        rf"|[وف]?[بلك]?(?:ال)?(?:{arabic})(?:{ending_elsewhere})?"
    )
    return _Spaced(
        exact,
        (
            *((_beginning(listed(name)), role) for name, role in _BEGINNINGS),
            (_beginning(others_before, _LEAST_OF_OTHERS), Role.BEFORE_CODE | Role.AFTER_CODE),
        ),
        re.compile(code),
        re.compile(
            rf"(?:{any_of(others_before)})s?(?:(?:{latin})(?:{ending})?|(?:{others})\w{{0,4}})"
        ),
        # ``promocode``, ``zipcode``, though they begin like a compound that is a code
        re.compile(rf"{any_of(listed(WordList.NO_CODE))}|(?:{any_of(others_before)})(?:{short})"),
        re.compile(any_of(listed(WordList.STRONG))),
    )


def _beginning(found: Iterable[str], least: int = 1) -> re.Pattern[str]:
    """A pattern for words of at least ``least`` letters, which may go on."""
    return re.compile(
        any_of(
            word
            for word in found
            if word.isalpha() and not is_anywhere(word) and len(word) >= least
        )
    )


def _script(word: str) -> str:
    first = unicodedata.name(word[0]).split()[0].lower()
    return first if first in ("latin", "arabic", "hebrew") else "other"
