"""The words of a text: where they stand, and what they say.

A text has hundreds of words, of which those beside a number matter: so they are kept in lists that
are filled without a loop, and a ``Token`` is made of a word when it is looked at.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import accumulate
from operator import or_
from typing import Final, NamedTuple, overload

from ringbolt.core.texts.vocabulary import (
    ANYWHERE,
    MARKS,
    NOTHING,
    Role,
    anywhere_words,
    is_strong,
    phrases,
    roles_of,
)


class Token(NamedTuple):
    """A word, with what it says; ``weight`` is how many words it counts as."""

    start: int
    end: int
    roles: int
    weight: int = 1


_PLAIN_WORD = re.compile(r"([^\W\d_]+)")
_LETTER: Final = rf"[^\W\d_{ANYWHERE}]"
_WORD = re.compile(rf"([{ANYWHERE}]+|{_LETTER}(?:{_LETTER}+|[{MARKS}]+)*)")
_IS_ANYWHERE = re.compile(rf"[{ANYWHERE}]")
_HAS_MARKS = re.compile(rf"[{MARKS}]")
_IS_SPECIAL = re.compile(rf"[{ANYWHERE}{MARKS}]")
_LONGEST_WORD: Final = 40
_SEVERAL: Final = -1
"""For the roles of what holds several words."""
_WITH_ENDINGS: Final = Role.CODE | Role.PURPOSE | Role.QUALIFIER
_SIGNS_A_WORD: Final = 6
_LONGEST_ENDING: Final = 4


@dataclass(slots=True)
class Words:
    """The words of a text in its order; ``texts``, ``starts``, ``ends``, ``roles`` and ``weights``
    have one entry for each."""

    texts: list[str]
    starts: list[int]
    ends: list[int]
    roles: list[int]
    weights: list[int]

    def __len__(self) -> int:
        return len(self.starts)

    @overload
    def __getitem__(self, at: int) -> Token: ...

    @overload
    def __getitem__(self, at: slice) -> list[Token]: ...

    def __getitem__(self, at: int | slice) -> Token | list[Token]:
        if isinstance(at, slice):
            return [self[index] for index in range(*at.indices(len(self)))]
        return Token(self.starts[at], self.ends[at], self.roles[at], self.weights[at])

    def said(self) -> int:
        """The roles of all words together."""
        return reduce(or_, self.roles, NOTHING)

    def indexes(self, role: int) -> list[int]:
        """Which words have one of the roles."""
        return [index for index, roles in enumerate(self.roles) if roles & role]

    def last_before(self, start: int) -> int:
        """The index of the last word before; -1 if there is none."""
        return bisect_right(self.ends, start) - 1

    def after(self, end: int) -> Token | None:
        """The first word after."""
        first = bisect_left(self.starts, end)
        return self[first] if first < len(self.starts) else None

    def join(self, start: int, end: int, text: str, roles: int) -> None:
        """Make one of the words of a phrase."""
        first, last = bisect_left(self.starts, start), bisect_left(self.starts, end)
        if first < last:
            here = slice(first, last)
            self.texts[here], self.roles[here], self.weights[here] = [text], [roles], [1]
            self.starts[here], self.ends[here] = [start], [end]


def tokens(lower: str) -> Words:
    """The words of a text in plain form and small letters."""
    found = _in_row(_PLAIN_WORD.split(lower)) if is_plain(lower) else _words(lower)
    for (start, end), roles in _phrases_in(lower, found):
        found.join(start, end, lower[start:end], roles)
    for index in found.indexes(Role.CODE):
        if found.roles[index] & Role.PURPOSE or is_strong(found.texts[index]):
            found.roles[index] |= Role.STRONG
    return found


def has_marks(lower: str) -> bool:
    """Whether a letter has marks, beside which a word may seem to begin."""
    return not lower.isascii() and _HAS_MARKS.search(lower) is not None


def is_plain(lower: str) -> bool:
    """Whether all words of a text stand between blanks and punctuation, and none has marks."""
    return lower.isascii() or _IS_SPECIAL.search(lower) is None


def _in_row(parts: list[str], *, is_plain: bool = True) -> Words:
    """Of what stands between words and, in turn, the words of a text."""
    ends = list(accumulate(map(len, parts)))
    said = parts[1::2]
    if not is_plain or max(map(len, said), default=0) > _LONGEST_WORD:
        roles = list(map(_roles, said))
    else:
        roles = list(map(roles_of, said))
    return Words(said, ends[:-1:2], ends[1::2], roles, [1] * len(said))


def _roles(word: str) -> int:
    if _IS_ANYWHERE.match(word):
        return _SEVERAL
    return roles_of(word) if len(word) <= _LONGEST_WORD else NOTHING


def _words(lower: str) -> Words:
    """The same of a text with words of scripts without blanks, of which one may hold several."""
    found = Words([], [], [], [], [])
    written = _in_row(_WORD.split(lower), is_plain=False)
    done = 0
    for at, run in enumerate(written.texts):
        if written.roles[at] != _SEVERAL:
            continue
        _extend(found, written, slice(done, at))
        done = at + 1
        start = written.starts[at]
        for piece in _pieces(run) if len(run) <= _LONGEST_WORD else _pieces_of(run):
            found.texts.append(run[piece.start : piece.end])
            found.starts.append(start + piece.start)
            found.ends.append(start + piece.end)
            found.roles.append(piece.roles)
            found.weights.append(piece.weight)
    _extend(found, written, slice(done, len(written)))
    return found


def _extend(found: Words, more: Words, part: slice) -> None:
    found.texts += more.texts[part]
    found.starts += more.starts[part]
    found.ends += more.ends[part]
    found.roles += more.roles[part]
    found.weights += more.weights[part]


@lru_cache(4096)
def _pieces(run: str) -> tuple[Token, ...]:
    return tuple(_pieces_of(run))


def _pieces_of(run: str) -> Iterator[Token]:
    """The known words of a run without blanks, and what is between them."""
    known = anywhere_words()
    end, roles = 0, NOTHING
    for match in known.pattern.finditer(run):
        if match.start() > end:
            yield _unknown(end, match.start(), roles)
        start, end = match.span()
        roles = known.roles[match[0]]
        yield Token(start, end, roles)
    if end < len(run):
        yield _unknown(end, len(run), roles)


def _unknown(start: int, end: int, before: int) -> Token:
    """What is not known; a few signs right after a known word are its ending."""
    if before & _WITH_ENDINGS and end - start <= _LONGEST_ENDING:
        return Token(start, end, Role.ENDING)
    return Token(start, end, NOTHING, 1 + (end - start) // _SIGNS_A_WORD)


def _phrases_in(lower: str, found: Words) -> list[tuple[tuple[int, int], int]]:
    """What of several words a text says, in its order. A phrase is looked for where its first word
    stands: only after marks, which may stand within a word, anywhere."""
    known = phrases()
    is_odd = any(phrase in lower for phrase in known.odd)
    if is_odd or has_marks(lower):
        matches = list(known.spaced.finditer(lower))
    else:
        matches, end = [], 0
        for text, start in zip(found.texts, found.starts, strict=True):
            if text in known.firsts and start >= end:
                match = known.spaced.match(lower, start)
                if match is not None:
                    matches.append(match)
                    end = match.end()
    if not lower.isascii():
        matches += known.anywhere.finditer(lower)
    return [(match.span(), known.roles[match[0]]) for match in matches]
