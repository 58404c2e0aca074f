"""The parts of one kind that a shop has: one or many, real and simulated mixed.

Every part has a name, which is written down with whatever it is asked for. Afterwards only the
part of that name is asked about it, so that nobody is called, and nothing is sent or paid, twice
after the settings have changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.registry.routing import CircuitBreaker, Everywhere, Routing


class Named(Protocol):
    @property
    def name(self) -> str: ...


T = TypeVar("T")
NamedT = TypeVar("NamedT", bound=Named)


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """One part: ``port`` is what the shop talks to. ``is_simulated``: it carries nothing into the
    real world."""

    name: str
    port: T
    routing: Routing = field(default_factory=Everywhere)
    is_simulated: bool = False


class Parts(Generic[T]):
    """The parts of one kind, in the order of the settings. ``now_ms`` is what the circuit breakers
    go by. Raises ``ValueError`` if two have one name."""

    def __init__(self, parts: Iterable[Part[T]], now_ms: Callable[[], int]) -> None:
        self._parts = tuple(parts)
        self._by_name = {part.name: part for part in self._parts}
        if len(self._by_name) != len(self._parts):
            raise ValueError("two parts of one kind have the same name")
        self._breakers = {name: CircuitBreaker(now_ms) for name in self._by_name}
        self.has_simulated = any(part.is_simulated for part in self._parts)

    def __iter__(self) -> Iterator[T]:
        return (part.port for part in self._parts)

    def __len__(self) -> int:
        return len(self._parts)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._by_name)

    @property
    def entries(self) -> tuple[Part[T], ...]:
        return self._parts

    def is_simulated(self, name: str) -> bool:
        """False also for a name that no part has."""
        part = self._by_name.get(name)
        return part is not None and part.is_simulated

    def named(self, name: str) -> T | None:
        """The part that was asked under that name; None if it is gone from the settings."""
        part = self._by_name.get(name)
        return None if part is None else part.port

    def route(self, destination: str, *, simulated_only: bool = False) -> tuple[T, ...]:
        """Who takes ``destination``: the longest prefix first, then the cheapest, then in the
        order of the settings; a part whose circuit breaker is open comes last.

        A simulated part never stands in for a real one: nothing would be delivered, and paid for
        all the same. ``simulated_only``: for what only the simulated world knows.
        """
        found: list[tuple[int, float, int]] = []
        for place, part in enumerate(self._parts):
            match = part.routing.match(destination)
            if match is not None and (part.is_simulated or not simulated_only):
                found.append((-match, part.routing.cost, place))
        ranked = [self._parts[place] for _, _, place in sorted(found)]
        first_real = next((n for n, part in enumerate(ranked) if not part.is_simulated), None)
        if first_real is not None:
            behind = (part for part in ranked[first_real:] if not part.is_simulated)
            ranked = [*ranked[:first_real], *behind]
        ranked.sort(key=lambda part: self._breakers[part.name].is_open)
        return tuple(part.port for part in ranked)

    def reaches(self, destination: str, *, simulated_only: bool = False) -> bool:
        """Whether any part takes ``destination``: asked for every price, so it makes no route."""
        return any(
            part.routing.match(destination) is not None
            for part in self._parts
            if part.is_simulated or not simulated_only
        )

    def heard(self, name: str, answer: object) -> None:
        """What a part answered: none that is clear, or "not now", counts against it."""
        breaker = self._breakers.get(name)
        if breaker is None:
            return
        match answer:
            case Unknown() | Rejected(permanent=False):
                breaker.failed()
            case _:
                breaker.answered()


def parts_of(
    *ports: NamedT, now_ms: Callable[[], int], is_simulated: bool = False
) -> Parts[NamedT]:
    """Parts that take every destination, under the names that they have themselves."""
    return Parts((Part(port.name, port, is_simulated=is_simulated) for port in ports), now_ms)
