"""The languages of the pages, and which of them a visitor gets.

``?lang=`` chooses one and is remembered in a cookie; without either, the browser's own list counts
(``Accept-Language``, RFC 9110, section 12.5.4). English is the first one, and what everything
falls back to.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, Literal

from starlette.requests import cookie_parser

from ringbolt.api.kit.query import MAX_FIELDS
from ringbolt.http_body import Scope, header

COOKIE: Final = "ringbolt_lang"
COOKIE_AGE_S: Final = 365 * 86_400
_MOST_RANGES: Final = 20
_MOST_CHARS: Final = 500


@dataclass(frozen=True, slots=True)
class Language:
    """``code``: ISO 639-1, for ``lang``; ``locale``: whose dates and numbers it has, in Babel's
    words; ``name``: what its speakers call it. ``is_reviewed``: a native speaker has read it."""

    code: str
    locale: str
    name: str
    direction: Literal["ltr", "rtl"] = "ltr"
    is_reviewed: bool = False


ENGLISH: Final = Language("en", "en_GB", "English", is_reviewed=True)
LANGUAGES: Final = (
    ENGLISH,
    Language("de", "de", "Deutsch"),
    Language("es", "es", "Español"),
    Language("ar", "ar", "العربية", "rtl"),
)
BY_CODE: Final = {each.code: each for each in LANGUAGES}
_current: ContextVar[Language] = ContextVar("language", default=ENGLISH)


def language() -> Language:
    """The language of the request that is answered; English outside of any."""
    return _current.get()


def speak(chosen: Language) -> None:
    """Answer in this language from here on, in this task."""
    _current.set(chosen)


def asked_for(scope: Scope) -> Language | None:
    """The language that the address names; None if it names none of ours."""
    for pair in scope["query_string"].split(b"&", MAX_FIELDS):
        name, _, value = pair.partition(b"=")
        if name == b"lang":
            return BY_CODE.get(value.decode("latin-1"))
    return None


def preferred(scope: Scope) -> Language:
    """The language of the cookie, or else the best of the browser's list."""
    cookies = cookie_parser(header(scope, b"cookie")[:4096])
    kept = BY_CODE.get(cookies.get(COOKIE, ""))
    return kept or best_of(header(scope, b"accept-language"))


def best_of(accepted: str) -> Language:
    """The best of ours for an ``Accept-Language``; English if there is none."""
    best, weight = ENGLISH, 0.0
    for item in accepted[:_MOST_CHARS].split(",")[:_MOST_RANGES]:
        tag, _, rest = item.partition(";")
        known = BY_CODE.get(tag.strip().partition("-")[0].lower())
        if known is not None and _weight(rest) > weight:
            best, weight = known, _weight(rest)
    return best


def _weight(parameters: str) -> float:
    """``q``, from 0 to 1; 0 if it cannot be read."""
    name, _, value = parameters.partition("=")
    if name.strip().lower() != "q":
        return 1.0
    whole, _, part = value.strip().partition(".")
    is_number = whole in ("0", "1") and len(part) <= 3 and (not part or part.isdecimal())
    return float(f"{whole}.{part or 0}") if is_number and part.isascii() else 0.0
