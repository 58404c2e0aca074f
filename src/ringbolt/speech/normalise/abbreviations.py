"""Abbreviations of streets, titles, days and the like, as the words they stand for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from ringbolt.core.tables import shipped_rows
from ringbolt.speech.normalise.lexicon import Lexicon
from ringbolt.speech.normalise.rule import SPOKEN, Rule

_PAIR: Final = re.compile(r"(?<![\w.@/-])[^\W\d_]{1,2}\. ?[^\W\d_]{1,4}\.(?!\w)")
_SHORT: Final = re.compile(r"(?<![\w.@/-])[^\W\d_]{1,7}[°º]?(?:[/.-][^\W\d_]{1,5})*[.º/]?(?![\w@])")
_SLASHED: Final = re.compile(r"(?<![\w.@/-])[^\W\d_]{1,3}/[^\W\d_]{1,3}(?![\w/])")
_NUMERO: Final = re.compile(r"(?<!\w)[Nn]\.?[°º](?= ?\d)")
_WITH_DIGITS: Final = re.compile(r"(?<![\w.,/:-])\d{1,2}[hj]?/\d{1,2}(?![\w/:-]|[.,]\d)")
_ENDING: Final = re.compile(r"(?<![^\W\d_])([^\W\d_]{3,20})str\.(?!\w)")
_STREET_ENDINGS: Final = {"de": "straße", "lb": "strooss", "nl": "straat"}
_NUMBER_NEXT: Final = re.compile(rf" ?[\d{SPOKEN}]")
_NAME_NEXT: Final = re.compile(r" ?[^\W\d_]")
_CAPITAL_NEXT: Final = re.compile(r" +[A-Z]")
_LAST_WORDS: Final = frozenset(
    {
        "etc", "appt", "appts", "acct", "dept", "min", "mins", "hr", "hrs", "secs", "wk", "wks",
        "yr", "yrs", "tmrw", "msg", "msgs", "ltd", "inc", "corp", "jr", "sr", "bldg", "blvd", "hwy",
        "pkwy", "fl",
    }
)  # fmt: skip
"""What often ends a sentence; "vs." and "e.g." do not."""
_NUMBER_BEFORE: Final = re.compile(rf"[\d{SPOKEN}] ?$")
_DIRECTIONS: Final = {
    "N": "North", "S": "South", "E": "East", "W": "West",
    "NE": "Northeast", "NW": "Northwest", "SE": "Southeast", "SW": "Southwest",
}  # fmt: skip
_STREET: Final = re.compile(
    rf"(?:(?<=[\w{SPOKEN}'’.]) )([A-Z][a-z]{{1,4}})\.?(?: (NE|NW|SE|SW|N|S|E|W)(?![\w'’]))?(?!\w)"
)
_NAME_BEFORE: Final = re.compile(
    rf"(?:^|[\s(])(?:[A-Z][\w'’.-]*|\d+(?:st|nd|rd|th)|[{SPOKEN}]|[A-Z])$"
)
_NO_NAMES: Final = frozenset(
    {
        "The", "At", "In", "On", "By", "To", "From", "With", "And", "Or", "For", "Of", "Near", "Is",
        "Was", "My", "Our", "Your", "Dear",
    }
)  # fmt: skip
"""With a capital at the start of a sentence, and not the name of a street."""
_SUFFIX: Final = "St|Ave|Blvd|Rd|Dr|Ln|Ct|Pl|Sq|Pkwy|Hwy|Street|Avenue|Road|Drive|Lane"
_DIRECTION: Final = re.compile(
    r"(?<![\w.'’-])(NE|NW|SE|SW|N|S|E|W)\.?(?= (?:\d+(?:st|nd|rd|th)|[A-Z][a-z]+"
    rf"|[{SPOKEN}])(?: [A-Z][a-z]+)? (?:{_SUFFIX})\b)"
)
_CAPITAL_AM: Final = re.compile(r"(?<=[^\W\d_] )Am(?![\w'’-]|\.\w)")


@dataclass(frozen=True, slots=True)
class _Abbreviation:
    """``places``: where it must stand to be one."""

    words: str
    places: frozenset[str]

    def fits(self, found: re.Match[str], has_point: bool) -> bool:
        text = found.string
        if "point" in self.places and not has_point:
            return False
        if "number" in self.places and not _NUMBER_NEXT.match(text, found.end()):
            return False
        if "after" in self.places and not _NUMBER_BEFORE.search(text, 0, found.start()):
            return False
        if "name" in self.places:
            following = _NAME_NEXT.match(text, found.end())
            return following is not None and following[0][-1].isupper()
        return not self.places & {"street", "ending"}


def _expand(found: re.Match[str], words: Lexicon) -> str | None:
    written = found[0]
    for short, rest in ((written, ""), (written[:-1], written[-1])):
        if rest not in ("", "."):
            continue
        said = _meaning(short, found, rest == "." or short.endswith("."), words.language)
        if said:
            may_end = words.language == "en" and short.lower() in _LAST_WORDS
            return said + (rest and _stop(found, may_end=may_end))
    return None


def _meaning(short: str, found: re.Match[str], has_point: bool, language: str) -> str:
    known = _abbreviations(language)
    for candidate in known.get(short, ()):
        if candidate.fits(found, has_point):
            return candidate.words
    if len(short) == 1 or not short[:1].isupper() or short in known:
        return ""
    for candidate in known.get(short[:1].lower() + short[1:], ()):  # at the start of a sentence
        if candidate.fits(found, has_point):
            return candidate.words[:1].upper() + candidate.words[1:]
    return ""


def _stop(found: re.Match[str], *, may_end: bool) -> str:
    """The point of an abbreviation ends the sentence too, if a new one follows: after what
    ``may_end`` one ("etc."), or where the text or the line ends."""
    after = found.string[found.end() :]
    if not after.strip() or after.startswith("\n"):
        return "." if not after.strip() else ""
    return "." if may_end and _CAPITAL_NEXT.match(after) else ""


def _street(found: re.Match[str], words: Lexicon) -> str | None:
    """``Sunset Blvd`` and ``160th Pl NE``; "Dr" after a name is a drive, before one a doctor."""
    if words.language != "en":
        return None
    name = _NAME_BEFORE.search(found.string, max(0, found.start() - 40), found.start())
    if name is None or name[0].strip(" (") in _NO_NAMES:
        return None
    for each in _abbreviations("en").get(found[1], ()):
        if "street" in each.places:
            direction = _DIRECTIONS.get(found[2], "")
            point = _stop(found, may_end=True) if found[0].endswith(".") else ""
            return f" {each.words} {direction}".rstrip() + point
    return None


def _direction(found: re.Match[str], words: Lexicon) -> str | None:
    return _DIRECTIONS[found[1]] if words.language == "en" else None


def _numero(found: re.Match[str], words: Lexicon) -> str | None:
    return words.sign("number") or None


def _am(found: re.Match[str], words: Lexicon) -> str | None:
    """``Pan Am``: hibari would spell it, as it does the AM of a time."""
    return "am" if words.language == "en" else None


def _street_ending(found: re.Match[str], words: Lexicon) -> str | None:
    """``Hauptstr.``"""
    ending = _STREET_ENDINGS.get(words.language)
    return f"{found[1]}{ending}" if ending else None


@cache
def _abbreviations(language: str) -> dict[str, tuple[_Abbreviation, ...]]:
    found: dict[str, tuple[_Abbreviation, ...]] = {}
    for row in shipped_rows("ringbolt.speech.normalise", "abbreviations.csv"):
        if row["language"] == language:
            each = _Abbreviation(row["words"], frozenset(row["place"].split()))
            found[row["short"]] = (*found.get(row["short"], ()), each)
    return found


BEFORE_NUMBERS: Final[tuple[Rule, ...]] = (
    Rule(_NUMERO, _numero),
    Rule(_WITH_DIGITS, _expand),
    Rule(_SLASHED, _expand),
    Rule(_DIRECTION, _direction),
    Rule(_STREET, _street),
)
"""``24/7`` is no fraction, ``45 W 34th St`` no watts."""

RULES: Final[tuple[Rule, ...]] = (
    Rule(_ENDING, _street_ending),
    Rule(_PAIR, _expand),
    Rule(_SHORT, _expand),
    Rule(_CAPITAL_AM, _am),
)
