"""What the reader of a text sees, where that differs from its characters.

A mail program shows the encoded words of a header decoded (RFC 2047, some of them several times),
and a screen shows what stands between bidirectional overrides backwards (UAX 9).
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator
from quopri import decodestring
from typing import Final

# Looser than RFC 2047: mail programs also decode what has blanks in it, or is too long.
_ENCODED_WORD: Final = re.compile(r"=\?([^?\s]{1,60})\?([BbQq])\?([^?]*)\?=")
_BETWEEN: Final = re.compile(rf"(?<=\?=)\s+(?={_ENCODED_WORD.pattern})")
_MOST_LEVELS: Final = 5
"""How often an encoded word in an encoded word is decoded."""

_OVERRIDES: Final = "\u202d\u202e"
_BEGINS: Final = frozenset("\u202a\u202b\u202d\u202e\u2066\u2067\u2068")
"""LRE, RLE, LRO, RLO, LRI, RLI, FSI."""
_BACKWARDS: Final = "\u202e"
_ENDS: Final = frozenset("\u202c\u2069")
"""PDF, PDI."""


def readings(text: str) -> tuple[str, ...]:
    """``text`` as it is, and as it may be shown, each once."""
    found = [text]
    if "=?" in text:
        found += _decodings(text)
    if not text.isascii() or len(found) > 1:
        found += [_as_displayed(each) for each in found if any(x in each for x in _OVERRIDES)]
    return tuple(dict.fromkeys(found))


def has_encoded_word(text: str) -> bool:
    """Whether a mail program may decode a part of ``text``."""
    return "=?" in text and "?=" in text


def _decodings(text: str) -> Iterator[str]:
    for _ in range(_MOST_LEVELS):
        decoded = _decoded(text)
        if decoded == text:
            return
        yield decoded
        text = decoded


def _decoded(text: str) -> str:
    """With all encoded words decoded; blanks between two of them are not shown."""
    return _ENCODED_WORD.sub(_word, _BETWEEN.sub("", text))


def _word(found: re.Match[str]) -> str:
    charset, encoding, content = found.groups()
    raw = content.encode("utf-8", "replace")
    try:
        if encoding in "Bb":
            raw = b64decode(raw + b"=" * (-len(raw) % 4))
        else:
            raw = decodestring(raw, header=True)
    except Base64Error:
        return found.group()
    try:
        return raw.decode(charset.partition("*")[0], "replace")
    except (LookupError, ValueError):  # a character set that nobody knows
        return raw.decode("latin-1")


def _as_displayed(text: str) -> str:
    """With what stands in a right-to-left override in the order of a reader from left to right.

    Letters without an override keep their order: only an override can show Latin ones backwards.
    """
    return "\n".join(_line_as_displayed(line) for line in text.split("\n"))


def _line_as_displayed(line: str) -> str:
    runs: list[tuple[bool, list[str]]] = [(False, [])]
    for sign in line:
        if sign in _BEGINS:
            runs.append((sign == _BACKWARDS, []))
        elif sign in _ENDS and len(runs) > 1:
            run = runs.pop()
            runs[-1][1].append(_joined(*run))
        elif sign not in _ENDS:
            runs[-1][1].append(sign)
    while len(runs) > 1:
        run = runs.pop()
        runs[-1][1].append(_joined(*run))
    return _joined(*runs[0])


def _joined(is_backwards: bool, parts: list[str]) -> str:
    return "".join(reversed(parts) if is_backwards else parts)
