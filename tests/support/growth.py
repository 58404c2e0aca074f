"""How the time of a rule grows with its input: the same on every machine, however loaded it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

LINEAR: Final = 8.0
"""What ``growth`` stays below where time grows with the input's length: by itself it is 4 then, and
16 where it grows with the square."""
_TRIES = 5
_LEAST_S = 0.002
"""What takes less is repeated so often within one measurement, so that the clock can tell it."""
_LONG_S = 0.2
"""What takes longer is measured twice only: there is little chance in it."""


def growth(work: Callable[[T], object], quarter: T, whole: T) -> float:
    """How many times as long ``work`` takes for ``whole`` as for ``quarter``, which is a quarter of
    it. Both are measured in turn, in this thread's processor time, and the best of each counts: so
    neither what else runs on the machine nor a collection of garbage does."""
    took_s = _took_s(work, quarter, 1)  # the first time fills caches as well
    repeated = max(1, round(_LEAST_S / max(_took_s(work, quarter, 1), 1e-6)))
    tries = 2 if took_s > _LONG_S else _TRIES
    pairs = [
        (_took_s(work, quarter, repeated), _took_s(work, whole, repeated)) for _ in range(tries)
    ]
    return min(whole for _, whole in pairs) / min(quarter for quarter, _ in pairs)


def growth_of_text(work: Callable[[str], object], text: str) -> float:
    """``growth`` for a text and its first quarter."""
    return growth(work, text[: len(text) // 4], text)


def _took_s(work: Callable[[T], object], given: T, times: int) -> float:
    began_s = time.thread_time()
    for _ in range(times):
        work(given)
    return time.thread_time() - began_s
