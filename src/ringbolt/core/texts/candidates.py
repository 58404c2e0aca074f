"""What in a text has the form of a code, whatever it means.

Digits of four to ten, alone or in groups; letters and digits mixed; four to ten capitals; signs
with a blank after each. What is surely something else (an address, a telephone number, a date, an
amount, a number with a part hidden) is blanked before: see ``contexts``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Final, NamedTuple

LONGEST: Final = 10
SHORT: Final = 3
MOST: Final = 40
"""How many candidates are looked at: a text with more is a list of numbers."""


class Form(Enum):
    """How a candidate is written. The value is how many points the form is worth."""

    PREFIXED = 4
    """``G-123456``: the letters stand before the field where the digits are typed."""
    HALVES = 3
    """``123-456``, ``123 456``."""
    DIGITS = 2
    GROUPS = 0
    """Digits in other groups: ``4821-903377``, ``12-34-56``."""
    MIXED = 1
    """Letters and digits, perhaps with a hyphen in the middle."""
    SPACED = -2
    """Letters and digits with a blank after each."""
    LETTERS = -1
    """Capitals only."""


class Candidate(NamedTuple):
    """``code`` is what is typed: without blanks and hyphens."""

    code: str
    start: int
    end: int
    form: Form

    @property
    def is_digits(self) -> bool:
        return self.code.isdigit()


# The look behind stands after the first sign: so a search skips to signs of its kind.
_LATIN: Final = r"A-Za-z0-9_\u00c0-\u024f\u1e00-\u1eff"
_LETTER: Final = rf"[{_LATIN}\u0300-\u036f\u0370-\u052f]"  # also of scripts with capitals
_LEFT: Final = rf"(?<![{_LATIN}\u1200-\u1360].)" r"(?<![0-9][.,:/-].)(?<![A-Za-z0-9][+/&?@\x00'’].)"
_RIGHT: Final = rf"(?![{_LATIN}])" r"(?![+/=][A-Za-z0-9])(?![.,:/-][0-9])(?!['’][A-Za-z])"
_D: Final = rf"[0-9]{_LEFT}"
_GROUP: Final = rf"{_D}(?<![0-9] .)"
_ALONE: Final = r"(?<![^A-Za-z0-9][A-Za-z0-9] .)(?<!\A[A-Za-z0-9] .)"
_NO_MORE: Final = r"(?! [A-Z0-9](?![A-Za-z0-9]))"
_DIGITS_ALONE: Final = rf"({_D}{_ALONE}(?: [0-9]){{3,9}}){_RIGHT}{_NO_MORE}"
_CAPITALS_ALONE: Final = rf"([A-Z0-9]{_LEFT}{_ALONE}(?: [A-Z0-9]){{3,9}}){_RIGHT}{_NO_MORE}"
_SMALL_ALONE: Final = rf"([a-z0-9]{_LEFT}{_ALONE}(?: [a-z0-9]){{3,9}}){_RIGHT}{_NO_MORE}"
_WITH_HYPHEN: Final = (
    rf"([A-Z0-9]{_LEFT}(?:[A-Z0-9]{{2}}-[A-Z0-9]{{3}}|[A-Z0-9]{{3}}-[A-Z0-9]{{4}})){_RIGHT}(?!-)"
)
_DIGITS: Final = rf"({_GROUP}(?<![A-Z]-.)[0-9]{{2,9}}){_RIGHT}(?! [0-9]{{3}})"
_NO_PART: Final = rf"(?<!{_LETTER}.)(?<![A-Z0-9]-.)"
_NO_PART_AFTER: Final = rf"{_RIGHT}(?!{_LETTER}|-[A-Z0-9])"


class _Needs(Enum):
    """What stands in every text that a pattern fits, and is found sooner."""

    DIGIT = re.compile("[0-9]")
    HYPHEN = re.compile("-")
    LETTER_AND_DIGIT = re.compile("[0-9](?<=[A-Za-z].)")
    ALONE = re.compile("(?: [A-Za-z0-9]){3}")
    CAPITALS = re.compile("[A-Z]{4}")


_FORMS: Final = tuple(
    (re.compile(pattern, re.DOTALL), form, needs)
    for pattern, form, needs in (
        (
            rf"[A-Z]{_LEFT}[A-Z]{{0,4}}-([0-9]{{4,8}}){_RIGHT}(?! [0-9]{{3}})",
            Form.PREFIXED,
            _Needs.HYPHEN,
        ),
        (rf"({_GROUP}[0-9]{{2}}[ -][0-9]{{3}}){_RIGHT}(?! [0-9]{{3}})", Form.HALVES, _Needs.DIGIT),
        (rf"({_GROUP}[0-9]{{1,5}}(?:-[0-9]{{2,6}}){{1,3}}){_RIGHT}", Form.GROUPS, _Needs.HYPHEN),
        (
            rf"({_GROUP}(?:[0-9](?: [0-9]{{2}}){{2,3}}|[0-9]{{2}}(?: [0-9]{{3}}){{2}}"
            rf"|[0-9]{{3}} [0-9]{{4}}|[0-9]{{4}} [0-9]{{5}})){_RIGHT}(?! [0-9]{{1,3}}(?![0-9]))",
            Form.GROUPS,
            _Needs.DIGIT,
        ),
        (_DIGITS_ALONE, Form.SPACED, _Needs.ALONE),
        (_CAPITALS_ALONE, Form.SPACED, _Needs.ALONE),
        (_SMALL_ALONE, Form.SPACED, _Needs.ALONE),
        (_WITH_HYPHEN, Form.MIXED, _Needs.HYPHEN),
        (_DIGITS, Form.DIGITS, _Needs.DIGIT),
        (
            r"([0-9](?<=(?i:otp|pin).)(?<![A-Za-z]....)[0-9]{3,7})(?![A-Za-z0-9_])",
            Form.DIGITS,
            _Needs.DIGIT,
        ),
        # What is no word: it has a digit, or is of capitals
        (
            rf"([0-9]{_LEFT}{_NO_PART}[A-Za-z0-9]{{2,9}}){_NO_PART_AFTER}",
            Form.MIXED,
            _Needs.DIGIT,
        ),
        (
            rf"([A-Za-z]{_LEFT}(?=[A-Za-z]{{0,8}}[0-9]){_NO_PART}[A-Za-z0-9]{{2,9}}){_NO_PART_AFTER}",
            Form.MIXED,
            _Needs.LETTER_AND_DIGIT,
        ),
        (rf"([A-Z]{_LEFT}{_NO_PART}[A-Z]{{3,9}}){_NO_PART_AFTER}", Form.MIXED, _Needs.CAPITALS),
    )
)
_NUMBER_BEFORE = re.compile(r"[0-9\x00] $")
_NO_CODES: Final = (
    re.compile(r"[0-9]{1,5}(?:[a-z]{1,2}|min|[KMGT]B|AM|PM)|[0-9]{1,3}[xX]"),  # units
    re.compile(
        r"[0-9]{1,2}h[0-9]{2}|[0-9]{1,2}(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec).*"
    ),
    re.compile(r"[Xx]{2,}[0-9]+|[0-9]+[Xx]{2,}"),  # a number with a part hidden
    re.compile(r"[A-Z]?[a-z]{2,}[0-9]{1,2}"),  # Windows10, bigboss97
    re.compile(r"[A-Z][a-z]+[0-9][A-Z][a-z]+|[A-Z]?[a-z]+[0-9][a-z]+"),  # Web3Auth
)


def candidates(text: str, most: int = MOST) -> list[Candidate]:
    """All that has the form of a code, in the order of the text; none if there are more than
    ``most``."""
    found: list[Candidate] = []
    taken = bytearray(len(text))
    present = {needs for needs in _Needs if needs.value.search(text)}
    for pattern, form, needs in _FORMS:
        if needs not in present:
            continue
        is_near = needs is _Needs.LETTER_AND_DIGIT
        for match in _at_digits(pattern, text) if is_near else pattern.finditer(text):
            start, end = match.span(1)
            if taken.find(1, start, end) >= 0:
                continue  # a part of one that was found in a stronger form
            candidate = _read(match, form)
            if candidate is not None:
                found.append(candidate)
                taken[start:end] = b"\x01" * (end - start)
                if len(found) > most:
                    return []
    return sorted(found, key=lambda candidate: candidate.start)


def _at_digits(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """The matches of a pattern for letters, then a digit: tried only where the letters before a
    digit begin, as most texts are of words."""
    for found in _Needs.LETTER_AND_DIGIT.value.finditer(text):
        start = found.start()
        first = max(0, start - LONGEST)
        while start > first and _is_letter(text[start - 1]):
            start -= 1
        match = pattern.match(text, start)
        if match is not None:
            yield match


def _is_letter(sign: str) -> bool:
    return sign.isascii() and sign.isalpha()


def _read(match: re.Match[str], form: Form) -> Candidate | None:
    """The candidate that was found; None if it is a word, a unit or a name."""
    written = match[1]
    if form is Form.DIGITS:
        return Candidate(written, *match.span(1), form)
    if form is Form.MIXED and written.isalpha() and not written.isupper():
        return None  # a word
    code = written.replace(" ", "").replace("-", "")
    digits = sum(map(str.isdigit, code))
    if form is Form.MIXED and not digits:
        form = Form.LETTERS
    match form:
        case Form.MIXED:
            fits = digits < len(code) and not any(no.fullmatch(code) for no in _NO_CODES)
            fits &= len(code) > SHORT or code.isupper()
        case Form.LETTERS:
            start = match.start(1)
            is_unit = _NUMBER_BEFORE.match(match.string, max(0, start - 2), start) is not None
            fits = len(code) > SHORT and code.isupper() and not is_unit
        case Form.GROUPS:
            fits = 4 <= len(code) <= LONGEST
        case Form.SPACED:
            fits = digits > 0 or code.isupper()
        case _:
            fits = True
    return Candidate(code, *match.span(1), form) if fits else None
