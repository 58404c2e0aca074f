"""The word lists of ``words.csv``, loaded when first needed."""

from __future__ import annotations

from enum import StrEnum
from functools import cache

from ringbolt.core.tables import entries, shipped_rows


class WordList(StrEnum):
    """A list of ``words.csv``, whose comments say what each is for."""

    CODE = "code"
    CODE_ALONE = "code alone"
    CODE_ELSEWHERE = "code elsewhere"
    CODE_BEGINNING = "code beginning"
    CODE_ENDING = "code ending"
    TYPING = "typing"
    TYPING_WORD = "typing word"
    UNSPACED = "unspaced"
    PURPOSE = "purpose"
    OTHER_CODE = "other code"
    CURRENCY = "currency"
    UNIT = "unit"
    UNIT_BEGINNING = "unit beginning"
    BEFORE_YEAR = "before year"
    FILLER = "filler"
    NUMBER = "number"
    ANNOUNCING = "announcing"
    COMMON = "common"
    CHANNEL = "channel"
    ALTERNATIVE = "alternative"
    AMBIGUOUS_NAME = "ambiguous name"
    STOP = "stop"
    START = "start"


def words(name: WordList) -> tuple[str, ...]:
    """The words of one list, in lower case, in the order of the file."""
    return tuple(_lists()[name])


@cache
def _lists() -> dict[WordList, list[str]]:
    found: dict[WordList, list[str]] = {name: [] for name in WordList}
    for row in shipped_rows("ringbolt.core.texts", "words.csv"):
        found[WordList(row["list"])] += entries(row["words"])
    return found
