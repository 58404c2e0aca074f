"""Which destinations a part serves, and the order in which parts are tried."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
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
"""Consecutive failures after which a part is left alone."""
OPEN_MS: Final = 30_000
"""How long it is left alone; after that it gets one request, and twice as long if that fails."""
LONGEST_OPEN_MS: Final = 300_000


@dataclass(frozen=True, slots=True)
class Health:
    """Of a part, as a process sees it. ``failures``: consecutive ones; ``left_alone_until_ms``: 0
    if it is asked as usual (ms UTC); ``reason``: of the last failure."""

    failures: int = 0
    left_alone_until_ms: int = 0
    reason: str = ""


class CircuitBreaker:
    """Opens after ``FAILURES_TO_OPEN`` consecutive failures of a part.

    A failure is no definite answer, or "not now". Every definite answer, also a refusal, closes the
    breaker.
    """

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self.health = Health()
        self._pauses = 0
        self._is_probed = False

    @property
    def is_open(self) -> bool:
        return self._now_ms() < self.health.left_alone_until_ms

    def asking(self) -> None:
        """A request begins. The first one after the pause is the only one until its answer."""
        if self.health.left_alone_until_ms and not self.is_open:
            self._is_probed = True
            until_ms = self._now_ms() + OPEN_MS
            self.health = replace(self.health, left_alone_until_ms=until_ms)

    def answered(self) -> bool:
        """Whether this closes the breaker."""
        was_open = bool(self.health.left_alone_until_ms)
        self.health = Health()
        self._pauses, self._is_probed = 0, False
        return was_open

    def failed(self, reason: str = "") -> bool:
        """Whether this opens the breaker, or leaves it open for another pause."""
        failures, until_ms = self.health.failures + 1, self.health.left_alone_until_ms
        # What was asked before the breaker opened, and fails now, says nothing new.
        opens = failures >= FAILURES_TO_OPEN and (self._is_probed or not self.is_open)
        if opens:
            pause_ms = min(LONGEST_OPEN_MS, OPEN_MS << min(self._pauses, 10))
            until_ms = self._now_ms() + pause_ms
            self._pauses, self._is_probed = self._pauses + 1, False
        self.health = Health(failures, until_ms, reason)
        return opens


def next_asked(
    route: Sequence[str], asked: Mapping[str, int], refused: Collection[str]
) -> str | None:
    """The part of ``route`` to try next: the one with the fewest attempts in this try (``asked``,
    by name), of several the first of the route. None if all have refused permanently."""
    return next(iter(next_to_ask(route, asked, refused)), None)


def next_to_ask(
    route: Sequence[str], asked: Mapping[str, int], refused: Collection[str]
) -> tuple[str, ...]:
    """As ``next_asked``, and those that may be asked instead, in the order of the route: they were
    asked as often as that one."""
    left = [name for name in dict.fromkeys(route) if name not in refused]
    least = min((asked.get(name, 0) for name in left), default=0)
    return tuple(name for name in left if asked.get(name, 0) == least)
