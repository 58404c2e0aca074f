"""The parts of a shop in a test: simulated ones, which take everything."""

from __future__ import annotations

from typing import Any

from ringbolt.clock import Clock
from ringbolt.registry.parts import Part, Parts, parts_of


def simulated(clock: Clock, *ports: Any) -> Parts[Any]:
    """Carriers, providers or mailers, under their own names; none at all is none."""
    return parts_of(*ports, now_ms=clock.now_ms, is_simulated=True)


def one_node(clock: Clock, node: Any, name: str = "node") -> Parts[Any]:
    return Parts([Part(name, node, is_simulated=True)], clock.now_ms)
