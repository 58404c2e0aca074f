"""What a sentence says about a word for "code", or about a number, besides that it is one.

"request for a code 88412", "if anyone asks you for code 1234", "you entered 1234": the number is
none, or no code for the reader.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ringbolt.core.texts.candidates import Candidate
from ringbolt.core.texts.surroundings import ends_sentence
from ringbolt.core.texts.tokens import Token, Words
from ringbolt.core.texts.vocabulary import Role

FREE: Final = (
    Role.LINK | Role.PURPOSE | Role.NUMBER | Role.IS | Role.NEW | Role.ENDING | Role.QUALIFIER
)
_OF_CODE: Final = Role.CODE | Role.PURPOSE | Role.QUALIFIER | Role.YOUR | Role.ENDING
_NO_NOUN: Final = FREE | Role.CODE | Role.TYPE
NEAR: Final = 3
_MOST_BEFORE: Final = 6
_NUMBER_LAST = re.compile(r"(?<![A-Za-z0-9])[0-9]+\s*$")
LAST_NUMBER: Final = re.compile(r"[\w\x00](?=[^\w\x00]*$)")
"""What is no word between two words is a number, or another candidate."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A text, its words, and which of its candidates are left."""

    text: str
    tokens: Words
    starts: Sequence[int]
    ends: Sequence[int]
    candidates: tuple[Candidate, ...]
    is_supported: bool
    """Whether something besides a word for "code" says that the text is about one of its reader."""


def is_not_to_come(tokens: Words, index: int) -> bool:
    """Whether the word right before says that it is none: "is not 1234", "you entered 1234", "the
    last digits of 1234"."""
    roles = tokens.roles[index]
    if roles & (Role.OLD | Role.ENTERED) or (roles & Role.NOT and not roles & Role.NUMBER):
        return not roles & Role.CODE
    return bool(roles & Role.TO and index and tokens.roles[index - 1] & Role.DIGITS)


def is_a_noun_of(token: Token, at: int, text: str) -> bool:
    """Whether an unknown word in small letters stands right before a candidate: "section 4410"."""
    is_noun = not token.roles or (token.roles & Role.BEFORE_CODE and not token.roles & _NO_NOUN)
    is_beside = is_noun and text[token.end : at] in {" ", " #", " no. ", " nr. "}
    return bool(is_beside) and text[token.start].islower()


def follows_code(reading: Reading, index: int) -> bool:
    """Whether a word for "code", what belongs to it, or a name with a number stands right before
    another word: what is "to" in English announces a code in Polish."""
    if not index:
        return False
    between = reading.text[reading.ends[index - 1] : reading.starts[index]]
    is_named = LAST_NUMBER.search(between) and not _NUMBER_LAST.search(between)  # not "8 to 1024"
    return bool(reading.tokens.roles[index - 1] & _OF_CODE or is_named)


def is_about(reading: Reading, index: int) -> bool:
    """Whether it only says what another number is about: "request for a code 88412"."""
    roles = reading.tokens.roles
    if index < NEAR - 1 or not roles[index - 1] & (Role.TO | Role.LINK):
        return False
    between = reading.text[reading.ends[index - 2] : reading.starts[index - 1]]
    is_asked = any(each & Role.NOT for each in roles[max(0, index - 3) : index - 1])
    return between == " " and (is_asked or bool(roles[index - 2] & Role.OTHER_NUMBER))


def is_of_somebody_else(reading: Reading, index: int) -> bool:
    """Whether somebody wants it, or has it: "if anyone asks you for code 1234", "you entered code
    1234", "never share code 1234"."""
    text = reading.text
    is_beside = True
    for at in range(index - 1, max(-1, index - 1 - _MOST_BEFORE), -1):
        roles = reading.tokens.roles[at]
        between = text[reading.ends[at] : reading.starts[at + 1]]
        if "," in between or ends_sentence(between):
            return False
        is_denied = roles & Role.NOT and index - at <= NEAR + 1
        if is_denied or roles & Role.ASKING or (is_beside and roles & Role.ENTERED):
            return True
        is_beside &= bool(roles & Role.LINK)
    return False


def is_denied(tokens: Words, index: int) -> bool:
    """Whether a word says not to type: "do not use 123456"."""
    return index > 0 and bool(tokens.roles[index - 1] & Role.NOT)


def is_old(reading: Reading, index: int) -> bool:
    if not index or not reading.tokens.roles[index - 1] & Role.OLD:
        return False
    return reading.text[reading.ends[index - 1] : reading.starts[index]] in {" ", "-", ""}


def is_announced_later(candidate: Candidate, reading: Reading) -> bool:
    """Whether the sentence comes to "is" only after what follows the candidate: "code for payment
    88120 to the grocer is ..."."""
    first = bisect_left(reading.starts, candidate.end)
    end = candidate.end
    for index in range(first, min(len(reading.tokens), first + _MOST_BEFORE)):
        token = reading.tokens[index]
        between = reading.text[end : token.start]
        if "," in between or "\n" in between or ends_sentence(between):
            return False
        if token.roles & Role.IS and not token.roles & (Role.TO | Role.MAYBE_IS):
            return index > first
        end = token.end
    return False
