"""What is surely no code: addresses, telephone numbers, dates, times, amounts, hidden numbers.

``blanked`` takes out of a text what is known by its own form. ``is_something_else`` looks at what
stands right before and after a candidate: an amount, the end of a card number, a number to call.
All patterns are linear, and those around a candidate see a few signs only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from ringbolt.core.texts.candidates import Candidate
from ringbolt.core.texts.tries import any_of
from ringbolt.core.texts.vocabulary import alone, beginning, listed
from ringbolt.core.texts.words import WordList, words

BLANK: Final = "\x00"
"""Stands for each sign that was taken out; a text in plain form has none itself."""

_WINDOW: Final = 32
_LONG_WINDOW: Final = 90
_OF_CAPITALS: Final = 6

_PRINTABLE_RUN = re.compile(r"[!-~]+")
_WEB_ADDRESS = re.compile(r"(?i)[a-z]{2,10}://|www\.")
_BARE_ADDRESS = re.compile(r"(?i)[\"'(<\[]?[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.[a-z]{2,}[/?]")
_G: Final = (
    r"(?:(?:[ .-]|\) ?| ?\()?[0-9])"  # a digit of a telephone number, perhaps of a new group
)
_FORMS: Final = (
    re.compile(rf"\+(?<![0-9]\+)[1-9]{_G}{{5,14}}(?![0-9])"),  # telephones, from abroad
    re.compile(rf"00(?<![0-9]..)[1-9]{_G}{{8,14}}(?![0-9])"),
    re.compile(
        rf"[(01](?<![0-9-].)(?:(?<=\()[01])?[0-9]{{0,4}}[ ).-]{_G}{{6,12}}(?![0-9])"
    ),  # national
    re.compile(r"[0-9]{3}(?<![0-9]...)[ .-][0-9]{3}[ .-][0-9]{4}(?![0-9])"),
    re.compile(r"[0-9]{4}(?<![0-9]....)[ -][0-9]{2,4}[ -][0-9]{3,4}(?![0-9])"),
    re.compile(r"[0-9]{1,4}([./-])[0-9]{1,2}\1[0-9]{4}(?![0-9])"),  # dates
    re.compile(r"[0-9]{4}([./-])[0-9]{1,2}\1[0-9]{1,2}(?![0-9])"),
    re.compile(r"[0-9]{4} ?[年년][0-9 ]{1,4}[月월](?:[0-9 ]{1,4}[日일])?"),
    re.compile(r"[0-9]{1,2}([./])[0-9]{1,2}\1[0-9]{2}(?![0-9])"),
    re.compile(r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?![0-9])"),  # times
    re.compile(r"[0-9]{1,3}(?<![0-9] .)(?:[,.' ][0-9]{3}){0,4}[.,][0-9]{1,2}(?![0-9])"),  # amounts
    re.compile(r"[0-9]{1,3}(?<![0-9].)(?:,[0-9]{3}|\.[0-9]{3}|'[0-9]{3}){1,4}(?![0-9])"),
    re.compile(r"[0-9]{1,2}(?:,[0-9]{2}){1,4},[0-9]{3}(?![0-9])"),
    re.compile(r"(?i)v(?<![a-z].)\.? ?[0-9]+(?:\.[0-9]+)+"),
    re.compile(r"v(?<![A-Za-z0-9-].)\.?[0-9]{1,3}(?![0-9A-Za-z-])"),
)
_HIDDEN = re.compile(
    r"(?:[*•●○∗×#][*•●○∗×#]+|[Xx]{2,}|[.…]{2,}(?=[0-9]{3,4}(?![0-9]))|[*•●](?=[0-9]))"
)
_PART: Final = frozenset("0123456789*•●○∗×#xX-")
_MORE_GROUPS = re.compile(r"(?: [0-9*•●xX]{4})+(?![0-9A-Za-z])")
_BOLD = re.compile(r"(\*{1,3}|•{1,3})([0-9A-Za-z][0-9A-Za-z -]*)\1")


def blanked(text: str) -> str:
    """The text without all that cannot be a code by its own form."""
    text = _PRINTABLE_RUN.sub(_without_address, text)
    for pattern in _FORMS:
        text = pattern.sub(_blank_number, text)
    return _without_hidden(text)


def _blank_number(found: re.Match[str]) -> str:
    start = found.start()
    if start and found.string[start - 1] in "0123456789" and found[0][0] != "+":
        return found[0]
    return BLANK * len(found[0])


def _without_address(found: re.Match[str]) -> str:
    run = found[0]
    if "@" in run[1:] or _BARE_ADDRESS.match(run):
        return BLANK * len(run)
    web = _WEB_ADDRESS.search(run)
    return run[: web.start()] + BLANK * (len(run) - web.start()) if web else run


def _without_hidden(text: str) -> str:
    """Without numbers of which a part is hidden: ``57******2``, ``4123-XXXX-6789``, ``*1234``."""
    found = _HIDDEN.search(text)
    if found is None:
        return text
    bold = {at for match in _BOLD.finditer(text) for at in range(*match.span())}
    signs, at = list(text), 0
    while found is not None:
        start, end = found.span()
        while start > at and text[start - 1] in _PART:
            start -= 1
        while end < len(text) and text[end] in _PART:
            end += 1
        if end < len(text) and text[end] == " " and text[end - 1] in "*•●xX":
            more = _MORE_GROUPS.match(text, end)
            end = more.end() if more else end
        part = text[start:end]
        is_number = any(sign.isdigit() for sign in part) and start not in bold
        beside_letters = (start and _is_letter(text[start - 1])) or (
            end < len(text) and _is_letter(text[end])
        )
        if is_number and not (beside_letters and "x" in part.lower()):
            signs[start:end] = BLANK * (end - start)
        at = max(end, found.end())
        found = _HIDDEN.search(text, at)
    return "".join(signs)


def _is_letter(sign: str) -> bool:
    return sign.isascii() and sign.isalpha()


@dataclass(frozen=True, slots=True)
class _Around:
    """What stands right before, or right after, another number than a code."""

    before: re.Pattern[str]
    before_capitals: re.Pattern[str]
    after: re.Pattern[str]
    after_capitals: re.Pattern[str]
    year: re.Pattern[str]
    sent: re.Pattern[str]
    promotion: re.Pattern[str]


def is_something_else(candidate: Candidate, text: str, lower: str) -> bool:
    """Whether the signs around a candidate say that it is an amount, a card, a telephone number."""
    start, end, around = candidate.start, candidate.end, _around()
    return bool(
        around.before.search(lower, max(0, start - _WINDOW), start)
        or around.after.match(lower, end)
        or around.before_capitals.search(text, max(0, start - _OF_CAPITALS), start)
        or around.after_capitals.match(text, end)
        or around.sent.search(lower, max(0, start - _LONG_WINDOW), start)
    )


def is_before_a_year(candidate: Candidate, lower: str) -> bool:
    """Whether a word before the candidate makes a year of it: "for 2026"."""
    start = candidate.start
    return _around().year.search(lower, max(0, start - _WINDOW), start) is not None


def is_promotion(lower: str) -> bool:
    """Whether the text wants to sell something: letters and digits are no secret then."""
    return _around().promotion.search(lower) is not None


_SIGNS_OF_MONEY: Final = "[$€£¥₹₽₴₺₩₦₫฿₱₸₪₮₲₡₵₾₼₿]"
_BREAKS_OFF: Final = r"[^.!?\n]{0,60}"


@cache
def _around() -> _Around:
    currency = alone(WordList.CURRENCY)
    capitals = any_of(word.upper() for word in words(WordList.CURRENCY_CAPITALS))
    answer = rf"{alone(WordList.ANSWER)}['\"»]?\ {alone(WordList.ANSWER_TO)}\ "
    ending = rf"{beginning(WordList.ENDING_IN)}(?:\ ?{alone(WordList.ENDING_LINK)})?"
    sent = rf"{beginning(WordList.SENT)}(?![^\W\d_])"
    # Each kind ends at the candidate
    before = "|".join(
        (
            rf"(?:{_SIGNS_OF_MONEY}|{currency}\.?|(?<![a-z])r[sp]\.?|сумм\w?:?|人民币)\s?",
            rf"{ending}\s?[:-]?\ ?[*.•x]{{0,8}}",
            rf"{alone(WordList.CALL)}[.:]{{0,2}}\ ?(?:{alone(WordList.CALL_LINK)}\ ?)?",
            answer,
            rf"{alone(WordList.BEFORE_NUMBER)}[.:]?\ ?(?:\#|no\.?|nr\.?)?\ ?",
        )
    )
    return _Around(
        re.compile(rf"(?:{before})$", re.VERBOSE),
        re.compile(rf"(?<![A-Za-z])(?:{capitals}) ?$"),
        re.compile(
            rf"\s?(?:{_SIGNS_OF_MONEY}|%|{alone(WordList.CURRENCY, WordList.UNIT)}(?![^\W\d_])"
            rf"|(?:{any_of(listed(WordList.UNIT_BEGINNING))}))"
            rf"|\ ?(?:{any_of(listed(WordList.AFTER_NUMBER))})(?![a-z])"
            # A word is glued on: "1234-ending"; but not an ending or a word for "code"
            r"|-(?=[a-zа-я])(?!(?:code|kod|код|ni|nci|не|der|is|ist|just|est)(?![a-z]))",
            re.VERBOSE,
        ),
        re.compile(rf" ?(?:{capitals})(?![A-Za-z])"),
        re.compile(rf"(?:{alone(WordList.BEFORE_YEAR)}|(?<![а-яё])(?:за|в|на|для|до|с)|©) $"),
        re.compile(rf"{sent}{_BREAKS_OFF} {alone(WordList.ANSWER_TO)}[ \"'«“]{{1,2}}$"),
        re.compile(rf"[0-9] ?% ?off|{beginning(WordList.PROMOTION)}"),
    )
