"""Which script a character belongs to: the Unicode blocks that matter for choosing a voice."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from functools import cache
from typing import Final

from ringbolt.core.tables import shipped_rows

OTHER: Final = "other"
"""The script of letters outside all of the blocks (runes, cuneiform, ...)."""


def script_of(char: str) -> str:
    """The script of a letter; ``""`` for everything else, which belongs to any script."""
    if not char.isalpha():
        return ""
    code = ord(char)
    if code < 0x80:
        return "latin"
    starts, blocks = _blocks()
    at = bisect_right(starts, code) - 1
    if at >= 0 and code <= blocks[at][0]:
        return blocks[at][1]
    return OTHER


@cache
def _blocks() -> tuple[list[int], list[tuple[int, str]]]:
    """The first code point of each block, in rising order; its last one and its script."""
    rows = list(shipped_rows("ringbolt.speech", "scripts.csv"))
    starts = [int(row["first"], 16) for row in rows]
    return starts, [(int(row["last"], 16), row["script"]) for row in rows]


def letters_by_script(text: str) -> Counter[str]:
    """How many letters of each script are in ``text``."""
    if text.isascii():
        letters = sum(map(str.isalpha, text))
        return Counter({"latin": letters}) if letters else Counter()
    counts = Counter(map(script_of, text))
    del counts[""]
    return counts
