"""Which destinations a part serves, and the order in which parts are tried."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

Match = int
"""How specific a part's rule for a destination is: the length of the matching prefix (or the like);
0 for a part that serves everything."""


@runtime_checkable
class Routing(Protocol):
    """The routing rule of a part. ``cost`` is only compared with that of other parts of the same
    kind, so any unit is possible."""

    @property
    def cost(self) -> float: ...

    def match(self, destination: str) -> Match | None:
        """How specific the rule is for ``destination``; None if the part does not serve it."""
        ...


@dataclass(frozen=True, slots=True)
class Everywhere:
    """Serves every destination."""

    cost: float = 0.0

    def match(self, destination: str) -> Match | None:
        return 0


FAILURES_TO_OPEN: Final = 5
"""Consecutive failures after which a part is tried last."""
OPEN_MS: Final = 30_000
"""How long it is tried last; after that, one more failure opens the breaker again."""


class CircuitBreaker:
    """Opens after ``FAILURES_TO_OPEN`` consecutive failures of a part.

    A failure is no definite answer, or "not now". Every definite answer, also a refusal, closes the
    breaker.
    """

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._failures = 0
        self._open_until_ms = 0

    @property
    def is_open(self) -> bool:
        return self._now_ms() < self._open_until_ms

    def answered(self) -> None:
        self._failures = 0
        self._open_until_ms = 0

    def failed(self) -> None:
        self._failures += 1
        if self._failures >= FAILURES_TO_OPEN:
            self._open_until_ms = self._now_ms() + OPEN_MS


def next_asked(
    route: Sequence[str], asked: Mapping[str, int], refused: Collection[str]
) -> str | None:
    """The part of ``route`` to try next: the one with the fewest attempts in this try (``asked``,
    by name), of several the first of the route. None if all have refused permanently."""
    left = [name for name in dict.fromkeys(route) if name not in refused]
    return min(left, key=lambda name: asked.get(name, 0), default=None)
