"""Denied words, links and repeated texts in messages, in every spelling.

Other spellings (full-width letters, zero-width characters, look-alikes, ``c.a.s.i.n.o``) are still
the same text, and so is what is encoded or shown backwards (``readings``). Source: Unicode UAX 15
(NFKD) and UTS 39 (confusables), of which only the common ones of Cyrillic and Greek are used.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from ringbolt.core.texts.readings import readings

_HIDDEN: Final = frozenset({"Cf", "Mn", "Me"})
"""Invisible characters: zero-width ones, joiners, accents, variation selectors."""
_BLANK: Final = re.compile(
    "[\u115f\u1160\u2800\u3164\uffa0\u2065\ufff0-\ufff8\U000e0000-\U000e0fff]"
)
"""Letters and symbols that show nothing (Hangul fillers, the empty Braille cell), and code points
that are invisible whatever they may become (DerivedCoreProperties, Default_Ignorable)."""
_LOOK_ALIKES: Final = str.maketrans(
    "авекмнорстухіјѕԁԛԝһӏαβεικνορτυχγωıł",
    "abekmhopctyxijsdqwhlabeikvoptuxywil",
)
_LINK: Final = re.compile(
    r"https?://([^\s/?#]+)|\b(www\.[^\s/?#]+)"
    r"|\b([a-z0-9-]{1,63}(?:\.[a-z0-9-]{2,63}){0,5}\.[a-z]{2,24})/\S"
)
_DIGITS: Final = re.compile(r"\d+")
_NO_WORD: Final = re.compile(r"[\W_]+")
_INSIDE: Final = re.compile(r"(?<=[^\W_])[^\w\s]+(?=[^\W_])|(?<=[^\W_])_+(?=[^\W_])")
_SPELLED: Final = re.compile(r"(?<![^\W_])[^\W_](?:[\W_]{1,3}[^\W_](?![^\W_])){2,}")

SHORT: Final = 20
"""A text of fewer letters and digits is likely to be the same by chance: "Hello", "OK"."""


def folded(text: str) -> str:
    """In lower-case Latin letters as far as it looks like them, without invisible characters."""
    if text.isascii():
        return text.casefold()
    apart = unicodedata.normalize("NFKD", _BLANK.sub("", text))
    seen = "".join(sign for sign in apart if unicodedata.category(sign) not in _HIDDEN)
    return unicodedata.normalize("NFKC", seen.casefold().translate(_LOOK_ALIKES))


def denied_word(words: Iterable[str], texts: Iterable[str]) -> str | None:
    """The first of ``words`` that one of ``texts`` contains; None if none does.

    A word is found inside of others, cut by punctuation, and spelled with blanks between all its
    letters; not if a single blank cuts it in two.
    """
    wanted = [(word, form) for word in words if (form := folded(word).strip())]
    if not wanted:
        return None
    seen = (reading for text in texts for reading in readings(text))
    written = "\n".join(form for reading in seen for form in _forms(folded(reading)))
    return next((word for word, form in wanted if form in written), None)


def _forms(text: str) -> tuple[str, ...]:
    spelled = " ".join(_NO_WORD.sub("", found) for found in _SPELLED.findall(text))
    return text, _INSIDE.sub("", text), spelled


def link_hosts(text: str) -> tuple[str, ...]:
    """The hosts of its web addresses, as far as telephones and mail programs make them links."""
    hosts, *others = (_hosts(reading) for reading in readings(text))
    return (*hosts, *(host for other in others for host in other if host not in hosts))


def _hosts(text: str) -> list[str]:
    found = (next(filter(None, hosts)) for hosts in _LINK.findall(folded(text)))
    return [host.rpartition("@")[2].partition(":")[0].rstrip(".") for host in found]


def is_of(host: str, domains: Iterable[str]) -> bool:
    """Whether ``host`` is one of ``domains``, or below one."""
    return any(host == each or host.endswith(f".{each}") for each in domains)


def sameness(texts: Sequence[str]) -> str:
    """Equal for texts that say the same to different people; '' for a text without letters.

    Every run of digits counts as one digit ("code 123" is "code 4567"); white space, case and
    punctuation do not count: otherwise a number in the text would make every text a new one.
    """
    words = " ".join(_NO_WORD.sub(" ", folded(readings(text)[-1])) for text in texts)
    return _DIGITS.sub("0", words).strip()


def is_short(same: str) -> bool:
    """Whether a result of ``sameness`` is so short that several senders may write it by chance."""
    return len(same) - same.count(" ") < SHORT
