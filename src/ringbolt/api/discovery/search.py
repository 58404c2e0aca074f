"""``/api/discover?q=``: find what is sold by words, in any order."""

from __future__ import annotations

import re
from typing import Final

from ringbolt.api.discovery.catalogue import PaidAddress

MAX_CHARS: Final = 200
_WORD: Final = re.compile(r"[a-z0-9]+", re.ASCII)
_SYNONYMS: Final = {
    "call": "call phone telephone voice dial ring speak talk robocall reminder alert",
    "text": "text sms message texting txt send notify",
    "code": "code sms receive verification activation otp number verify sign up signup inbox",
    "rent": "rent rental number receive texts sms inbox phone virtual hours",
    "email": "email e-mail mail message send letter",
    "speech": "speech speak tts text-to-speech voice audio file narrate read aloud mp3 wav opus",
}
_SAYS_NOTHING: Final = frozenset(
    [
        "a",
        "an",
        "and",
        "by",
        "do",
        "for",
        "from",
        "how",
        "i",
        "in",
        "is",
        "my",
        "of",
        "on",
        "or",
        "the",
        "to",
        "want",
        "with",
    ]
)
_LEAST: Final = 3


def score(sold: PaidAddress, query: str) -> int:
    """How many different words of the query describe the address."""
    known = _words(" ".join((sold.summary, sold.path, *sold.sells)))
    for service in sold.sells:
        known |= _words(_SYNONYMS.get(service, ""))
    return sum(_is_known(word, known) for word in _words(query[:MAX_CHARS]) - _SAYS_NOTHING)


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))


def _is_known(word: str, known: set[str]) -> bool:
    """Whether a word, or one that begins with it or that it begins with, is among the known:
    calls, calling."""
    return word in known or (
        len(word) >= _LEAST and any(len(each) >= _LEAST and _begins(word, each) for each in known)
    )


def _begins(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)
