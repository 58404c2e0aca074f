"""Hide everything in a text that could be a code or a link.

What stays shows what the text is about and whether it is the expected one. A text that speaks of a
code, in any language, keeps only words that no code is made of: what is announced may be a word of
any language, and stand before or after its announcement. In every other text, what has a digit of
any script, is spelt in number words, is a web address or a name with a value, or is in capitals and
no common word is hidden. ``MASK`` stands for it, whose length reveals nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate
from typing import Final, NamedTuple

from ringbolt.core.services import SERVICES
from ringbolt.core.texts.codes import code_spans
from ringbolt.core.texts.plain import MAX_CHARS, plain, plain_signs
from ringbolt.core.texts.words import WordList, words
from ringbolt.core.word_pattern import any_of

MASK: Final = "•••••"
_CUT: Final = "…"
_LONGEST_KEPT: Final = 40
_CAPITALS: Final = 5
_LEAST_TOLD: Final = 3
_CAPITALS_OF_A_WORD: Final = 3
# Scripts that put no blanks between words, in which a code stands next to letters
_UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
)
_SIGN: Final = rf"[^\W{_UNSPACED}]"
_BLANKS = re.compile(r"(\s+)")
_DOMAIN = re.compile(r"[^\s/?#.]\.[^\s/?#.]{2,63}[/?#]")
_HOST = re.compile(r"(?i)[a-z0-9-]\.[a-z]{2,}")
_VALUE = re.compile(r"[a-zA-Z0-9][:=#@][!-~]")
_IS_UNSPACED = re.compile(rf"[{_UNSPACED}]")
_TOKEN = re.compile(rf"{_SIGN}(?:['’_-]?{_SIGN})*")
_WORD = re.compile(r"[^\W\d_]+")
_SPELT = re.compile(r"(?<!\w)[^\W_](?:[ .-][^\W_]){3,}(?!\w)")
_MAY_BE_SPELT = re.compile(r"[ .-][^\W_][ .-][^\W_][ .-]")
_ODD_CASE = re.compile("[ıİſ\u1c80-\u1c88]")
"""Signs that are other signs in another case only."""
_NUMERALS = re.compile(r"[〇零一二三四五六七八九壹贰貳叁參肆伍陆陸柒捌玖]{4,}")
_NOT_LATIN = re.compile(r"[^\x00-\x7f\u00a0-\u024f•…]")
_LETTERS_LEFT = re.compile(r"[A-Z]{4}|[A-Z]{3}-[A-Z]|[A-Z](?: [A-Z]){3}|[0-9]")
_MASKS = re.compile(rf"{MASK}(?:[\W_]{{0,3}}?{MASK})+")
_PUNCTUATION: Final = (
    r"\s!-/:-@\[-`{-~•…“”„‟«»‹›‘’‚–—―¡¿·،؛؟۔।॥၊။។、。！？，：；（）【】「」『』《》〈〉〔〕〜～"
)
_RUN = re.compile(rf"([{_UNSPACED}]+|[^{_UNSPACED}{_PUNCTUATION}]+)")
"""What stands between blanks and punctuation, with its marks and other signs, whatever they are."""
_SYMBOLS = re.compile(
    r"[^\w\s•](?<!\S.)(?!(?:(?<=\.)\.*|(?<=-)-*|(?<=\*)\**)(?!\S))[^\w\s•]{2,}(?!\S)"
)
_PIECE_BEFORE = re.compile(r"\S(?<!\S.)\S*\Z")
_LONGEST_BEFORE: Final = 40
_ONE_MORE = re.compile(r"(?i)\b(?:new|another) one\b")


@dataclass(frozen=True, slots=True)
class _Patterns:
    """What is compiled from word lists.

    ``number``: words for digits; ``numbers``: several of them. ``announcement``: what says that
    there is a code. ``code_first``: the blank between a code and its announcement. ``common``:
    words that no code is made of; ``shown``: those, and the names of services. ``spoken``: the
    words for "code" themselves, with their endings. ``phrases``: what may be shown in scripts
    without blanks.
    """

    number: frozenset[str]
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
        number=frozenset(_plain(word) for word in words(WordList.NUMBER)),
        numbers=re.compile(rf"(?i)(?<!\w)(?:{number})(?:[ ,.-]{{1,2}}(?:{number})){{2,}}(?!\w)"),
        announcement=re.compile(
            f"{code_word}|(?<![a-z])otp"
            rf"|(?<!\w)(?:{_any_of(WordList.TYPING)}|(?:{_any_of(WordList.TYPING_WORD)})(?!\w))"
        ),
        code_first=re.compile(
            rf" (?=(?:{is_}|[–—-]|=) [^.!?\n]{{0,40}}(?:{code_word}))", re.IGNORECASE
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
        shown = _without_codes_first(shown)
        shown = _without_words(_by_pieces(shown, _without_address, _address))
    hidden = _SPELT.sub(MASK, shown) if _MAY_BE_SPELT.search(shown) else shown
    if not patterns.number.isdisjoint(_words(hidden)) or _ODD_CASE.search(hidden):
        hidden = patterns.numbers.sub(MASK, hidden)
    hidden = _by_pieces(_NUMERALS.sub(MASK, hidden), _without_value, _value)
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
    parts = _RUN.split(text)
    ends = list(accumulate(map(len, parts))) if "one" in text else []
    is_after = False
    for index in range(1, len(parts), 2):
        part = parts[index]
        before, after, is_spoken = (_shown if len(part) <= _LONGEST_KEPT else _run_shown)(part)
        is_after = is_after or is_spoken
        if after != part and not (part == "one" and _is_one_more(text, ends[index])):
            parts[index] = after if is_after else before
    return _SYMBOLS.sub(MASK, "".join(parts))


class _Shown(NamedTuple):
    """What is shown of a run of signs ``before`` the first word for "code", and ``after`` it;
    ``is_spoken``: whether it is one itself."""

    before: str
    after: str
    is_spoken: bool


def _run_shown(run: str) -> _Shown:
    patterns, word = _patterns(), _plain(run)
    is_spoken = patterns.spoken.fullmatch(word) is not None
    if _IS_UNSPACED.match(word):
        phrases = _without_phrases(run)
        return _Shown(phrases, phrases, is_spoken)
    if word in patterns.common or is_spoken or (word in _told() and not run.isupper()):
        return _Shown(run, run, is_spoken)
    return _Shown(run if word in patterns.shown else MASK, MASK, is_spoken)


_shown = lru_cache(2048)(_run_shown)
"""The same for runs that are not too long to be kept in memory."""


def _without_phrases(run: str) -> str:
    """A run of a script without blanks: only its known phrases are shown."""
    parts, end = [], 0
    for found in _patterns().phrases.finditer(run):
        parts += [MASK] * (found.start() > end) + [found[0]]
        end = found.end()
    return "".join(parts + [MASK] * (end < len(run)))


def _is_one_more(text: str, end: int) -> bool:
    """Whether the "one" that ends there is no digit: "a new one"."""
    return _ONE_MORE.search(text, max(0, end - len("one") - 10), end) is not None


def _without_codes_first(text: str) -> str:
    """Without what stands before an announcement, if it is no common word: "XKQT is your code"."""
    parts, end = [], 0
    for found in _patterns().code_first.finditer(text):
        at = found.start()
        piece = _PIECE_BEFORE.search(text, max(0, at - _LONGEST_BEFORE), at)
        if piece is not None and not _patterns().common.issuperset(_words(piece[0])):
            parts += [text[end : piece.start()], MASK]
            end = at
    return "".join([*parts, text[end:]])


def _words(piece: str) -> list[str]:
    return _WORD.findall(piece.lower())


def _by_pieces(text: str, shown: Callable[[str], str], kept: Callable[[str], str]) -> str:
    """The text with what is ``shown`` of each piece between blanks; ``kept`` is the same for pieces
    that are not too long to be kept in memory."""
    parts = _BLANKS.split(text)
    if max(map(len, parts)) <= _LONGEST_KEPT:
        return "".join(map(kept, parts))
    return "".join([(kept if len(part) <= _LONGEST_KEPT else shown)(part) for part in parts])


def _without_address(piece: str) -> str:
    is_address = "://" in piece or _DOMAIN.search(piece) or _HOST.search(piece)
    return MASK if is_address or _VALUE.search(piece) else piece


def _without_value(piece: str) -> str:
    """Hidden if it is an address, or if it has digits or capitals and is no common word."""
    if piece.isascii() and piece.isalpha() and (piece.islower() or piece.istitle()):
        return piece
    piece = _without_address(piece)
    return piece if piece == MASK else _TOKEN.sub(_token, piece)


_address = lru_cache(2048)(_without_address)
_value = lru_cache(2048)(_without_value)


def _token(found: re.Match[str]) -> str:
    token = found[0]
    has_digit = any(sign.isnumeric() for sign in token)
    capitals = sum(map(str.isupper, token))
    is_shouted = capitals >= _CAPITALS_OF_A_WORD and not any(map(str.islower, token))
    if has_digit or capitals >= _CAPITALS or (is_shouted and not _is_common(token)):
        return MASK
    return token


def _is_common(token: str) -> bool:
    return _patterns().shown.issuperset(_words(token))
