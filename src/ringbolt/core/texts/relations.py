"""How a candidate stands to the words around it: what is said to be the code.

Each relation is worth points. The strongest are what a sentence says outright: "code: X",
"your code for WhatsApp is X", "X is your code". A number that is named something else ("order X")
is none, wherever a word for "code" stands.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cache
from typing import Final

from ringbolt.core.texts.candidates import Candidate, Form
from ringbolt.core.texts.plain import WIDE_COMMA
from ringbolt.core.texts.spoken_of import (
    FREE,
    LAST_NUMBER,
    NEAR,
    Reading,
    follows_code,
    is_a_noun_of,
    is_about,
    is_denied,
    is_not_to_come,
    is_of_somebody_else,
    is_old,
)
from ringbolt.core.texts.surroundings import SENTENCE_END, ends_sentence
from ringbolt.core.texts.vocabulary import Role, alone
from ringbolt.core.texts.words import WordList

DIRECT: Final = 12
LINKED: Final = 10
NAMED_AFTER: Final = 10
BESIDE: Final = 8
TYPED: Final = 7
ALONE_ON_ITS_LINE: Final = 7
POINTED_AT: Final = 6
FOR_A_PURPOSE: Final = 6
RULED_OUT: Final = -100

_MOST_WORDS: Final = 16
_MOST_SIGNS: Final = 140
_MOST_BEFORE_OLD: Final = 6
_MOST_BEFORE_CODE: Final = 6
_BREAK = re.compile(rf"{SENTENCE_END.pattern}|\n|[0-9]{{3}}")
_ANNOUNCES_LETTERS = re.compile(r"[:=]|->|=>")  # "- ACME" is the sender's name
_ANNOUNCES = re.compile(r"[:=]|->|=>|→|⇒|›|»\s|-\s")
_BESIDE: Final = frozenset({"", " ", ' "'})
_NUMBER_NEXT = re.compile(r" ?[0-9\x00]")
_MOST_SIGNS_AHEAD: Final = 60
_ANNOUNCES_SOON = re.compile(r"[^.!?\n]{0,40}[:=]\s?\S")
_ANNOUNCES_NEXT = re.compile(r"\s?[:=]\s?\S")
_DASH_AFTER = re.compile(r"\s?[\"'”»’」』】\])*]*\s?(?:-|:|=)\s?")


@dataclass(frozen=True, slots=True)
class Relation:
    """``points``, and the index of the word for "code" that announces the candidate, -1 if none.

    ``is_clear``: the sentence says outright that this is the code; ``is_exact``: even if it could
    be a name ("code DANA").
    """

    points: int
    word: int = -1
    is_clear: bool = False
    is_exact: bool = False


NONE: Final = Relation(0)
NO_CODE: Final = Relation(RULED_OUT)


def announced(candidate: Candidate, reading: Reading) -> Relation:
    """By what stands before it: "code X", "code for WhatsApp: X"."""
    text, tokens = reading.text, reading.tokens
    at = candidate.start
    if candidate.form is Form.PREFIXED:
        while at > 0 and text[at - 1] in "-ABCDEFGHIJKLMNOPQRSTUVWXYZ":
            at -= 1
    first = bisect_right(reading.ends, at) - 1
    if first >= 0 and is_a_noun_of(tokens[first], at, text):
        return NONE
    if first >= 0 and text[reading.ends[first] : at] in _BESIDE and is_not_to_come(tokens, first):
        return NO_CODE
    walk = _Backward(text, at, is_digits=candidate.is_digits)
    for index in range(first, max(-1, first - _MOST_WORDS), -1):
        if not walk.reaches(reading.ends[index]):
            break
        roles = tokens.roles[index]
        if roles & Role.CODE:
            return _announced_by(index, walk, reading)
        if roles & Role.IS and roles & Role.TO and not follows_code(reading, index):
            roles &= ~Role.IS
        is_another = roles & Role.OTHER_CODE and not walk.content
        is_no_typing = roles & Role.TYPE and is_denied(tokens, index)
        if is_another or is_no_typing:
            return NO_CODE
        if walk.passes(roles, reading.starts[index], tokens.weights[index]):
            return NO_CODE
    return walk.without_code()


def _announced_by(index: int, walk: _Backward, reading: Reading) -> Relation:
    """By a word for "code": unless it speaks of an old one, or of what another number is about."""
    tokens = reading.tokens
    is_of_others = is_about(reading, index) or is_of_somebody_else(reading, index)
    if is_old(reading, index) or (not walk.is_linked and is_of_others):
        return NO_CODE
    return walk.found(index, reading.is_supported or bool(tokens.roles[index] & Role.STRONG))


class _Backward:
    """A walk from a candidate back through its sentence."""

    def __init__(self, text: str, at: int, *, is_digits: bool) -> None:
        self.announces = _ANNOUNCES if is_digits else _ANNOUNCES_LETTERS
        self.text = text
        self.at = self.start = at
        self.content = self.cost = self.purpose = 0
        self.is_beside = True
        self.is_maybe = self.is_sent = self.is_numbered = False
        self.is_linked = self.is_for = self.is_typed = self.number = False
        self.has_crossed = self.is_announced_digits = False

    def reaches(self, end: int) -> bool:
        """Whether the sentence goes on to the word that ends there; notes what stands between."""
        between = self.text[end : self.at]
        if between in {" ", ""}:
            return self.start - end <= _MOST_SIGNS
        if self.start - end > _MOST_SIGNS or SENTENCE_END.search(self.text, end, self.at):
            return False
        crossed = LAST_NUMBER.search(between)
        beside = between[crossed.end() :] if crossed else between
        announces = self.announces.search(beside) is not None
        self.is_linked |= announces and not self.content
        if "\n" in between and not announces:
            self.cost += 2
        if crossed:
            # The words before another number say something about that one.
            self.has_crossed = True
            self.cost += 1
        if "," in between or WIDE_COMMA in between:
            self.cost += 1
        return True

    def passes(self, roles: int, start: int, weight: int) -> bool:
        """Go on beyond a word that is none for "code"; whether it names another number."""
        self.is_numbered |= self.at == self.start and bool(roles & Role.NUMBER)
        self.at = start
        self.is_beside &= bool(roles & Role.ENDING)
        self.is_sent |= bool(roles & (Role.SENT | Role.VALIDITY))  # "code expires at 1830"
        if roles & Role.IS and not (self.content or self.is_for or self.has_crossed):
            self.is_maybe |= bool(roles & Role.MAYBE_IS) and not self.is_linked
            self.is_linked = True
            return False
        if roles & Role.OTHER_NUMBER and not (self.content or self.has_crossed or self.is_typed):
            return True
        if roles & Role.DIGITS and (self.is_linked or not self.content):
            self.is_announced_digits = True
        if roles & Role.TYPE and self.is_announced_digits:
            self.is_typed = True
        if roles & Role.TO and not (self.is_linked or self.purpose):
            self.is_for = True
        if roles & Role.TYPE and not self.content:
            self.is_typed = True
        if roles & Role.NUMBER and self.is_beside:
            self.number = True
        if roles & (Role.PURPOSE | Role.QUALIFIER):
            self.purpose += 1
        if not roles & FREE and not roles & (Role.TO | Role.TYPE):
            self.content += weight
        return False

    def found(self, index: int, is_supported: bool) -> Relation:
        if self.is_typed and (self.content or self.has_crossed):
            return Relation(TYPED, index)
        # "your code is with the neighbour at no. 48"
        is_doubtful = self.is_numbered and self.content > 0 and not self.is_linked
        # Without a link it announces the number between
        is_doubtful |= self.content > 0 and not (is_supported or self.has_crossed)
        if is_doubtful or ((self.has_crossed or self.is_sent) and not self.is_linked):
            return NONE
        if self.is_for and not self.is_linked:
            return Relation(max(0, 4 - self.content - self.cost), index)
        if not self.content:
            is_exact = self.is_linked or self.is_beside
            points = DIRECT if is_exact else DIRECT - 1
            return Relation(points - self.cost, index, is_clear=True, is_exact=is_exact)
        if self.is_linked:
            points = LINKED - self.content // 4 - self.cost
            is_clear = points >= LINKED - 3
            return Relation(points, index, is_clear, is_exact=is_clear and not self.is_maybe)
        return Relation(max(0, BESIDE - 2 - self.content - self.cost), index)

    def without_code(self) -> Relation:
        """What is left where no word for "code" was found in the sentence."""
        if self.is_typed:
            return Relation(TYPED)
        if self.number:
            return NO_CODE
        if self.is_announced_digits and self.is_linked:
            return Relation(TYPED)
        if self.is_linked and self.purpose and not self.content:
            return Relation(FOR_A_PURPOSE)
        if self.is_linked and not self.content:
            return Relation(POINTED_AT - 2)
        return NONE


def named_after(candidate: Candidate, reading: Reading, taken: dict[int, int]) -> Relation:
    """By what stands after it: "X is your code". ``taken``: words for "code" that announce another
    candidate, by its start."""
    tokens = reading.tokens
    first = bisect_left(reading.starts, candidate.end)
    walk = _Forward(candidate, reading, first)
    is_none = walk.is_linked and not _begins(candidate, reading)
    last = bisect_right(reading.ends, candidate.start) - 1
    is_of_noun = last >= 0 and is_a_noun_of(tokens[last], candidate.start, reading.text)
    for index in range(first, min(len(tokens), first + _MOST_WORDS)):
        if not walk.reaches(index):
            break
        if walk.says_another(index):
            return NO_CODE
        is_code = tokens.roles[index] & Role.CODE
        if is_code and (is_none or (is_of_noun and not walk.is_linked)):
            return NONE
        if is_code:
            is_taken = taken.get(index, candidate.start) != candidate.start
            return walk.found(index, is_taken or _announces_another(reading, reading.ends[index]))
        walk.passes(index)
    return Relation(TYPED) if walk.is_typed and not (is_none or is_of_noun) else NONE


class _Forward:
    """A walk from a candidate on through its sentence. ``is_said``: by a word such as "is"."""

    def __init__(self, candidate: Candidate, reading: Reading, first: int) -> None:
        self.reading, self.first = reading, first
        self.is_digits = candidate.is_digits
        self.at = self.end = candidate.end
        self.content = 0
        next_at = reading.starts[first] if first < len(reading.starts) else None
        self.is_linked = _links(candidate, reading.text[candidate.end : next_at])
        self.is_said = self.is_for = self.is_typed = False
        self.is_first = not reading.starts or candidate.start < reading.starts[0]

    def reaches(self, index: int) -> bool:
        """Whether the sentence goes on to the word of that index."""
        between = self.reading.text[self.at : self.reading.starts[index]]
        if between != " ":
            if _BREAK.search(between):
                return False
            if index > self.first and ("," in between or WIDE_COMMA in between):
                self.content += 2
        self.at = self.reading.ends[index]
        return True

    def says_another(self, index: int) -> bool:
        """Whether a word says that the candidate is an old code, or another number."""
        tokens = self.reading.tokens
        roles = tokens.roles[index]
        if roles & (Role.ENTERED | Role.ASKING) and not (self.content or self.is_linked):
            return True
        if roles & Role.OLD and self.content <= _MOST_BEFORE_OLD:
            return _later().match(self.reading.text, self.reading.ends[index]) is None
        if roles & Role.NOT and self.is_said and self.content <= 1:
            return True  # "which is not your code"
        is_another = roles & (Role.OTHER_CODE | Role.OTHER_NUMBER) and not roles & Role.CODE
        if not is_another or not self.is_linked or self.content or index - self.first > NEAR:
            return False
        # Not if it also begins a longer word: 手机动态码
        return index + 1 >= len(tokens) or not tokens.roles[index + 1] & Role.CODE

    def passes(self, index: int) -> None:
        roles, start = self.reading.tokens.roles[index], self.reading.starts[index]
        # A sender's name stands before the code: "ADCB: <code> is your OTP"
        is_near = self.is_digits or self.reading.text[self.end : start] == " "
        if roles & Role.IS and not roles & Role.TO and self.content <= 1 and is_near:
            may_be = self.is_digits and not self.is_linked
            self.is_said |= may_be or not roles & Role.MAYBE_IS
            self.is_linked |= self.is_said
        self.is_for |= bool(roles & Role.TO)
        self.is_typed |= bool(roles & Role.TYPE) and not self.content
        if not roles & (FREE | Role.TO):
            self.content += self.reading.tokens.weights[index]

    def found(self, index: int, is_of_another: bool) -> Relation:
        if not self.is_said and is_of_another:
            return NONE
        if self.is_linked:
            points = NAMED_AFTER - self.content // 3
            is_clear = self.content <= _MOST_BEFORE_CODE
            return Relation(points, index, is_clear=is_clear, is_exact=is_clear)
        if self.is_for and not self.is_first:
            return NONE  # "request 88412 for a code"
        points = max(0, BESIDE - 2 * self.content)
        return Relation(points, index, is_clear=self.content == 0)


def announces_elsewhere(word: int, reading: Reading) -> bool:
    """Whether another word for "code" than the one of that index announces something."""
    return any(
        index != word and _ANNOUNCES_SOON.match(reading.text, reading.ends[index])
        for index in reading.tokens.indexes(Role.CODE)
    )


def _announces_another(reading: Reading, end: int) -> bool:
    """Whether a word for "code" that ends at ``end`` announces what follows it."""
    if _ANNOUNCES_NEXT.match(reading.text, end):
        return True
    return any(
        0 <= each.start - end < _MOST_SIGNS_AHEAD
        and each.is_digits
        and not ends_sentence(reading.text[end : each.start])
        for each in reading.candidates
    )


def _begins(candidate: Candidate, reading: Reading) -> bool:
    """Whether no word right before it names it something else: "VK 482913 - your code", but not
    "Request 88412: your code is ..."."""
    first = bisect_right(reading.ends, candidate.start) - 1
    if first < 0 or reading.text[reading.ends[first] : candidate.start] not in {"", " "}:
        return True
    token = reading.tokens[first]
    is_known = bool(token.roles & FREE)
    return is_known or reading.text[token.start : token.end].isupper()


def _links(candidate: Candidate, between: str) -> bool:
    """Whether the signs right after a candidate link it to what follows. After letters they do not:
    a sender's name stands so before a text."""
    if candidate.form is Form.LETTERS or (candidate.form is Form.MIXED and ":" in between):
        return False
    return _DASH_AFTER.fullmatch(between) is not None


@cache
def _later() -> re.Pattern[str]:
    """After "invalid": not yet, but in some minutes."""
    return re.compile(rf" ?{alone(WordList.LATER)}(?![^\W\d_])| ?[0-9\x00]")


def is_subject_of_another(candidate: Candidate, reading: Reading) -> bool:
    """Whether what stands after it is said of it, and is no word: "card 4410 is ab"."""
    after = bisect_left(reading.starts, candidate.end)
    if after >= len(reading.tokens) or not reading.tokens.roles[after] & Role.IS:
        return False
    link, text = reading.tokens[after], reading.text
    if link.roles & Role.TO or text[candidate.end : link.start] != " ":
        return False
    if _NUMBER_NEXT.match(text, link.end):
        return True
    if after + 1 >= len(reading.tokens):
        return False
    said = reading.tokens[after + 1]
    is_no_code = not said.roles & ~(Role.ENTERED | Role.ASKING | Role.OLD)
    return is_no_code and text[link.end : said.start] == " "
