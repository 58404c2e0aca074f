"""The answers by which a recipient stops our texts (STOP), or allows them again (START)."""

from __future__ import annotations

import unicodedata
from enum import StrEnum
from functools import cache

from ringbolt.core.texts.words import WordList, words


class OptOut(StrEnum):
    STOP = "stop"
    START = "start"


def opt_out_of(text: str) -> OptOut | None:
    """What the answer asks for; None for anything that is not exactly one such word."""
    return _answers().get(_plain(text))


@cache
def _answers() -> dict[str, OptOut]:
    stop = {_plain(word): OptOut.STOP for word in words(WordList.STOP)}
    return stop | {_plain(word): OptOut.START for word in words(WordList.START)}


def _plain(text: str) -> str:
    """Without case, accents, spaces and punctuation."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if c.isalpha()).casefold()
