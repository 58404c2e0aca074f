"""The answers of ``handler_api.php``: words such as ``ACCESS_NUMBER:17:491512345678``, or JSON.

They are read by content: providers send JSON as text/html, words with HTTP 200, and some also real
HTTP statuses with ``{"title": ..., "details": ...}``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from ringbolt.core import foreign_json
from ringbolt.core.json_errors import UNREADABLE
from ringbolt.core.tables import shipped_rows

_WORD: Final = re.compile(r"[A-Z][A-Z0-9]*(?:[_ ][A-Z0-9]+)*", re.ASCII)
_MOST_OF_WORD: Final = 60
_MOST_OF_REST: Final = 2000
_SHOWN: Final = 60
_FAILED: Final = frozenset({"error", "false", "fail", "failed"})


class Meaning(StrEnum):
    """What a word of refusal says; see ``tokens.csv``."""

    NONE = "none"
    FUNDS = "funds"
    ACCOUNT = "account"
    REQUEST = "request"
    LATER = "later"
    OPEN = "open"
    EARLY = "early"
    OVER = "over"
    TEXT = "text"
    STATE = "state"
    STRANGE = "strange"
    """A word that no provider is known to use."""


@dataclass(frozen=True, slots=True)
class Word:
    """``STATUS_OK:48010`` has the ``word`` STATUS_OK and the ``rest`` 48010."""

    word: str
    rest: str = ""

    @property
    def meaning(self) -> Meaning:
        return _MEANINGS.get(self.word, (Meaning.STRANGE, ""))[0]

    @property
    def says(self) -> str:
        """The refusal, in words for the operator."""
        known = _MEANINGS.get(self.word)
        return self.word if known is None else f"{self.word}: {known[1]}"


@dataclass(frozen=True, slots=True)
class Nonsense:
    """Neither a word nor JSON, such as a page of HTML. ``shown``: how it begins."""

    shown: str


Document = Mapping[str, Any] | list[Any]
Reply = Word | Nonsense | Document


def read(body: bytes) -> Reply:
    """The reply in a body. A JSON document that only reports a refusal is that ``Word``."""
    text = body.decode("utf-8", "replace").lstrip("\ufeff").strip()
    if text[:1] in ("{", "[", '"'):
        try:
            found = foreign_json.decode(text.encode())
        except UNREADABLE:
            return Nonsense(text[:_SHOWN])
        if isinstance(found, str):
            return _word(found.strip()) or Nonsense(text[:_SHOWN])
        return _refusal(found) or found if isinstance(found, dict) else found
    return _word(text) or Nonsense(text[:_SHOWN])


def _word(text: str) -> Word | None:
    word, _, rest = text.partition(":")
    word = word.strip()
    if len(word) > _MOST_OF_WORD or not _WORD.fullmatch(word):
        return None
    return Word(word.replace(" ", "_"), rest.strip()[:_MOST_OF_REST])


def _refusal(document: Mapping[str, Any]) -> Word | None:
    """``{"status": "error", "message": "NO_BALANCE"}`` and the like."""
    title = document.get("title")
    if isinstance(title, str):
        return _word(title)
    status = document.get("status", "error")
    if status is not False and not (isinstance(status, str) and status.lower() in _FAILED):
        return None
    for name in ("message", "error", "msg"):
        said = document.get(name)
        if isinstance(said, str):
            return _word(said.strip())
    return None


def _meanings() -> Mapping[str, tuple[Meaning, str]]:
    rows = shipped_rows("ringbolt.numbers.handler_api", "tokens.csv")
    return MappingProxyType({row["word"]: (Meaning(row["meaning"]), row["says"]) for row in rows})


_MEANINGS: Final = _meanings()
