"""The wording of messages about wrong settings."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def plain(said: str) -> str:
    """A validator's message, without pydantic's prefix."""
    return said.removeprefix("Value error, ")


def did_you_mean(name: str, known: Iterable[str], prefix: str = "") -> str:
    """The end of a sentence about ``name``: with the known one that is most like it, if one is.

    ``prefix`` is what all of them begin with, which makes none of them more alike.
    """
    rests = [each.removeprefix(prefix) for each in known]
    near = difflib.get_close_matches(name.removeprefix(prefix), rests, n=1, cutoff=0.6)
    return f"; did you mean {prefix}{near[0]}?" if near else "."
