"""Whether a text names another service than the one that was ordered.

A number may have been leased for another service before, and any stranger can write to it:
a text that names another service is not the ordered one. In doubt it is: a text that names
neither, or both, counts. Services that share a sender or a sign-in (Facebook, Instagram) are one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

from ringbolt.core.services import ANY_OTHER, FULL_RENT, SERVICES
from ringbolt.core.texts.plain import MAX_CHARS
from ringbolt.core.texts.words import WordList, words

_LEAST_LETTERS: Final = 4
_PIECE = re.compile(r"\S+")
_ADDRESS = re.compile(r"://|@|[^\s/?#.]\.[a-z]{2,63}(?=$|[^a-z.])")
_BEFORE: Final = 120
_PRODUCT = re.compile(r" ?(?:play|pay|maps|authenticator|chrome|store)(?![a-z])")


@dataclass(frozen=True, slots=True)
class _Service:
    """How a service is recognised: ``anywhere`` by any name, ``in_text`` by names that mean nothing
    else (None if there are none)."""

    names: frozenset[str]
    group: str
    anywhere: re.Pattern[str]
    in_text: re.Pattern[str] | None


def names_another(text: str, sender: str, service: str) -> bool:
    """Whether ``sender`` or ``text`` names another known service, and neither the ordered one.

    ``service`` is its code; nothing is foreign to "any other", to "full", or to one unknown here.
    """
    known = _services()
    if service not in known:
        return False
    body, from_ = _normal(text[:MAX_CHARS]), _normal(sender[:MAX_CHARS])
    own = _related(service)
    if any(known[each].anywhere.search(part) for each in own for part in (body, from_)):
        return False
    senders = _senders(from_)
    if senders:
        return not senders & own
    said = _without_addresses(body)
    return any(_is_said(each, said) for code, each in known.items() if code not in own)


def _related(service: str) -> frozenset[str]:
    """The service, and those that share a sender or a sign-in with it (Facebook, Instagram)."""
    group = _services()[service].group
    if not group:
        return frozenset({service})
    return frozenset(code for code, each in _services().items() if each.group == group)


def _normal(text: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text).casefold()).strip()


def _senders(sender: str) -> set[str]:
    """Whose sender it is: the name alone, or a distinct one as a word of it ("AD-AMAZON")."""
    squashed = _squashed(sender)
    said = {squashed, *re.findall(r"[^\W\d_]+", sender)}
    return {
        code
        for code, service in _services().items()
        for name in service.names
        if _squashed(name) == squashed or (name in said and _is_distinct(name))
    }


def _squashed(name: str) -> str:
    return "".join(filter(str.isalnum, name))


def _is_said(service: _Service, text: str) -> bool:
    if service.in_text is None:
        return False
    for found in service.in_text.finditer(text):
        before = text[max(0, found.start() - _BEFORE) : found.start()]
        if not _channel_before().search(before) and not _PRODUCT.match(text, found.end()):
            return True
    return False


def _without_addresses(body: str) -> str:
    """Links and e-mail addresses say nothing about the code."""
    return " ".join("" if _ADDRESS.search(each) else each for each in _PIECE.findall(body))


def _is_distinct(name: str) -> bool:
    """Whether the word can only mean the service."""
    is_ambiguous = name in words(WordList.AMBIGUOUS_NAME)
    return not is_ambiguous and (len(name) >= _LEAST_LETTERS or not name.isascii())


def _any(names: Iterable[str], signature: str) -> re.Pattern[str]:
    latin = [re.escape(name) for name in names if name.isascii()]
    other = [re.escape(name) for name in names if not name.isascii()]
    # Beside a Latin name may stand a script that puts no blanks between words
    alone = [rf"(?<![a-z0-9])(?:{'|'.join(latin)})(?![a-z0-9])"] if latin else []
    signed = [rf"(?<![a-z0-9])(?:{signature})(?![a-z0-9])"] if signature else []
    return re.compile("|".join(alone + other + signed))


@cache
def _services() -> dict[str, _Service]:
    """Every service that a text can name, by its code; compiled when first needed."""
    found = {}
    for code, service in SERVICES.items():
        if code in (ANY_OTHER, FULL_RENT):
            continue
        names = frozenset(map(_normal, (*service.names, *service.nicknames)))
        distinct = frozenset(filter(_is_distinct, names))
        found[code] = _Service(
            names,
            service.group,
            _any(names, service.signature),
            _any(distinct, service.signature) if distinct else None,
        )
    return found


@cache
def _channel_before() -> re.Pattern[str]:
    """Before the name of a service through which a code was sent, or to which it must not be
    given."""
    channel, alternative = "|".join(words(WordList.CHANNEL)), "|".join(words(WordList.ALTERNATIVE))
    return re.compile(
        rf"(?:(?<!\w)(?:{channel}) (?:[\w,'-]+ ){{0,2}}"
        rf"|(?<!\w)(?:{alternative}) (?:an? |el |la |le |o )?)$"
    )
