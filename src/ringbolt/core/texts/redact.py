"""A text in which nothing that could be a code or a link is left to be read.

What stays says what the text is about and whether it is the one that was waited for. Whatever has
a digit of any script, is spelt in number words, is a web address or a name with a value, is in
capitals and no common word, or stands where a code is announced becomes ``MASK``, whose length
tells nothing.
"""

from __future__ import annotations

import re
from typing import Final

from ringbolt.core.services import SERVICES
from ringbolt.core.texts.code_words import CODE_WORD, FILLERS

MASK: Final = "•••••"

_CAPITALS: Final = 5
_CAPITALS_OF_A_WORD: Final = 3
# Scripts that put no blanks between words, in which a code stands beside letters
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
_NUMBERS: Final = """
    zero one two three four five six seven eight nine ten
    null eins zwei drei vier fünf sechs sieben acht neun
    cero uno dos tres cuatro cinco seis siete ocho nueve
    zéro un deux trois quatre cinq sept huit neuf um dois três quatro sete oito nove
    due tre quattro cinque sei sette otto
    ноль один два три четыре пять шесть семь восемь девять
"""
_NUMBER: Final = "|".join(_NUMBERS.split())
_NUMBER_WORDS = re.compile(rf"(?i)(?<!\w)(?:{_NUMBER})(?:[ ,.-]{{1,2}}(?:{_NUMBER})){{2,}}(?!\w)")

_IS: Final = "is|ist|lautet|est|es|è|é|son|var|are|was|это|будет|เป็น|คือ|adalah|olarak"
_SENTENCE: Final = r"(?:(?![.!?](?:\s|$))[^\n。！？,，;；]){1,200}"
_CODE: Final = rf"(?i:{CODE_WORD.pattern})\w{{0,20}}"
_ANNOUNCED = re.compile(
    rf"({_CODE}[\"'”»)]?\s{{0,3}}(?:(?i:{_IS})(?!\w)\s{{0,3}}[:：=–—-]?|[:：=–—]|- )){_SENTENCE}"
)
_USED = re.compile(rf"(?i:use|enter|type|with|using)( (?:the |this )?{_CODE}) \S{{1,40}}")
_TOLD_FIRST = re.compile(
    rf"(?<!\S)\S{{1,40}}(?= (?:(?i:{_IS})|[–—-]|=) [^.!?\n]{{0,40}}(?:{CODE_WORD.pattern}))",
    re.IGNORECASE,
)
_PLAIN: Final = """
    a an and or of for in on at by be been being has have had was were will can could would not no
    never only already again with without from if as we our you us me my any anyone anybody
    somebody new old next last first invalid valid expired expires expire wrong incorrect correct
    used sent
    ready required needed requested blocked disabled cancelled canceled failed accepted verified
    confirmed secret private confidential personal safe share do don t give tell send request try
    later soon below above following
    nicht kein abgelaufen ungültig gültig falsch gesendet und oder für von mit bis
    no ha sido expirado caducado válido inválido incorrecto para con sin por y o de la el los
    pas a été expiré invalide incorrect pour avec sans et ou le les du des
    не был была истёк истек недействителен действителен неверный неверен для от с и или
    app sms mms pin otp tan code tel help stop info faq
"""
_PLAIN_WORDS: Final = FILLERS | frozenset(_PLAIN.split())
_SERVICE_WORDS: Final = frozenset(
    word for service in SERVICES.values() for word in _WORD.findall(service.name.lower())
)


def masked(text: str) -> str:
    """``text`` with ``MASK`` for all that could be worth something by itself."""
    hidden = _TOLD_FIRST.sub(_uncommon, text)
    hidden = _USED.sub(_after, _ANNOUNCED.sub(_after, hidden))
    hidden = _NUMBER_WORDS.sub(MASK, _SPELT.sub(MASK, hidden))
    hidden = _PIECE.sub(_piece, _NUMERALS.sub(MASK, hidden))
    return _MASKS.sub(MASK, hidden)


def _after(found: re.Match[str]) -> str:
    """What announces a code as it is, and of what follows only common words."""
    head, rest = found[0][: found.end(1) - found.start()], found[0][found.end(1) - found.start() :]
    return head + _PIECE.sub(_uncommon, rest)


def _uncommon(found: re.Match[str]) -> str:
    words = _WORD.findall(found[0].lower())
    return found[0] if all(word in _PLAIN_WORDS for word in words) else MASK


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
    words = _WORD.findall(token.lower())
    return all(word in _PLAIN_WORDS or word in _SERVICE_WORDS for word in words)
