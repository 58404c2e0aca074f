"""Web and e-mail addresses, paths and ports: their signs in words."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from ringbolt.core.tables import entries, shipped_rows
from ringbolt.speech.normalise.lexicon import Lexicon
from ringbolt.speech.normalise.rule import Rule

_LABEL: Final = r"[a-z0-9\u00df-\u024f\u0400-\u04ff_-]"
_BEFORE: Final = r"(?<![a-z0-9\u00df-\u024f\u0400-\u04ff_.@+-])"
_PATH_REST: Final = rf"(?:[./~%+:=@,!]++{_LABEL}++)*+/?"
_PORT_AND_PATH: Final = rf"(?::\d{{1,5}}(?!\d))?(?:/{_LABEL}*+{_PATH_REST})?+"
_QUERY: Final = r"(?:[?#][!-~]*[\w/=&])?"

_EMAIL: Final = re.compile(
    rf"{_BEFORE}(?:mailto:)?({_LABEL}(?:{_LABEL}|[.+]){{0,63}}+@{_LABEL}++(?:\.{_LABEL}++)++)",
    re.IGNORECASE,
)
_WEB: Final = re.compile(
    rf"(?:https?|ftp|wss?)://({_LABEL}++(?:\.{_LABEL}++)*+{_PORT_AND_PATH}){_QUERY}"
    rf"|{_BEFORE}(?:www\.)({_LABEL}++(?:\.{_LABEL}++)++{_PORT_AND_PATH}){_QUERY}",
    re.IGNORECASE,
)
_HOST: Final = re.compile(
    rf"{_BEFORE}((?:{_LABEL}++\.)++({_LABEL}++)|localhost(?=:\d)){_PORT_AND_PATH}{_QUERY}"
    r"(?![a-z0-9])",
    re.IGNORECASE,
)
_IP: Final = re.compile(
    rf"{_BEFORE}(\d{{1,3}}(?:\.\d{{1,3}}){{3}}(?::\d{{1,5}})?/(?!\d){_LABEL}++{_PATH_REST}){_QUERY}",
    re.IGNORECASE,
)
_PATH: Final = re.compile(
    rf"(?<![\w.<>/])/{_LABEL}++(?:/{_LABEL}++(?:\.{_LABEL}++)*+)++/?|[A-Z]:\\(?:[\w. -]++\\?)*+"
)
_PART: Final = re.compile(r"[^\W_]+|[\W_]")
_SIGNS: Final = {
    ".": "dot", "/": "slash", "\\": "backslash", "@": "at", "-": "dash", "_": "underscore",
    ":": "colon", "=": "equals", "+": "plus", "%": "percent", "~": "tilde", ",": "comma",
    "&": "and",
}  # fmt: skip
_RANDOM: Final = re.compile(
    r"[a-z]\d+[A-Z]|\d[a-z][A-Z]|[a-z][A-Z][a-z]*\d|\d[a-z]+\d|\d[A-Z][a-z]"
)
"""Signs by chance, as short addresses have them."""
_SPELLED_FROM: Final = 3
"""So many digits in a row are read one by one: a listener writes them down."""


def _say_address(address: str, words: Lexicon) -> str:
    """Where the language has no word for the dot, the engine has its own."""
    address = address.rstrip("/")
    if not words.sign("dot"):
        return address.replace("/", " / ").replace("@", " @ ")
    return " ".join(_say_part(part, words) for part in _PART.findall(address)).strip()


def _say_part(part: str, words: Lexicon) -> str:
    if part in _SIGNS:
        return words.sign(_SIGNS[part])
    if _RANDOM.search(part):
        return words.letters(part)
    return re.sub(rf"\d{{{_SPELLED_FROM},}}", lambda digits: f" {words.digits(digits[0])} ", part)


def _web(found: re.Match[str], words: Lexicon) -> str:
    address = found[1] or found[2]
    return _say_address(re.sub(r"^www\.", "", address, flags=re.IGNORECASE), words)


def _whole(found: re.Match[str], words: Lexicon) -> str:
    return _say_address(found[1], words)


def _host(found: re.Match[str], words: Lexicon) -> str | None:
    """A name without ``www.``: it must end as names do, and is no "end.Next"."""
    ending = found[2]
    if ending is not None and ending.lower() not in _endings():
        return None
    address = re.split("[?#]", found[0])[0]
    return _say_address(address.lower() if address.isupper() else address, words)


def _path(found: re.Match[str], words: Lexicon) -> str:
    return _say_address(found[0], words)


@cache
def _endings() -> frozenset[str]:
    rows = shipped_rows("ringbolt.speech.normalise", "domains.csv")
    return frozenset(ending for row in rows for ending in entries(row["endings"]))


RULES: Final[tuple[Rule, ...]] = (
    Rule(_EMAIL, _whole),
    Rule(_WEB, _web),
    Rule(_IP, _whole),
    Rule(_HOST, _host),
    Rule(_PATH, _path),
)
