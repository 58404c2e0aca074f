"""The parts of one kind that a shop has: one or several, real or simulated.

Every part has a name, which is recorded with each request to it. Afterwards only the part of that
name is asked about the request, so that a call, text or payment is not repeated at another part
after the settings have changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.core.part_checks import SupportsCostLookup
from ringbolt.registry.routing import CircuitBreaker, Everywhere, Health, Routing
from ringbolt.registry.terms import PartTerms


class Named(Protocol):
    @property
    def name(self) -> str: ...


T = TypeVar("T")
NamedT = TypeVar("NamedT", bound=Named)


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """One part: ``port`` is its interface. ``is_simulated``: it has no effect outside the simulated
    world."""

    name: str
    port: T
    routing: Routing = field(default_factory=Everywhere)
    is_simulated: bool = False
    terms: PartTerms = field(default_factory=PartTerms)


def _cost(part: Part[Any]) -> float:
    return part.routing.cost


class Parts(Generic[T]):
    """The parts of one kind, in the order of the settings. ``now_ms``: the clock of the circuit
    breakers. Raises ``ValueError`` if two parts have the same name."""

    def __init__(self, parts: Iterable[Part[T]], now_ms: Callable[[], int]) -> None:
        self._parts = tuple(parts)
        self._by_name = {part.name: part for part in self._parts}
        if len(self._by_name) != len(self._parts):
            raise ValueError("two parts of one kind have the same name")
        self._breakers = {name: CircuitBreaker(now_ms) for name in self._by_name}
        self._billing = frozenset(part.name for part in self._parts if _bills(part))
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
        """The part of that name; None if it is not in the settings any more."""
        part = self._by_name.get(name)
        return None if part is None else part.port

    def route(
        self,
        destination: str,
        *,
        simulated_only: bool = False,
        cost: Callable[[Part[T]], float] = _cost,
    ) -> tuple[T, ...]:
        """The parts that serve ``destination``, in the order in which to try them: longest matching
        prefix, then lowest ``cost``, then order of the settings; parts with an open circuit breaker
        last.

        A simulated part never replaces a real one, because the buyer would pay for nothing.
        ``simulated_only``: only simulated parts, for destinations of the simulated world.
        """
        found: list[tuple[int, float, int]] = []
        for place, part in enumerate(self._parts):
            match = part.routing.match(destination)
            if match is not None and (part.is_simulated or not simulated_only):
                found.append((-match, cost(part), place))
        ranked = [self._parts[place] for _, _, place in sorted(found)]
        first_real = next((n for n, part in enumerate(ranked) if not part.is_simulated), None)
        if first_real is not None:
            behind = (part for part in ranked[first_real:] if not part.is_simulated)
            ranked = [*ranked[:first_real], *behind]
        ranked.sort(key=lambda part: self._breakers[part.name].is_open)
        return tuple(part.port for part in ranked)

    def reaches(self, destination: str, *, simulated_only: bool = False) -> bool:
        """Whether any part serves ``destination``. Cheaper than ``route``: every price needs it."""
        return any(
            part.routing.match(destination) is not None
            for part in self._parts
            if part.is_simulated or not simulated_only
        )

    def terms(self, name: str) -> PartTerms:
        """The terms of that part; none for a name that no part has."""
        part = self._by_name.get(name)
        return PartTerms() if part is None else part.terms

    def bills(self, name: str) -> bool:
        """Whether requests to that part cost something, as far as is known: simulated ones do only
        with a cost card, or if they tell costs."""
        return name in self._billing

    def health(self, name: str) -> Health:
        """As this process sees it."""
        breaker = self._breakers.get(name)
        return Health() if breaker is None else breaker.health

    def asking(self, name: str) -> None:
        """A request to that part begins."""
        breaker = self._breakers.get(name)
        if breaker is not None:
            breaker.asking()

    def heard(self, name: str, answer: object) -> bool:
        """Record a part's answer; no definite answer, or "not now", counts as a failure. Returns
        whether the part is left alone from now on, or is not any more."""
        breaker = self._breakers.get(name)
        if breaker is None:
            return False
        match answer:
            case Unknown(reason) | Rejected(reason, permanent=False, by_destination=False):
                return breaker.failed(reason)
            case _:
                return breaker.answered()


def _bills(part: Part[Any]) -> bool:
    tells = isinstance(part.port, SupportsCostLookup)
    return tells or not part.is_simulated or part.terms.card is not None


def parts_of(
    *ports: NamedT, now_ms: Callable[[], int], is_simulated: bool = False
) -> Parts[NamedT]:
    """Parts that serve every destination, under their own names."""
    return Parts((Part(port.name, port, is_simulated=is_simulated) for port in ports), now_ms)
