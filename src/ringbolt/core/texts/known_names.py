"""Which words of a text are names of services, filler, or too common to mean a code."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from ringbolt.core.services import ANY_OTHER, SERVICES
from ringbolt.core.texts.candidates import SHORT, Candidate, Form
from ringbolt.core.texts.vocabulary import roles_of
from ringbolt.core.texts.words import WordList, words

NAME: Final = re.compile(r"[^\W\d_]+")


def is_a_name(said: list[str], service_code: str) -> bool:
    """Whether words are no more than the name of the service, or of any one if it is not known."""
    service = SERVICES.get(service_code)
    if service is None or service_code == ANY_OTHER:
        return len(said) == 0 or (len(said) == 1 and said[0] in names())
    return set(said) <= set(NAME.findall(service.name.lower()))


@cache
def known() -> frozenset[str]:
    """Words that make no other code of a code: names of services, and the most common ones."""
    return names().union(words(WordList.COMMON))


@cache
def names() -> frozenset[str]:
    """What services are called, where that is one word."""
    names = {name for each in SERVICES.values() for name in (*each.names, *each.nicknames)}
    ambiguous = set(words(WordList.AMBIGUOUS_NAME)) - {"uber", "steam"}
    return frozenset(name.lower() for name in names if len(name) > SHORT) - ambiguous


@cache
def fillers() -> frozenset[str]:
    """Words that say nothing about a code."""
    return frozenset(words(WordList.FILLER))


def is_word(candidate: Candidate) -> bool:
    """Whether capitals are a known word, or the name of a service."""
    if candidate.form is not Form.LETTERS:
        return False
    letters = candidate.code.lower()
    return letters in no_letters() or bool(roles_of(letters))


@cache
def no_letters() -> frozenset[str]:
    """What is no code though it has the letters of one."""
    names = (name.lower() for service in SERVICES.values() for name in service.names)
    return frozenset((*words(WordList.COMMON), *names))
