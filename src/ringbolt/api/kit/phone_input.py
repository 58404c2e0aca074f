"""Telephone numbers as people write and dial them."""

from __future__ import annotations

import re
from typing import Any, Final

MAX_PHONE_CHARS: Final = 64
_PUNCTUATION = re.compile(r"[ .()/\u00a0\u2010-\u2015-]")
_NUMBER = re.compile(r"(?:\+|00)?[0-9]{1,20}", re.ASCII)


def international(written: str) -> str | None:
    """The number with '+' and without punctuation: '+1 (202) 555-0123', '0012025550123' and
    '12025550123' are one. None for anything else."""
    phone_input = _PUNCTUATION.sub("", written)
    if not _NUMBER.fullmatch(phone_input):
        return None
    return "+" + phone_input.removeprefix("+").removeprefix("00")


def one_number(value: Any) -> Any:
    """A number in JSON as text, whether it is a text, an integer, or a list of one of these.
    Anything else is left as it came."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**20:
        return str(value)
    return value
