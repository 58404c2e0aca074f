"""What is surely no code: addresses, telephone numbers, dates, times, amounts, hidden numbers.

``blanked`` takes out of a text what is known by its own form. ``is_something_else`` looks at what
stands right before and after a candidate: an amount, the end of a card number, a number to call.
All patterns are linear, and those around a candidate see a few signs only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from ringbolt.core.texts.candidates import Candidate
from ringbolt.core.texts.tokens import Words, has_marks
from ringbolt.core.texts.vocabulary import NOTHING, Role, alone, beginning, is_anywhere, listed
from ringbolt.core.texts.words import WordList, words
from ringbolt.core.word_pattern import any_of

_LETTERS = re.compile(r"[^\W\d_]+")
BLANK: Final = "\x00"
"""Stands for each sign that was taken out; a text in plain form has none itself."""

_WINDOW: Final = 32
_WORDS_BACK: Final = 12
_LONGEST_GAP: Final = 12

# What stands between blanks and other scripts and has a sign of an address in it
_PRINTABLE_RUN = re.compile(r"(?<![!-~])(?:[!-.0->A-~]*[/@?]|(?i:www)\.)[!-~]*")
_WEB_ADDRESS = re.compile(r"(?i)[a-z]{2,10}://|(?<![a-z0-9-])www\.[a-z0-9]")
_BARE_ADDRESS = re.compile(r"(?i)[\"'(<\[]?[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.[a-z]{2,}[/?]")
_G: Final = (
    r"(?:(?:[ .-]|\) ?| ?\()?[0-9])"  # a digit of a telephone number, perhaps of a new group
)
_FORMS: Final = (
    re.compile(r"[0-9]{3,5}(?: [0-9]{3,5}){3,9}(?![0-9])"),  # tokens of meters, vouchers
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
)
"""What numbers are that are no code; they hold nothing but ``_NUMERIC``, and a digit."""
_VERSIONS: Final = (
    re.compile(r"(?i)v(?<![a-z].)\.? ?[0-9]+(?:\.[0-9]+)+"),
    re.compile(r"v(?<![A-Za-z0-9-].)\.?[0-9]{1,3}(?![0-9A-Za-z-])"),
)
_HIDDEN = re.compile(
    r"[*•●○∗×#Xx.…](?:(?<=[*•●○∗×#])[*•●○∗×#]+|(?<=[Xx])[Xx]+"
    r"|(?<=[.…])[.…]+(?=[0-9]{3,4}(?![0-9]))|(?<=[*•●])(?=[0-9]))"
)
_PART: Final = frozenset("0123456789*•●○∗×#xX-")
_MORE_GROUPS = re.compile(r"(?: [0-9*•●xX]{4})+(?![0-9A-Za-z])")
_BOLD = re.compile(r"(\*{1,3}|•{1,3})([0-9A-Za-z][0-9A-Za-z -]*)\1")


_NUMERIC: Final = " .,:/()'+年년月월日일-"
_NUMBERS = re.compile(rf"[0-9][0-9{_NUMERIC}]*")
_BETWEEN: Final = "\x01"
"""A sign that no text in plain form has."""
_OF_HIDDEN: Final = "*•●○∗×#…"


def blanked(text: str) -> str:
    """The text without all that cannot be a code by its own form."""
    if any(sign in text for sign in "@/?") or "www." in text.lower():
        text = _PRINTABLE_RUN.sub(_without_address, text)
    text = _without_numbers(text)
    is_hidden = ".." in text or "xx" in text.lower() or any(sign in text for sign in _OF_HIDDEN)
    return _without_hidden(text) if is_hidden else text


def _without_numbers(text: str) -> str:
    """Without what is a number of another kind by its form. All parts with digits are looked at in
    one row: each pattern reads them, and not the words between."""
    spans = _numbers_in(text)
    numbers = before = _BETWEEN.join([text[start:end] for start, end in spans])
    for pattern in _FORMS:
        numbers = pattern.sub(_blank_number, numbers)
    if numbers != before:
        parts, end = [], 0
        for (start, last), number in zip(spans, numbers.split(_BETWEEN), strict=True):
            parts += [text[end:start], number]
            end = last
        text = "".join([*parts, text[end:]])
    for pattern in _VERSIONS:
        text = pattern.sub(_blank_number, text)
    return text


def _numbers_in(text: str) -> list[tuple[int, int]]:
    """Where parts stand that have digits, and no sign but ``_NUMERIC`` beside them."""
    spans, end = [], 0
    for found in _NUMBERS.finditer(text):
        start, last = found.span()
        between = text[end:start]
        spans.append((end + len(between.rstrip(_NUMERIC)), last))
        end = last
    return spans


def _blank_number(found: re.Match[str]) -> str:
    start = found.start()
    if start and found.string[start - 1] in "0123456789" and found[0][0] != "+":
        return found[0]
    return BLANK * len(found[0])


def _without_address(found: re.Match[str]) -> str:
    run = found[0]
    if "@" in run[1:] or _BARE_ADDRESS.match(run):
        address = run.rstrip(":;,")
        return BLANK * len(address) + run[len(address) :]
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


def is_something_else(candidate: Candidate, text: str, said: Words) -> bool:
    """Whether what stands around it says that it is an amount, a card, a telephone number."""
    if text[max(0, candidate.start - 2) : candidate.start].rstrip()[-1:] in _BEFORE_AMOUNT:
        return True
    last = said.last_before(candidate.start)
    if last >= 0:
        gap = text[said.ends[last] : candidate.start]
        if len(gap) <= _LONGEST_GAP and _says_another(said, last, gap, text):
            return True
    return _is_counted(candidate, text, said)


def _says_another(said: Words, last: int, gap: str, text: str) -> bool:
    """Whether the word of the index ``last``, right before, or the one before it says so."""
    nearest, further, is_beside = said.roles[last], NOTHING, False
    if last:
        further = said.roles[last - 1]
        between = text[said.ends[last - 1] : said.starts[last]]
        is_beside = between in {" ", "", "' ", "? "}
    if nearest & Role.MONEY and _AFTER_MONEY.fullmatch(gap):
        return not nearest & _NO_MONEY
    if nearest & Role.ENDING_IN or (nearest & Role.ENDING_LINK and further & Role.ENDING_IN):
        return _AFTER_ENDING.fullmatch(gap) is not None
    if nearest & Role.CALL or (nearest & Role.CALL_LINK and further & Role.CALL):
        return _AFTER_CALL.fullmatch(gap) is not None
    if nearest & Role.BEFORE_NUMBER or (nearest & Role.NUMBER and further & Role.BEFORE_NUMBER):
        return _AFTER_SIGN.fullmatch(gap) is not None
    if nearest & Role.ANSWER_TO and gap in _BLANKS:
        is_answer = any(roles & Role.ANSWER for roles in said.roles[max(0, last - 2) : last])
        return (is_beside and is_answer) or _is_sent(said, last, text)
    return False


def _is_sent(said: Words, last: int, text: str) -> bool:
    """Whether a text was sent to what follows: "we sent a code to 12345"."""
    for at in range(last - 1, max(-1, last - _WORDS_BACK), -1):
        if said.roles[at] & Role.SENT:
            return not _ENDS.search(text, said.ends[at], said.starts[last])
    return False


def _is_counted(candidate: Candidate, text: str, said: Words) -> bool:
    """Whether a unit, a currency or a word for other numbers stands right after it."""
    end = candidate.end
    if _AFTER_AMOUNT.match(text, end):
        return True
    token = said.after(end)
    if token is None or text[end : token.start] not in {"", " ", "\n"}:
        return False
    if token.roles & (Role.UNIT | Role.AFTER_NUMBER | Role.ENDING_IN):
        return True
    following = said.after(token.end)
    if following is not None and following.roles & Role.ENDING_IN:
        return text[token.end : following.start] in {"", " "}  # "7715 पर समाप्त"
    if text[token.start : token.end] in _capitals():
        return True
    return bool(token.roles & Role.MONEY) and not token.roles & _NO_MONEY


def is_before_a_year(candidate: Candidate, lower: str) -> bool:
    """Whether a word before the candidate makes a year of it: "for 2026"."""
    start = candidate.start
    return _year().search(lower, max(0, start - _WINDOW), start) is not None


def mentions(name: WordList, lower: str, said: Words, found: Iterable[Candidate]) -> bool:
    """Whether a word of the text begins like one of a list: of ``PROMOTION`` what wants to sell
    something, whose letters and digits are no secret.

    ``said`` are its words but those in ``found``; the text is looked at where they begin so.
    """
    known = _mentioned(name)
    if (known.has_signs and "%" in lower) or has_marks(lower):
        return known.pattern.search(lower) is not None
    if not lower.isascii() and known.anywhere.search(lower):
        return True
    for text, start, end in zip(said.texts, said.starts, said.ends, strict=True):
        if known.begins(text):
            look = known.pattern.search if " " in text else known.pattern.match
            if look(lower, start, end + _WINDOW):
                return True
    spans = [(each.start, each.end) for each in found]
    return any(known.pattern.search(lower, start, end + _WINDOW) for start, end in spans)


_BEFORE_AMOUNT: Final = frozenset("$€£¥₹₽₴₺₩₦₫฿₱₸₪₮₲₡₵₾₼₿©@〒")
_NO_MONEY: Final = Role.CODE | Role.IS
_BLANKS: Final = frozenset({" ", ' "', " '", " «", " “"})
_AFTER_MONEY = re.compile(r"\.?\s?")
_AFTER_ENDING = re.compile(r"\.?\s?[:-]?\s?[*.•x]{0,8}")
_AFTER_CALL = re.compile(r"[.:?]{0,2} ?")
_AFTER_SIGN = re.compile(r"[.:]?\s?#?\s?")
# A word is glued on: "1234-ending"; but not an ending or a word for "code"
_AFTER_AMOUNT = re.compile(
    r"\s?[$€£¥₹₽₴₺₩₦₫฿₱₸₪₮₲₡₵₾₼₿%]"
    r"|-(?=[a-zа-я])(?!(?:code|kod|код|ni|nci|не|der|is|ist|just|est)(?![a-z]))"
)
_ENDS = re.compile(r"[.!?\n]")


@cache
def _capitals() -> frozenset[str]:
    """Currencies that are words of some language in small letters."""
    return frozenset(word.upper() for word in words(WordList.CURRENCY_CAPITALS))


@cache
def _year() -> re.Pattern[str]:
    return re.compile(rf"(?:{alone(WordList.BEFORE_YEAR)}|(?<![а-яё])(?:за|в|на|для|до|с)|©) $")


@dataclass(frozen=True, slots=True)
class _Mentioned:
    """Words that a text may mention: by ``pattern``; ``anywhere`` are those of scripts without
    blanks. ``begins``: whether a word, or one of a phrase, begins like the first word of one.
    ``has_signs``: whether one begins with a sign: "% off"."""

    pattern: re.Pattern[str]
    anywhere: re.Pattern[str]
    begins: Callable[[str], bool]
    has_signs: bool


@cache
def _mentioned(name: WordList) -> _Mentioned:
    single = any_of(filter(str.isalpha, listed(name)))
    several = [word for word in listed(name) if not word.isalpha()]
    firsts = any_of(found[0] for found in map(_LETTERS.match, several) if found)
    first = re.compile(rf"(?<![^\W\d_])(?:(?:{single})|(?:{firsts})(?![^\W\d_]))")

    @lru_cache(4096)
    def begins(text: str) -> bool:
        return first.search(text) is not None

    return _Mentioned(
        re.compile(beginning(name)),
        re.compile(any_of(filter(is_anywhere, listed(name)))),
        begins,
        not all(map(_LETTERS.match, several)),
    )
