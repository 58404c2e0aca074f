"""Hide everything in a text that could be a code or a link.

What stays shows what the text is about and whether it is the expected one. Everything that has a
digit of any script, is spelt in number words, is a web address or a name with a value, is in
capitals and no common word, or follows the announcement of a code becomes ``MASK``, whose length
reveals nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from ringbolt.core.services import SERVICES
from ringbolt.core.texts.code_patterns import code_patterns
from ringbolt.core.texts.words import WordList, words

MASK: Final = "•••••"

_CAPITALS: Final = 5
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
_TOKEN = re.compile(rf"{_SIGN}(?:['’_-]?{_SIGN})*")
_WORD = re.compile(r"[^\W\d_]+")
_SPELT = re.compile(r"(?<!\w)[^\W_](?:[ .-][^\W_]){3,}(?!\w)")
_NUMERALS = re.compile(r"[〇零一二三四五六七八九壹贰貳叁參肆伍陆陸柒捌玖]{4,}")
_MASKS = re.compile(rf"{MASK}(?:[\W_]{{0,3}}?{MASK})+")
_SENTENCE: Final = r"(?:(?![.!?](?:\s|$))[^\n。！？,，;；]){1,200}"


@dataclass(frozen=True, slots=True)
class _Patterns:
    """What is compiled from word lists.

    ``numbers``: digits in words. ``announced`` and ``used``: a sentence that announces a code, the
    group being what stands before it. ``code_first``: a code before its announcement. ``common``:
    words that no code is made of; ``shown``: those, and the names of services.
    """

    numbers: re.Pattern[str]
    announced: re.Pattern[str]
    used: re.Pattern[str]
    code_first: re.Pattern[str]
    common: frozenset[str]
    shown: frozenset[str]


@cache
def _patterns() -> _Patterns:
    code_word = code_patterns().code_word.pattern
    code = rf"(?i:{code_word})\w{{0,20}}"
    is_ = "|".join(words(WordList.ANNOUNCING))
    number = "|".join(words(WordList.NUMBER))
    common = code_patterns().fillers.union(words(WordList.COMMON))
    return _Patterns(
        numbers=re.compile(rf"(?i)(?<!\w)(?:{number})(?:[ ,.-]{{1,2}}(?:{number})){{2,}}(?!\w)"),
        announced=re.compile(
            rf"({code}[\"'”»)]?\s{{0,3}}(?:(?i:{is_})(?!\w)\s{{0,3}}[:：=–—-]?|[:：=–—]|- ))"
            rf"{_SENTENCE}"
        ),
        used=re.compile(rf"(?i:use|enter|type|with|using)( (?:the |this )?{code}) \S{{1,40}}"),
        code_first=re.compile(
            rf"(?<!\S)\S{{1,40}}(?= (?:(?i:{is_})|[–—-]|=) [^.!?\n]{{0,40}}(?:{code_word}))",
            re.IGNORECASE,
        ),
        common=common,
        shown=common.union(
            word for service in SERVICES.values() for word in _WORD.findall(service.name.lower())
        ),
    )


def masked(text: str) -> str:
    """``text`` with ``MASK`` in the place of everything that could be of use by itself."""
    patterns = _patterns()
    hidden = patterns.code_first.sub(_uncommon, text)
    hidden = patterns.used.sub(_after, patterns.announced.sub(_after, hidden))
    hidden = patterns.numbers.sub(MASK, _SPELT.sub(MASK, hidden))
    hidden = _PIECE.sub(_piece, _NUMERALS.sub(MASK, hidden))
    return _MASKS.sub(MASK, hidden)


def _after(found: re.Match[str]) -> str:
    """The announcement of a code unchanged; of what follows it, only common words."""
    head, rest = found[0][: found.end(1) - found.start()], found[0][found.end(1) - found.start() :]
    return head + _PIECE.sub(_uncommon, rest)


def _uncommon(found: re.Match[str]) -> str:
    said = _WORD.findall(found[0].lower())
    return found[0] if _patterns().common.issuperset(said) else MASK


def _piece(found: re.Match[str]) -> str:
    piece = found[0]
    is_address = "://" in piece or _DOMAIN.search(piece) or _HOST.search(piece)
    return MASK if is_address or _VALUE.search(piece) else _TOKEN.sub(_token, piece)


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
