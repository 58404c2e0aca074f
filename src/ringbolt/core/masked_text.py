"""A text in which nothing that could be a code or a link is left to be read.

What stays says what the text is about and whether it is the one that was waited for. Whatever has
a digit of any script, is a web address, or has five capitals or more becomes ``MASK``, whose
length tells nothing.
"""

from __future__ import annotations

import re
from typing import Final

MASK: Final = "•••••"

_CAPITALS: Final = 5
# Scripts that put no blanks between words, in which a code stands beside letters
_UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
)
_SIGN: Final = rf"[^\W{_UNSPACED}]"
_PIECE = re.compile(r"\S+")
_DOMAIN = re.compile(r"[^\s/?#.]\.[^\s/?#.]{2,63}[/?#]")
_TOKEN = re.compile(rf"{_SIGN}(?:['’_-]?{_SIGN})*")
_SPELT = re.compile(r"(?<!\w)[^\W_](?:[ .-][^\W_]){3,}(?!\w)")
_NUMERALS = re.compile(r"[〇零一二三四五六七八九]{4,}")
_MASKS = re.compile(rf"{MASK}(?:[\W_]{{0,3}}?{MASK})+")


def masked(text: str) -> str:
    """``text`` with ``MASK`` for all that could be worth something by itself."""
    spelt = _SPELT.sub(MASK, text)
    hidden = _PIECE.sub(_piece, _NUMERALS.sub(MASK, spelt))
    return _MASKS.sub(MASK, hidden)


def _piece(found: re.Match[str]) -> str:
    piece = found[0]
    is_address = "://" in piece or "www." in piece.lower() or _DOMAIN.search(piece)
    return MASK if is_address else _TOKEN.sub(_token, piece)


def _token(found: re.Match[str]) -> str:
    token = found[0]
    has_digit = any(sign.isnumeric() for sign in token)
    return MASK if has_digit or sum(map(str.isupper, token)) >= _CAPITALS else token
