"""Thousands, millions and billions that stand as a word or sign after a number."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import ClassVar, Final

from ringbolt.core.tables import entries, shipped_rows
from ringbolt.core.word_pattern import any_of
from ringbolt.speech.normalise import cldr
from ringbolt.speech.normalise.amount import Amount, said
from ringbolt.speech.normalise.lexicon import Lexicon

_CJK: Final = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
_VOWEL: Final = re.compile("[aeéèiouh]")


@dataclass(frozen=True, slots=True)
class Magnitude:
    """``forms``: what is said, by plural form; ``of``: the word between it and a currency ('' if
    there is none)."""

    forms: tuple[str, ...]
    of: str

    VALUE: ClassVar[Decimal] = Decimal(1_000_000)
    """Stands for all of them where a plural form is chosen."""

    def after(self, amount: Amount, words: Lexicon) -> str:
        """``5`` as ``5 millions``."""
        form = cldr.plural_form(words.language, amount.value)
        named = cldr.pick(self.forms, form)
        between = "" if _CJK.match(named) else " "
        return f"{said(amount, words, named)}{between}{named}"

    def before(self, number: str, name: str) -> str:
        """``5 millions``, ``euros`` as ``5 millions d'euros``."""
        if _CJK.match(name):
            return f"{number}{name}"
        if not self.of or name.startswith(f"{self.of} "):
            return f"{number} {name}"
        if self.of == "de" and self.forms[0].startswith("milli") and _VOWEL.match(name):
            return f"{number} d'{name}"  # French
        return f"{number} {self.of} {name}"


def magnitude(written: str, words: Lexicon, *, money: bool) -> Magnitude | None:
    """What ``written`` means in the language; ``money``: whether a currency stands beside it."""
    found = _all().get((words.language, written))
    if found is None or (found[1] and not money):
        return None
    return found[0]


@cache
def _all() -> dict[tuple[str, str], tuple[Magnitude, bool]]:
    return {
        (row["language"], row["written"]): (
            Magnitude(entries(row["said"]), row["of"]),
            row["money"] == "yes",
        )
        for row in shipped_rows("ringbolt.speech.normalise", "magnitudes.csv")
    }


def _any_of(written: Iterable[str]) -> str:
    return rf"(?>{any_of(written)})(?:(?<=[万亿千萬億])|(?![^\W\d_]))"


MAGNITUDE: Final = _any_of(written for _, written in _all())
"""After a number; characters that are written without blanks need no end of a word."""

MAGNITUDE_WORD: Final = _any_of(written for (_, written), (_, money) in _all().items() if not money)
"""Those that mean it without a currency too: "million", not "m"."""
