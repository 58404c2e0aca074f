"""Telephone numbers and addresses, shown so that an operator can tell one from another, and no
more."""

from __future__ import annotations

import re
from typing import Final

_ADDRESS = re.compile(r"[^\s<>@\"'(]+@[^\s<>@\"')]+")
# Telephone numbers in any spelling, and codes; shorter ones are the carriers' own error codes.
_DIGITS = re.compile(r"\+?\d(?:[ ().-]{0,2}\d){6,}|\d{6,}")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LONGEST: Final = 200
_SHOWN: Final = 3
_DOTS: Final = "•••"


def mask_destination(text: str) -> str:
    """The first signs and the last of a number (``+12•••123``); of an e-mail address, the first
    letter and the domain (``j•••@mail.example``). What is too short for that is hidden."""
    name, at, domain = text.rpartition("@")
    if at:
        return f"{name[:1]}{_DOTS}@{domain}"
    if len(text) < 3 * _SHOWN:
        return _DOTS if text else ""
    return f"{text[:_SHOWN]}{_DOTS}{text[-_SHOWN:]}"


def mask_words(text: str) -> str:
    """``text``, which may quote a carrier, on one line of at most 200 signs, without telephone
    numbers, codes and e-mail addresses."""
    short = " ".join(_UNPRINTABLE.sub(" ", text).split())[:_LONGEST]
    return _DIGITS.sub("[number]", _ADDRESS.sub("[address]", short))
