"""The activation code in a text message, found without knowing who wrote it.

Every number that has the form of a code gets points for its form and for how near it stands to a
word for "code" in some twenty languages, and loses them if it reads like an amount, a year, a
time, the end of a card number or a telephone number. The text itself is always kept and shown:
this is a convenience, and may be wrong. All patterns run in linear time on a capped text.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import islice
from typing import Final

from ringbolt.core.services import ANY_OTHER, SERVICES
from ringbolt.core.texts.code_patterns import SERVICE_CODE, code_patterns

MAX_CHARS: Final = 1600
"""How much of a text is read: a little more than ten segments."""

_MAX_FINDS: Final = 64
_CONTEXT: Final = 28
_ENOUGH: Final = 5
_NEAR: Final = 20
_BESIDE: Final = 6

# WICG "Origin-bound one-time codes": the last line is @host #code
_ORIGIN_BOUND = re.compile(
    r"^@[a-z0-9.-]{1,253} #(?=[a-z]*[0-9])([a-z0-9]{4,12})(?= |$)", re.IGNORECASE | re.MULTILINE
)
_GLUED = re.compile(r"(?i)(?<![a-z])(otp|pin|code|kod)(?=[0-9])")
_PRINTABLE_RUN = re.compile(r"[!-~]+")
_WEB_ADDRESS = re.compile(r"https?://|www\.", re.IGNORECASE)
_BARE_ADDRESS = re.compile(r"[\"'(<]?[a-z0-9][a-z0-9.-]*\.[a-z]{2,}/", re.IGNORECASE)
_GROUPED = r"(?:(?:[ .-]|\) ?| ?\()?[0-9])"  # a digit of a telephone number, perhaps of a new group
_NOT_CODES = (
    re.compile(rf"(?<![0-9])\+[1-9]{_GROUPED}{{5,14}}(?![0-9])"),  # telephones, from abroad
    re.compile(rf"(?<![0-9])00[1-9]{_GROUPED}{{8,14}}(?![0-9])"),
    re.compile(rf"(?<![0-9-])\(?[01][0-9]{{0,4}}[ ).-]{_GROUPED}{{6,12}}(?![0-9])"),  # national
    re.compile(r"(?<![0-9])[0-9]{3}[ .-][0-9]{3}[ .-][0-9]{4}(?![0-9])"),
    re.compile(r"(?<![0-9])[0-9]{1,4}([./-])[0-9]{1,2}\1[0-9]{4}(?![0-9])"),  # dates
    re.compile(r"(?<![0-9])[0-9]{4}([./-])[0-9]{1,2}\1[0-9]{1,2}(?![0-9])"),
    re.compile(r"(?<![0-9])[0-9]{1,2}([./])[0-9]{1,2}\1[0-9]{2}(?![0-9])"),
    re.compile(r"(?<![0-9])[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?![0-9])"),  # times
    re.compile(r"(?<![0-9])[0-9]{1,3}(?:[,. ][0-9]{3})*[.,][0-9]{1,2}(?![0-9])"),  # amounts
    re.compile(r"(?<![0-9])[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])"),
)
_WIDE_STOPS: Final = str.maketrans({"，": ", ", "；": "; "})
_MASK: Final = "\x00"

_LEFT: Final = r"(?<![A-Za-z0-9])(?<![0-9][.,:/-])"
_RIGHT: Final = r"(?![A-Za-z0-9])(?![.,:/-][0-9])"
# Letters before four digits and more are a service's name: they are not typed
_HALVES: Final = (
    r"(?=[A-Z-]*[0-9])(?=[0-9-]*[A-Z])(?:[A-Z0-9]{3}-[A-Z0-9]{3}"
    r"|(?![A-Z]+-[0-9]+)[A-Z0-9]{4}-[A-Z0-9]{4})"
)
_FORMS: Final = (
    # G-123456: the letters are shown in the form where the digits are typed
    (re.compile(rf"{_LEFT}[A-Z]{{1,2}}-([0-9]{{4,8}}){_RIGHT}"), 8),
    (re.compile(rf"{_LEFT}(?<![0-9] )([0-9]{{3}}[ -][0-9]{{3}}){_RIGHT}(?! [0-9]{{3}})"), 4),
    (re.compile(rf"{_LEFT}([0-9]{{4}}-[0-9]{{4}}|[0-9]{{2}}-[0-9]{{2}}-[0-9]{{2}}){_RIGHT}"), 3),
    (re.compile(rf"{_LEFT}(?<![0-9] )([0-9]{{2}} [0-9]{{2}} [0-9]{{2}}){_RIGHT}(?! [0-9])"), 3),
    (re.compile(rf"{_LEFT}({_HALVES}){_RIGHT}"), 1),
    (re.compile(rf"{_LEFT}(?<![0-9] )([0-9](?: [0-9]){{3,7}}){_RIGHT}(?! [0-9])"), 3),
    (re.compile(rf"{_LEFT}([0-9]{{3,10}}){_RIGHT}"), 0),
    (re.compile(rf"{_LEFT}((?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{{5,8}}){_RIGHT}"), 1),
)
_POINTS_BY_DIGITS: Final = {3: 0, 4: 3, 5: 3, 6: 4, 7: 3, 8: 3, 9: 0, 10: 0}
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_WORD_AND_NUMBER = re.compile(r"[A-Za-z]{3,}[0-9]{1,2}|[Xx]{2,}[0-9]+|[0-9]+(?:[a-z]{1,2}|min)")
_SENTENCE_END = re.compile(r"[.!?](?=[ \n])|[。！？]")
_NAME = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class _Candidate:
    code: str
    start: int
    end: int
    points: int

    @property
    def is_digits(self) -> bool:
        return self.code.isdigit()


@dataclass(frozen=True, slots=True)
class _Message:
    """A normalised text with everything masked that cannot be a code, and where its words are."""

    text: str
    lower: str
    code_words: tuple[tuple[int, int], ...]
    purpose_words: tuple[tuple[int, int], ...]


def extract_code(text: str, service_code: str = "") -> str | None:
    """The code in ``text`` as a user types it, without blanks and hyphens; None if there is none.

    ``service_code`` says whose code is expected, '' if that is not known.
    """
    plain = _plain(text)
    bound = _ORIGIN_BOUND.search(plain)
    if bound:
        return bound[1]
    own_form = SERVICE_CODE.get(service_code)
    special = own_form.search(plain) if own_form else None
    if special:
        return special[1]
    message = _read(plain)
    candidates = _candidates(message.text)
    scored = [(_score(candidate, message), candidate) for candidate in candidates]
    best = max(scored, key=lambda pair: (pair[0], -pair[1].start), default=None)
    if best and best[0] >= _ENOUGH:
        return best[1].code
    return _lone_number(candidates, message, service_code)


def code_as_number(code: str) -> int | None:
    """The code as a number where that loses nothing: digits without a leading zero, 15 at most
    (what a double holds exactly); else None."""
    if not (code.isascii() and code.isdigit()) or len(code) > 15:
        return None
    return int(code) if code[0] != "0" or code == "0" else None


def _plain(text: str) -> str:
    """The text with ASCII digits, blanks and hyphens instead of those of other scripts."""
    spaced = text[:MAX_CHARS].translate(_WIDE_STOPS)  # else "482913，10分" would be a decimal
    composed = unicodedata.normalize("NFKC", spaced)[:MAX_CHARS]
    return _GLUED.sub(r"\1 ", "".join(map(_plain_sign, composed)))


def _plain_sign(sign: str) -> str:
    if sign.isascii():
        return " " if sign in "\t\r" else sign
    match unicodedata.category(sign):
        case "Nd":
            return str(unicodedata.decimal(sign))
        case "Cf":  # direction marks stand around codes in right-to-left texts
            return ""
        case "Pd":
            return "-"
        case "Zs":
            return " "
        case _:
            return sign


def _read(plain: str) -> _Message:
    text = _PRINTABLE_RUN.sub(_without_address, plain)
    for pattern in _NOT_CODES:
        text = pattern.sub(_blank, text)
    lower = "".join(low if len(low := sign.lower()) == 1 else sign for sign in text)
    patterns = code_patterns()
    found = _spans(patterns.code_word, lower)
    code_words = tuple(span for span in found if _is_this_code(span, lower))
    return _Message(text, lower, code_words, tuple(_spans(patterns.purpose_word, lower)))


def _blank(found: re.Match[str]) -> str:
    return _MASK * len(found[0])


def _without_address(found: re.Match[str]) -> str:
    run = found[0]
    if "@" in run[1:] or _BARE_ADDRESS.match(run):
        return _MASK * len(run)
    web = _WEB_ADDRESS.search(run)
    return run[: web.start()] + _MASK * (len(run) - web.start()) if web else run


def _spans(pattern: re.Pattern[str], text: str) -> list[tuple[int, int]]:
    return [found.span() for found in islice(pattern.finditer(text), _MAX_FINDS)]


def _is_this_code(span: tuple[int, int], lower: str) -> bool:
    (start, end), patterns = span, code_patterns()
    return not (
        patterns.not_this_code_before.search(lower[max(0, start - _CONTEXT) : start])
        or patterns.not_this_code_after.match(lower[end : end + _CONTEXT])
    )


def _candidates(text: str) -> list[_Candidate]:
    found: list[_Candidate] = []
    for pattern, points in _FORMS:
        for match in islice(pattern.finditer(text), _MAX_FINDS):
            start, end = match.span(1)
            if any(start < other.end and other.start < end for other in found):
                continue  # a part of one that was found in a stronger form
            code = match[1].replace(" ", "").replace("-", "")
            found.append(_Candidate(code, start, end, points or _POINTS_BY_DIGITS[len(code)]))
    return found


def _score(candidate: _Candidate, message: _Message) -> int:
    distance = _distance(candidate, message.code_words, message)
    if _is_another_number(candidate, message.lower) or _is_a_year(candidate, distance, message):
        return 0
    near = max(0, 10 - distance // 5)
    if not candidate.is_digits or candidate.points == 0:
        reach = _BESIDE if candidate.is_digits else _NEAR
        return candidate.points + near if distance <= reach else 0
    purpose = max(0, 5 - _distance(candidate, message.purpose_words, message) // 5)
    somewhere = 1 if message.code_words else 0
    return candidate.points + max(near, purpose, somewhere)


def _distance(candidate: _Candidate, words: tuple[tuple[int, int], ...], message: _Message) -> int:
    """Characters between the candidate and the nearest word; the end of a sentence counts as 25."""
    gaps = (
        _gap(candidate, start, end, message)
        for start, end in words
        if end <= candidate.start or candidate.end <= start
    )
    return min(gaps, default=MAX_CHARS)


def _gap(candidate: _Candidate, start: int, end: int, message: _Message) -> int:
    if end <= candidate.start:
        between = message.text[end : candidate.start]
        handicap = 0
    else:
        between = message.text[candidate.end : start]
        handicap = 4
    ends = _SENTENCE_END.findall(between) if len(between) < 100 else ()
    return len(between) + handicap + 25 * len(ends)


def _is_another_number(candidate: _Candidate, lower: str) -> bool:
    before = lower[max(0, candidate.start - _CONTEXT) : candidate.start]
    after = lower[candidate.end : candidate.end + _CONTEXT]
    return bool(
        (not candidate.is_digits and _WORD_AND_NUMBER.fullmatch(candidate.code))
        or code_patterns().another_number_before.search(before)
        or code_patterns().another_number_after.match(after)
    )


def _is_a_year(candidate: _Candidate, distance: int, message: _Message) -> bool:
    if _YEAR.fullmatch(candidate.code) is None:
        return False
    before = message.lower[max(0, candidate.start - _CONTEXT) : candidate.start]
    if code_patterns().year_before.search(before):
        return True
    says_code = distance <= _BESIDE or (candidate.start <= 4 and distance < MAX_CHARS)
    return not says_code


def _lone_number(candidates: list[_Candidate], message: _Message, service_code: str) -> str | None:
    """The number of a text that holds nothing else but the name of the service, or filler words."""
    if len(candidates) != 1 or message.code_words:
        return None
    only = candidates[0]
    if not only.is_digits or only.points == 0 or _is_another_number(only, message.lower):
        return None
    words = _NAME.findall(message.lower)
    says_no_more = _is_a_name(words, service_code) or code_patterns().fillers.issuperset(words)
    return only.code if says_no_more and not _YEAR.fullmatch(only.code) else None


def _is_a_name(words: list[str], service_code: str) -> bool:
    service = SERVICES.get(service_code)
    if service is None or service_code == ANY_OTHER:
        return len(words) == 0 or (len(words) == 1 and words[0].isascii() and len(words[0]) <= 12)
    return set(words) <= set(_NAME.findall(service.name.lower()))
