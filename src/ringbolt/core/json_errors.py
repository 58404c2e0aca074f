"""Why a JSON body cannot be read, in a clause that names the cause."""

from __future__ import annotations

import re
from typing import Final

import msgspec

UNREADABLE: Final = (msgspec.MsgspecError, UnicodeError, RecursionError)
"""What msgspec raises for a body that cannot be read, nested too deep included."""

HALF_A_PAIR: Final = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
"""An escaped UTF-16 surrogate without its other half (RFC 8259, section 8.2)."""


def json_error(error: Exception, body: bytes) -> str:
    """msgspec's reason, without its path, which does not begin at a field (``$[...]``). For
    msgspec, half a surrogate pair at the end of a text is truncated data."""
    said = str(error).partition(" - at `")[0].rstrip(".")
    if ("truncated" in said or "surrogate" in said) and HALF_A_PAIR.search(body):
        return r"a text holds half of a surrogate pair (\ud800 to \udfff), which is no character"
    match said:
        case "Input data was truncated":
            return "it ends too early"
        case "Number out of range":
            return "it holds a number that is too large"
    if isinstance(error, UnicodeError):
        return "it is not UTF-8"
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    return said
