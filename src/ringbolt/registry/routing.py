"""Which destinations a part takes, and in which order those that take the same are asked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

Match = int
"""How well a part fits a destination: the number of leading digits (or the like) that it names;
0 for a part that takes everything."""


@runtime_checkable
class Routing(Protocol):
    """What a part's settings say about destinations. ``cost`` is compared with that of other parts
    of the same kind and nothing else: any unit does, if it is the same for all."""

    @property
    def cost(self) -> float: ...

    def match(self, destination: str) -> Match | None:
        """None for a destination that the part does not take."""
        ...


@dataclass(frozen=True, slots=True)
class Everywhere:
    """Takes every destination."""

    cost: float = 0.0

    def match(self, destination: str) -> Match | None:
        return 0


FAILURES_TO_OPEN: Final = 5
"""Failures in a row after which a part is asked last."""
OPEN_MS: Final = 30_000
"""For how long it is; after that one more failure is enough."""


class CircuitBreaker:
    """Tells a part that failed several times in a row from one that answers.

    A failure is an answer that did not come, or "not now"; every definite answer, a refusal too,
    closes the breaker.
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
    """Who of ``route`` is asked next: whoever was asked least often in this try, the first of them
    in the route's order. None if all have refused for good. ``asked`` counts by name."""
    left = [name for name in dict.fromkeys(route) if name not in refused]
    return min(left, key=lambda name: asked.get(name, 0), default=None)
