"""Signs one after the other: letters by name, digits, a pause between groups."""

from __future__ import annotations

import re
from typing import Final

from ringbolt.speech.normalise.lexicon import Lexicon

_RUN: Final = re.compile(r"[^\W_]+")
_LONGEST_GROUP: Final = 6
"""More signs than these are read in groups of four: so much is kept in mind while it is noted."""


def spelled(token: str, words: Lexicon) -> str:
    """``AB12-CD34`` as ``A B 1 2, C D 3 4``."""
    groups = [group for run in _RUN.findall(token) for group in _groups(run)]
    return ", ".join(map(words.letters, groups))


def _groups(run: str) -> list[str]:
    run = run.upper()
    if len(run) <= _LONGEST_GROUP:
        return [run]
    return [run[at : at + 4] for at in range(0, len(run), 4)]
