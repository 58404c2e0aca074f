"""Telephone numbers as people write and dial them."""

from __future__ import annotations

import re

_PUNCTUATION = re.compile(r"[ .()/\u00a0\u2010-\u2015-]")
_DIALLED = re.compile(r"(?:\+|00)?[0-9]{1,20}", re.ASCII)


def international(written: str) -> str | None:
    """The number with '+' and without punctuation: '+1 (202) 555-0123', '0012025550123' and
    '12025550123' are one. None for what is no number at all."""
    phone_input = _PUNCTUATION.sub("", written)
    if not _DIALLED.fullmatch(phone_input):
        return None
    return "+" + phone_input.removeprefix("+").removeprefix("00")
