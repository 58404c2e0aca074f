"""What a ``say-as`` element of SSML asks for, on its way to the speech process.

Only there the language of a text is known. Until then two noncharacters (Unicode 23.7), which
stand in no text of a person, enclose what is to be read in a certain way.
"""

from __future__ import annotations

import re
from typing import Final

_KINDS: Final = (
    "digits", "characters", "telephone", "cardinal", "ordinal", "fraction", "duration",
    "mdy", "dmy", "ymd", "ydm", "md", "dm", "my", "ym",
)  # fmt: skip
_ALIASES: Final = {"spell-out": "characters", "verbatim": "characters", "number": "cardinal"}
_FIRST, _END, _FIRST_KIND = "\ufdd0", "\ufdd1", 0xFDD2
_MARKED: Final = re.compile("\ufdd0([\ufdd2-\ufde0])([^\ufdd0-\ufdef]*)\ufdd1")
_MARKS: Final = re.compile("[\ufdd0-\ufdef]")


def kind_of(interpret_as: str, format_: str) -> str:
    """The kind of reading that is asked for; '' for one that is read so anyway (times, amounts
    of money, units), or that is not known."""
    asked = interpret_as.strip().lower()
    kind = asked if asked != "date" else re.sub("[^dmy]", "", format_.strip().lower())
    if asked == "date" and len(kind) > len(set(kind)):  # "yyyymmdd"
        kind = "".join(dict.fromkeys(kind))
    if asked == "time":
        kind = "duration" if format_.strip().lower().startswith("ms") else ""
    kind = _ALIASES.get(kind, kind)
    return kind if kind in _KINDS else ""


def marked(kind: str, text: str) -> str:
    """``text`` between the marks of a kind."""
    return f"{_FIRST}{chr(_FIRST_KIND + _KINDS.index(kind))}{unmarked(text)}{_END}"


def unmarked(text: str) -> str:
    """``text`` without marks: a buyer's own mean nothing."""
    return _MARKS.sub("", text)


def spans(text: str) -> list[tuple[str, str]]:
    """The parts of a text in order, each with its kind; '' for what is outside the marks."""
    parts: list[tuple[str, str]] = []
    at = 0
    for found in _MARKED.finditer(text):
        parts.append(("", unmarked(text[at : found.start()])))
        parts.append((_KINDS[ord(found[1]) - _FIRST_KIND], found[2]))
        at = found.end()
    return [*parts, ("", unmarked(text[at:]))]
