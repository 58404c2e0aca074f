"""What waits for a part that is gone from the settings.

No other part is asked. When the part is back under its name, its orders go on where they stopped.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from ringbolt.app.jobs import CLOSE_HOLD
from ringbolt.app.shop import Shop
from ringbolt.store.engine.db import Tx
from ringbolt.store.open_at_parts import open_attempts, open_payments
from ringbolt.store.part_figures import AREA_OF

NODE: Final = "node"


@dataclass(frozen=True, slots=True)
class KnownParts:
    """The names of the parts that are configured."""

    nodes: Collection[str]
    carriers: Collection[str]
    sms_carriers: Collection[str]
    number_providers: Collection[str]
    mailers: Collection[str]

    def of(self, area: str) -> Collection[str]:
        return {
            NODE: self.nodes,
            "calls": self.carriers,
            "sms": self.sms_carriers,
            "numbers": self.number_providers,
            "mail": self.mailers,
        }[area]


@dataclass(frozen=True, slots=True)
class GonePart:
    """``count`` orders (or payments, of a node) that wait for the part ``name`` of an ``area``."""

    area: str
    name: str
    count: int


def known_parts(shop: Shop) -> KnownParts:
    """The names of the parts that the settings have now."""
    own = () if shop.own_numbers is None else (shop.own_numbers.name,)
    return KnownParts(
        nodes=shop.nodes.names,
        carriers=shop.carriers.names,
        sms_carriers=shop.sms_carriers.names,
        number_providers=(*shop.number_providers.names, *own),
        mailers=shop.mailers.names,
    )


def gone_parts(tx: Tx, known: KnownParts) -> list[GonePart]:
    """The missing parts for which orders or payments wait."""
    waiting: dict[tuple[str, str], int] = {}
    for found in open_attempts(tx):
        area = AREA_OF.get(found.kind)
        if area is not None and found.part not in known.of(area):
            place = (area, found.part)
            waiting[place] = waiting.get(place, 0) + found.count
    for name, count in open_payments(tx, CLOSE_HOLD.name).items():
        if name not in known.nodes:
            waiting[NODE, name] = count
    return [GonePart(area, name, count) for (area, name), count in sorted(waiting.items())]
