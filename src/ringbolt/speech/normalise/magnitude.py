"""Thousands, millions and billions that stand as a word or sign after a number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import ClassVar, Final

from ringbolt.core.tables import shipped_rows
from ringbolt.speech.normalise.lexicon import Lexicon

_VOWEL: Final = re.compile("[aeéèiouh]")


@dataclass(frozen=True, slots=True)
class Magnitude:
    """What is said, and the word between it and a currency ('' if there is none)."""

    said: str
    of: str

    VALUE: ClassVar[Decimal] = Decimal(1_000_000)
    """Stands for all of them where a plural form is chosen."""

    def before(self, number: str, name: str) -> str:
        """``5``, ``euros`` as ``5 millions d'euros``."""
        if not self.of or name.startswith(f"{self.of} "):
            return f"{number} {self.said} {name}"
        if self.of == "de" and self.said.startswith("milli") and _VOWEL.match(name):
            return f"{number} {self.said} d'{name}"  # French
        return f"{number} {self.said} {self.of} {name}"


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
            Magnitude(row["said"], row["of"]),
            row["money"] == "yes",
        )
        for row in shipped_rows("ringbolt.speech.normalise", "magnitudes.csv")
    }


_WRITTEN: Final = sorted({written for _, written in _all()}, key=len, reverse=True)
MAGNITUDE: Final = (
    rf"(?>{'|'.join(map(re.escape, _WRITTEN))})"
    r"(?:(?<=[万亿千萬億])|(?![^\W\d_]))"
)
"""After a number; characters that are written without blanks need no end of a word."""
