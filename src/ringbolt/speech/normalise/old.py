"""Prepare a written text for reading aloud. Pure.

``clean`` is the same for every language; ``readable`` rewrites what engines read wrongly: codes and
telephone numbers digit by digit, times, web addresses. Amounts, years and dates stay as they are:
the engines know their language's words for them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from ringbolt.core.tables import entries, shipped_rows
from ringbolt.speech.normalise.old_numbers import read_number

_DOMAIN = (
    r"(?:[a-z0-9-]+\.)+(?:com|org|net|edu|gov|info|io|co|ai|app|dev|me|tv|xyz|biz|eu|us|uk|ca|au|de"
    r"|fr|es|it|nl|ch|at|be|se|no|dk|pl|ru|in|jp|cn|br|mx|ae|sa|eg|onion)"
)
_SPACES = re.compile(r"[^\S\n]+")
_TOKEN = re.compile(
    rf"""
      (?P<email>(?<![\w.+-])[\w.+-]{{1,64}}@[\w-]+(?:\.[\w-]+)+)
    | (?P<url>(?:https?://|www\.)[^\s<>"']*[\w/]
             |(?<![\w.@]){_DOMAIN}(?:/[^\s<>"']*[\w/])?(?![\w]))
    | (?P<date>(?<![\d.])(?:\d{{4}}(?P<a>[-/.])\d{{1,2}}(?P=a)\d{{1,2}}
              |\d{{1,2}}(?P<b>[-/.])\d{{1,2}}(?P=b)(?:\d{{4}}|\d{{2}}))(?![\d/-]))
    | (?P<time>(?<![\d:.])\d{{1,2}}(?::\d\d(?::\d\d)?)?\s?[ap]\.?m\b\.?
              |(?<![\d:.])\d{{1,2}}:\d\d(?::\d\d)?(?![\d:]))
    | (?P<mixed>(?<![a-z\d_])(?=[A-Z]*\d)(?=\d*[A-Z])[A-Z0-9]{{4,16}}(?![a-z\d_]))
    | (?P<number>(?<![a-z\d_])(?:\+\s?)?\(?\d(?:(?:\d|[ ().\-/]|,(?=\d))*\d)?)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_HOUR_MINUTE = re.compile(r"(\d{1,2})(?::(\d\d))?(?::(\d\d))?\s?([ap])?", re.IGNORECASE)
_HOUR_WORD = re.compile(r"\s?(?:Uhr|h\b|heures?)")
_LETTER_RUN = re.compile("[A-Z]{4,}")

_SIGNS: Final = ("dot", "slash", "at", "dash", "underscore")
_TIME: Final = "{} {}"
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class _Rules:
    """How a language is read: the words for ``./@-_`` (none: the engine has its own), and the form
    of a time of day. ``short_words`` are no initials, although they are written in capitals."""

    signs: tuple[str, ...] = ()
    time: str = _TIME
    short_words: frozenset[str] = frozenset()


@cache
def _all_rules() -> dict[str, _Rules]:
    return {
        row["language"]: _Rules(
            tuple(row[sign] for sign in _SIGNS if row[sign]),
            row["time"] or _TIME,
            frozenset(entries(row["short_words"])),
        )
        for row in shipped_rows("ringbolt.speech.normalise", "reading.csv")
    }


def _rules(language: str) -> _Rules:
    return _all_rules().get(language, _Rules())


def readable(text: str, language: str) -> str:
    """``text`` (cleaned) with numbers, times and addresses as they are said in ``language``."""
    if language == "en":
        text = _calm(text)
    return _SPACES.sub(" ", _TOKEN.sub(lambda m: _read(m, language), text)).strip()


def _read(match: re.Match[str], language: str) -> str:
    token = match[0]
    match match.lastgroup:
        case "email" | "url":
            return _read_address(token, language)
        case "time":
            return _read_time(token, language, match.string[match.end() :])
        case "mixed":
            return _read_mixed(token)
        case "number":
            return read_number(token, match.string[: match.start()], match.string[match.end() :])
    return token


def _read_address(token: str, language: str) -> str:
    """An e-mail or web address in words; scheme, ``www.``, query and fragment are left out."""
    token = re.sub(r"^https?://", "", token, flags=re.IGNORECASE)
    token = re.split(r"[?#]", token.removeprefix("www."))[0].rstrip("/")
    words = _rules(language).signs
    if not words:  # the engine has its own word for the dot
        return token.replace("/", " / ").replace("@", " @ ")
    for sign, word in zip("./@-_", words, strict=True):
        token = token.replace(sign, f" {word} ")
    return re.sub(r"\d{3,}", lambda m: " ".join(m[0]), token)


def _read_time(token: str, language: str, after: str) -> str:
    """``3:00 pm`` as ``3 PM``; ``15:30`` stays in English and loses its colon elsewhere."""
    parts = _HOUR_MINUTE.match(token)
    if parts is None:
        return token
    hour, minute, second, half = parts.groups()
    if half:
        clock = hour if minute in (None, "00") else f"{hour}:{minute}"
        return f"{clock} {half.upper()}M" + ("." if token.endswith(".") else "")
    if language == "en" or second:
        return token
    shape = _rules(language).time
    if _HOUR_WORD.match(after):
        shape = _TIME
    return shape.format(hour, "" if minute == "00" else minute).strip()


def _read_mixed(token: str) -> str:
    """A code of capitals and digits, letter by letter; words with a number in them stay."""
    if token != token.upper() or _LETTER_RUN.search(token):
        return token
    return " ".join(token)


def _calm(text: str) -> str:
    """Lower-case a text in capitals: hibari would spell its words ("THIS" as T, H, I, S)."""
    letters = [char for char in text if char.isalpha()]
    if len(letters) < 8 or sum(map(str.isupper, letters)) < 0.6 * len(letters):
        return text
    words = _rules("en").short_words
    return _WORD.sub(lambda m: m[0].lower() if len(m[0]) > 3 or m[0] in words else m[0], text)
