"""How often codes really came, by country and service, among this shop's own orders."""

from __future__ import annotations

import asyncio
from typing import Final

from ringbolt.app.shop import Shop
from ringbolt.store import success_rates
from ringbolt.store.success_rates import SuccessRate

DAYS: Final = 30
LATEST: Final = 20_000
LEAST: Final = 20
"""With fewer orders a share is not significant, and could reveal single buyers."""
FRESH_MS: Final = 300_000
_DAY_MS: Final = 86_400_000


class CodeSuccess:
    """Computed at most once every five minutes."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._lock = asyncio.Lock()
        self._known: list[SuccessRate] = []
        self._until_ms = 0

    async def latest(self) -> list[SuccessRate]:
        """Of the orders of the last ``DAYS`` (the latest ``LATEST`` at most) that had a number and
        are finished; a country and service with fewer than ``LEAST`` is left out."""
        async with self._lock:
            now_ms = self._shop.clock.now_ms()
            if now_ms >= self._until_ms:
                since_ms = now_ms - DAYS * _DAY_MS
                read = success_rates.of_latest
                self._known = await self._shop.db.read(read, since_ms, LATEST, LEAST)
                self._until_ms = now_ms + FRESH_MS
            return self._known
