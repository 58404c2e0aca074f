"""Numbers in the form of a country's mobile numbers; each is used once before any is used again.

Those of "real telephones" are a set of their own: only they end in ``REAL_END``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from ringbolt.simulator.file.world_file import Put, WorldFile

REAL_END: Final = "7"
_TURN: Final = "lend-turn"
_MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
_STRIDE: Final = 617_283
_START: Final = 104_729
_TRIED: Final = 20


class Numbering:
    """The numbers of one region (ISO 3166), counted from 0; after ``size`` they repeat."""

    def __init__(self, region: str, real: bool) -> None:
        self._region = region
        self._end = REAL_END if real else ""
        self._prefix, width = _block(region)
        self._width = width - len(self._end)
        self.size = 10**self._width

    def nth(self, n: int) -> str | None:
        """The ``n``-th number in E.164; None where the plan, or the other set, has that one."""
        # The stride has no divisor in common with a power of ten: every number comes once.
        value = (n * _STRIDE + _START) % self.size
        number = f"{self._prefix}{value:0{self._width}d}{self._end}"
        if not self._end and number.endswith(REAL_END):
            return None
        return number if _is_mobile(number, self._region) else None


class NumberStock:
    """Allocates the numbers of every region in turn; the position outlives a restart."""

    def __init__(self, store: WorldFile) -> None:
        self._turns: dict[str, int] = {key: doc["n"] for key, doc in store.load(_TURN).items()}
        self._numberings: dict[tuple[str, bool], Numbering] = {}

    def take(
        self, region: str, real: bool, is_free: Callable[[str], bool], puts: list[Put]
    ) -> str | None:
        """The region's next free number, None if all are taken. Adds to ``puts`` what to store."""
        numbering = self._numberings.get((region, real))
        if numbering is None:
            numbering = self._numberings[region, real] = Numbering(region, real)
        key = f"{region}-{'real' if real else 'any'}"
        for _ in range(numbering.size):
            number = numbering.nth(self._count(key))
            if number is not None and is_free(number):
                puts.append(self._put(key))
                return number
        return None

    def turn(self, of: int, puts: list[Put]) -> int:
        """0 to ``of`` - 1, in turn. Adds to ``puts`` what to store."""
        turn = self._count("any-country") % of
        puts.append(self._put("any-country"))
        return turn

    def _count(self, key: str) -> int:
        n = self._turns.get(key, 0)
        self._turns[key] = n + 1
        return n

    def _put(self, key: str) -> tuple[str, str, dict[str, int]]:
        return (_TURN, key, {"n": self._turns[key]})


@cache
def _block(region: str) -> tuple[str, int]:
    """What the region's numbers start with, and how many digits follow.

    As many digits as keep most of the numbers valid: small islands have one short block.
    """
    example = _example(region)
    for width in (6, 5):
        prefix = example[:-width]
        values = ((n * _STRIDE + _START) % 10**width for n in range(_TRIED))
        valid = sum(_is_mobile(f"{prefix}{value:0{width}d}", region) for value in values)
        if valid > _TRIED / 2:
            return prefix, width
    return example[:-4], 4


def _example(region: str) -> str:
    for kind in _MOBILE:
        example = phonenumbers.example_number_for_type(region, kind)
        if example is not None:
            return phonenumbers.format_number(example, PhoneNumberFormat.E164)
    raise ValueError(f"{region} has no mobile numbers")


def _is_mobile(number: str, region: str) -> bool:
    parsed = phonenumbers.parse(number)
    return (
        phonenumbers.is_valid_number_for_region(parsed, region)
        and phonenumbers.number_type(parsed) in _MOBILE
    )
