"""How orders of the last day ended, for everybody to see: only where the operator publishes it, and
only of services with enough orders to say something and reveal nobody."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from ringbolt.app.shop import Shop
from ringbolt.core.order import OrderKind
from ringbolt.store import success_rates

LEAST: Final = 50
SHOWN: Final = (OrderKind.CALL, OrderKind.SMS, OrderKind.ACTIVATION, OrderKind.EMAIL)
FRESH_MS: Final = 300_000
_DAY_MS: Final = 86_400_000
_LATEST: Final = 50_000


@dataclass(frozen=True, slots=True)
class PublicFigure:
    """Of ``orders`` paid orders of a kind that are over, ``percent`` were delivered."""

    kind: OrderKind
    orders: int
    percent: int


class PublicFigures:
    """Read at most once in five minutes."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._lock = asyncio.Lock()
        self._known: tuple[PublicFigure, ...] = ()
        self._until_ms = 0

    async def latest(self) -> tuple[PublicFigure, ...]:
        """By kind; nothing while they are not published."""
        if not self._shop.settings.web.figures:
            return ()
        async with self._lock:
            now_ms = self._shop.clock.now_ms()
            if now_ms >= self._until_ms:
                self._known = await self._read(now_ms - _DAY_MS)
                self._until_ms = now_ms + FRESH_MS
            return self._known

    async def _read(self, since_ms: int) -> tuple[PublicFigure, ...]:
        found = await self._shop.db.read(success_rates.of_kinds, since_ms, _LATEST)
        return tuple(
            PublicFigure(kind, each.orders, each.delivered * 100 // each.orders)
            for kind, each in found.items()
            if each.orders >= LEAST and kind in SHOWN
        )
