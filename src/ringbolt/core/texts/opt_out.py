"""What somebody who got a text of ours may answer: to get no more of them, or some again.

The English words are those that carriers in North America require (CTIA Messaging Principles);
the others are what people write in those languages.
"""

from __future__ import annotations

import unicodedata
from enum import StrEnum


class OptOut(StrEnum):
    STOP = "stop"
    START = "start"


def opt_out_of(text: str) -> OptOut | None:
    """What the answer asks for; None for anything that is not exactly one such word."""
    word = _plain(text)
    if word in _STOP:
        return OptOut.STOP
    return OptOut.START if word in _START else None


def _plain(text: str) -> str:
    """Without case, accents, spaces and punctuation."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if c.isalpha()).casefold()


_STOP = frozenset(
    _plain(word)
    for word in (
        *("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "optout", "revoke"),
        *("stopp", "arrêt", "parar", "baja", "afmelden", "abmelden", "basta", "annulla"),
        *("iptal", "стоп", "отписаться", "停止", "退订", "توقف", "إلغاء"),
    )
)
_START = frozenset({"start", "unstop", "subscribe", "старт"})
