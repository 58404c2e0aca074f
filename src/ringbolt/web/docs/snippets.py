"""The steps of a page as commands: for curl, Python and JavaScript.

The commands of a page follow one another in one terminal, or in one file: what a step keeps of an
answer is a variable of the next one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from ringbolt.web.docs.actions import Action, Call, Enter, Pay, Writer
from ringbolt.web.docs.curl import Curl
from ringbolt.web.docs.javascript import JavaScript
from ringbolt.web.docs.python import Python


class Language(StrEnum):
    """``label`` is what its tab says."""

    CURL = "curl"
    PYTHON = "python"
    JAVASCRIPT = "javascript"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS: Final = {
    Language.CURL: "curl",
    Language.PYTHON: "Python",
    Language.JAVASCRIPT: "JavaScript",
}
_WRITERS: Final[Mapping[Language, Writer]] = {
    Language.CURL: Curl(),
    Language.PYTHON: Python(),
    Language.JAVASCRIPT: JavaScript(),
}


def start(language: Language, actions: Sequence[Action]) -> str:
    """What stands before the first of these commands; '' if nothing."""
    return _WRITERS[language].start(actions)


def snippet(language: Language, action: Action) -> str:
    """The command."""
    writer = _WRITERS[language]
    match action:
        case Call():
            return writer.call(action)
        case Pay(wallet=""):
            return writer.paid_elsewhere(action.how)
        case Pay():
            return writer.pay(action)
        case Enter():
            return writer.enter(action)
