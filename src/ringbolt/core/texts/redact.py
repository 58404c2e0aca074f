"""Hide everything in a text that could be a code or a link.

What stays shows what the text is about and whether it is the expected one. A text that speaks of a
code, in any language, keeps only words that no code is made of: what is announced may be a word of
any language, and stand before or after its announcement. In every other text, what has a digit of
any script, is spelt in number words, is a web address or a name with a value, or is in capitals and
no common word is hidden. ``MASK`` stands for it, whose length reveals nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import cache, lru_cache
from typing import Final

from ringbolt.core.services import SERVICES
from ringbolt.core.texts.codes import code_spans
from ringbolt.core.texts.plain import MAX_CHARS, plain, plain_signs
from ringbolt.core.texts.words import WordList, words
from ringbolt.core.word_pattern import any_of

MASK: Final = "•••••"
_CUT: Final = "…"
_CAPITALS: Final = 5
_LEAST_TOLD: Final = 3
_CAPITALS_OF_A_WORD: Final = 3
# Scripts that put no blanks between words, in which a code stands next to letters
_UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
)
_SIGN: Final = rf"[^\W{_UNSPACED}]"
_PIECE = re.compile(r"\S+")
_DOMAIN = re.compile(r"[^\s/?#.]\.[^\s/?#.]{2,63}[/?#]")
_HOST = re.compile(r"(?i)[a-z0-9-]\.[a-z]{2,}")
_VALUE = re.compile(r"[a-zA-Z0-9][:=#@][!-~]")
_IS_UNSPACED = re.compile(rf"[{_UNSPACED}]")
_TOKEN = re.compile(rf"{_SIGN}(?:['’_-]?{_SIGN})*")
_WORD = re.compile(r"[^\W\d_]+")
_SPELT = re.compile(r"(?<!\w)[^\W_](?:[ .-][^\W_]){3,}(?!\w)")
_NUMERALS = re.compile(r"[〇零一二三四五六七八九壹贰貳叁參肆伍陆陸柒捌玖]{4,}")
_NOT_LATIN = re.compile(r"[^\x00-\x7f\u00a0-\u024f•…]")
_LETTERS_LEFT = re.compile(r"[A-Z]{4}|[A-Z]{3}-[A-Z]|[A-Z](?: [A-Z]){3}|[0-9]")
_MASKS = re.compile(rf"{MASK}(?:[\W_]{{0,3}}?{MASK})+")
_PUNCTUATION: Final = (
    r"\s!-/:-@\[-`{-~•…“”„‟«»‹›‘’‚–—―¡¿·،؛؟۔।॥၊။។、。！？，：；（）【】「」『』《》〈〉〔〕〜～"
)
_RUN = re.compile(rf"[{_UNSPACED}]+|[^{_UNSPACED}{_PUNCTUATION}]+")
"""What stands between blanks and punctuation, with its marks and other signs, whatever they are."""
_SYMBOLS = re.compile(r"(?<!\S)(?!(?:\.+|-+|\*+|_+)(?!\S))[^\w\s•]{3,}(?!\S)")
_ONE_MORE = re.compile(r"(?i)\b(?:new|another) one\b")


@dataclass(frozen=True, slots=True)
class _Patterns:
    """What is compiled from word lists.

    ``numbers``: digits in words. ``announcement``: what says that there is a code. ``code_first``:
    a code before its announcement. ``common``: words that no code is made of; ``shown``: those, and
    the names of services. ``spoken``: the words for "code" themselves, with their endings.
    ``phrases``: what may be shown in scripts without blanks.
    """

    numbers: re.Pattern[str]
    announcement: re.Pattern[str]
    code_first: re.Pattern[str]
    common: frozenset[str]
    shown: frozenset[str]
    spoken: re.Pattern[str]
    phrases: re.Pattern[str]


@cache
def _patterns() -> _Patterns:
    elsewhere = words(WordList.ANNOUNCING_ELSEWHERE)
    is_ = any_of(_plain(word) for word in words(WordList.ANNOUNCING) if word not in elsewhere)
    number = _any_of(WordList.NUMBER)
    common = frozenset(words(WordList.FILLER) + words(WordList.COMMON) + words(WordList.ANNOUNCING))
    alone = _any_of(WordList.CODE_ALONE, WordList.CODE_PHRASE, WordList.DIGITS)
    anywhere = _any_of(WordList.CODE, WordList.CODE_ELSEWHERE)
    code_word = f"{anywhere}|(?<![a-z])(?:{alone})(?![a-z])"
    names = (WordList.CODE, WordList.CODE_ALONE, WordList.CODE_ELSEWHERE)
    purposes = rf"(?:{_any_of(WordList.PURPOSE)})\w{{0,8}}"
    before = f"{purposes}|{_any_of(WordList.CODE_BEGINNING)}"
    return _Patterns(
        numbers=re.compile(rf"(?i)(?<!\w)(?:{number})(?:[ ,.-]{{1,2}}(?:{number})){{2,}}(?!\w)"),
        announcement=re.compile(
            f"{code_word}|(?<![a-z])otp"
            rf"|(?<!\w)(?:{_any_of(WordList.TYPING)}|(?:{_any_of(WordList.TYPING_WORD)})(?!\w))"
        ),
        code_first=re.compile(
            rf"(?<!\S)\S{{1,40}}(?= (?:(?i:{is_})|[–—-]|=) [^.!?\n]{{0,40}}(?:{code_word}))",
            re.IGNORECASE,
        ),
        common=common,
        shown=common.union(
            word for service in SERVICES.values() for word in _WORD.findall(service.name.lower())
        ),
        spoken=re.compile(
            rf"(?:{before})?(?:{_any_of(*names)})(?:{_any_of(WordList.CODE_ENDING)})?"
        ),
        phrases=re.compile(_any_of(WordList.UNSPACED, *names)),
    )


@cache
def _told() -> frozenset[str]:
    """Words that tell what a text is about besides a code: "error", "expired", "ticket". They name
    other codes and numbers, so ``extract_code`` takes none of them for one."""
    lists = (
        *(WordList.OTHER_CODE, WordList.OTHER_NUMBER, WordList.BEFORE_NUMBER),
        *(WordList.OLD, WordList.ENTERED, WordList.ASKING, WordList.VALIDITY, WordList.QUALIFIER),
    )
    found = (_plain(word) for name in lists for word in words(name))
    return frozenset(word for word in found if word.isalpha() and len(word) >= _LEAST_TOLD)


def _any_of(*names: WordList) -> str:
    return any_of(_plain(word) for name in names for word in words(name))


def _plain(text: str) -> str:
    """In small and compatible letters, without invisible signs."""
    return plain_signs(text).lower()


def masked(text: str) -> str:
    """The first ``MAX_CHARS`` of ``text`` with ``MASK`` in the place of everything that could be of
    use by itself."""
    patterns = _patterns()
    cut = text if len(text) <= MAX_CHARS else text[:MAX_CHARS] + _CUT
    shown = _without_codes(cut)
    if patterns.announcement.search(_plain(cut)):
        shown = patterns.code_first.sub(_uncommon, shown)
        shown = _without_words(_PIECE.sub(_address, shown))
    hidden = patterns.numbers.sub(MASK, _SPELT.sub(MASK, shown))
    hidden = _PIECE.sub(_piece, _NUMERALS.sub(MASK, hidden))
    hidden = _MASKS.sub(MASK, hidden)
    # What was hidden may have stood between signs that now look like a code of their own.
    is_latin = _NOT_LATIN.search(hidden) is None
    left = hidden if is_latin else plain_signs(hidden)
    return _without_codes(hidden) if _LETTERS_LEFT.search(left) else hidden


def _without_codes(text: str) -> str:
    """The text without all that could be taken for a code (``codes.code_spans``)."""
    read = plain(text)
    parts, end = [], 0
    for each in code_spans(read.text):
        start, last = read.span(*each)
        if start >= end:
            parts += [text[end:start], MASK]
            end = last
    return "".join([*parts, text[end:]])


def _without_words(text: str) -> str:
    """A text that speaks of a code: with nothing but common words and those that speak of it;
    before them, also names of services."""
    first = _first_spoken(text)

    def run(found: re.Match[str]) -> str:
        shown = _shown(found[0])
        if shown is _Shown.IN_PARTS:
            return _without_phrases(found[0])
        if shown is _Shown.ALWAYS or (shown is _Shown.BEFORE_CODE and found.start() < first):
            return found[0]
        return found[0] if found[0] == "one" and _is_one_more(text, found) else MASK

    return _SYMBOLS.sub(MASK, _RUN.sub(run, text))


class _Shown(Enum):
    """Which words of a text that speaks of a code may be shown."""

    NEVER = 0
    ALWAYS = 1
    BEFORE_CODE = 2
    IN_PARTS = 3


@lru_cache(4096)
def _shown(run: str) -> _Shown:
    patterns, word = _patterns(), _plain(run)
    if _IS_UNSPACED.match(word):
        return _Shown.IN_PARTS
    if word in patterns.common or patterns.spoken.fullmatch(word):
        return _Shown.ALWAYS
    if word in _told() and not run.isupper():
        return _Shown.ALWAYS
    return _Shown.BEFORE_CODE if word in patterns.shown else _Shown.NEVER


def _first_spoken(text: str) -> int:
    """Where the first word for "code" begins; the end of the text if there is none."""
    spoken = _patterns().spoken
    return next(
        (each.start() for each in _RUN.finditer(text) if spoken.fullmatch(_plain(each[0]))),
        len(text),
    )


def _without_phrases(run: str) -> str:
    """A run of a script without blanks: only its known phrases are shown."""
    parts, end = [], 0
    for found in _patterns().phrases.finditer(run):
        parts += [MASK] * (found.start() > end) + [found[0]]
        end = found.end()
    return "".join(parts + [MASK] * (end < len(run)))


def _is_one_more(text: str, found: re.Match[str]) -> bool:
    """Whether "one" is no digit here: "a new one"."""
    return _ONE_MORE.search(text, max(0, found.start() - 10), found.end()) is not None


def _uncommon(found: re.Match[str]) -> str:
    said = _WORD.findall(found[0].lower())
    return found[0] if _patterns().common.issuperset(said) else MASK


def _address(found: re.Match[str]) -> str:
    piece = found[0]
    if piece.isalpha():
        return piece
    is_address = "://" in piece or _DOMAIN.search(piece) or _HOST.search(piece)
    return MASK if is_address or _VALUE.search(piece) else piece


def _piece(found: re.Match[str]) -> str:
    piece = found[0]
    if piece.isascii() and piece.isalpha() and (piece.islower() or piece.istitle()):
        return piece
    piece = _address(found)
    return piece if piece == MASK else _TOKEN.sub(_token, piece)


def _token(found: re.Match[str]) -> str:
    token = found[0]
    has_digit = any(sign.isnumeric() for sign in token)
    capitals = sum(map(str.isupper, token))
    is_shouted = capitals >= _CAPITALS_OF_A_WORD and not any(map(str.islower, token))
    if has_digit or capitals >= _CAPITALS or (is_shouted and not _is_common(token)):
        return MASK
    return token


def _is_common(token: str) -> bool:
    return _patterns().shown.issuperset(_WORD.findall(token.lower()))
