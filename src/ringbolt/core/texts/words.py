"""The word lists of ``words.csv``, loaded when first needed."""

from __future__ import annotations

from enum import StrEnum
from functools import cache

from ringbolt.core.tables import entries, shipped_rows


class WordList(StrEnum):
    """A list of ``words.csv``, whose comments say what each is for."""

    CODE = "code"
    CODE_ALONE = "code alone"
    CODE_PHRASE = "code phrase"
    DIGITS = "digits"
    CODE_ELSEWHERE = "code elsewhere"
    STRONG = "strong"
    CODE_BEGINNING = "code beginning"
    CODE_ENDING = "code ending"
    CODE_ENDING_ELSEWHERE = "code ending elsewhere"
    NO_CODE = "no code"
    TYPING = "typing"
    TYPING_WORD = "typing word"
    UNSPACED = "unspaced"
    PURPOSE = "purpose"
    VALIDITY = "validity"
    OTHER_CODE = "other code"
    OTHER_CODE_AFTER = "other code after"
    OTHER_NUMBER = "other number"
    NUMBER_WORD = "number word"
    ENDING_IN = "ending in"
    ENDING_LINK = "ending link"
    CALL = "call"
    CALL_LINK = "call link"
    ANSWER = "answer"
    ANSWER_TO = "answer to"
    BEFORE_NUMBER = "before number"
    AFTER_NUMBER = "after number"
    SENT = "sent"
    PROMOTION = "promotion"
    LATER = "later"
    OLD = "old"
    ENTERED = "entered"
    ASKING = "asking"
    NEW = "new"
    RECIPIENT = "recipient"
    BETWEEN = "between"
    YOUR = "your"
    QUALIFIER = "qualifier"
    NOT = "not"
    CURRENCY = "currency"
    CURRENCY_CAPITALS = "currency capitals"
    UNIT = "unit"
    UNIT_BEGINNING = "unit beginning"
    BEFORE_YEAR = "before year"
    FILLER = "filler"
    NUMBER = "number"
    ANNOUNCING = "announcing"
    ANNOUNCING_ELSEWHERE = "announcing elsewhere"
    COMMON = "common"
    CHANNEL = "channel"
    ALTERNATIVE = "alternative"
    AMBIGUOUS_NAME = "ambiguous name"
    OTHER_MATTER = "other matter"
    BOOKED_MATTER = "booked matter"
    CONFIRMATION = "confirmation"
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
