"""``/v1/receive/rates``: how often codes really came, by country and service."""

from __future__ import annotations

import asyncio
from typing import Final

from ringbolt.api.kit.request import Request
from ringbolt.api.orders import documents
from ringbolt.api.orders.fields import country_of, service_of
from ringbolt.api.orders.schema import PlaceQuery
from ringbolt.app.shop import Shop
from ringbolt.core.countries import AUTO_SELECT, COUNTRIES
from ringbolt.core.services import SERVICES
from ringbolt.store import success_rates
from ringbolt.store.success_rates import SuccessRate

DAYS: Final = 30
LATEST: Final = 20_000
LEAST: Final = 20
"""With fewer orders a share is not significant, and could reveal single buyers."""
FRESH_MS: Final = 300_000
_DAY_MS: Final = 86_400_000


class SuccessRates:
    """Computed at most once every five minutes."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._lock = asyncio.Lock()
        self._known: list[SuccessRate] = []
        self._until_ms = 0

    async def rates(self, request: Request[PlaceQuery]) -> documents.SuccessRates:
        """How often a number got its code, by country and service, the best first.

        Of this shop's own orders of the last 30 days (the latest 20,000 at most) that had a number
        and are finished. Cancelled ones count as without a code. A country and service with fewer
        than 20 such orders is left out.
        """
        country = country_of(request.params.country)
        service = service_of(self._shop, request.params.service)
        found = [
            rate
            for rate in await self._latest()
            if country.cc in (AUTO_SELECT.cc, rate.country)
            and (service is None or service.code == rate.service)
        ]
        found.sort(key=lambda rate: (-rate.delivered / rate.orders, -rate.orders))
        return documents.SuccessRates(
            days=DAYS, least_orders=LEAST, rates=[_document(rate) for rate in found]
        )

    async def _latest(self) -> list[SuccessRate]:
        async with self._lock:
            now_ms = self._shop.clock.now_ms()
            if now_ms >= self._until_ms:
                since_ms = now_ms - DAYS * _DAY_MS
                read = success_rates.of_latest
                self._known = await self._shop.db.read(read, since_ms, LATEST, LEAST)
                self._until_ms = now_ms + FRESH_MS
            return self._known


def _document(rate: SuccessRate) -> documents.SuccessRate:
    country, service = COUNTRIES.get(rate.country), SERVICES.get(rate.service)
    return documents.SuccessRate(
        cc=rate.country,
        country="" if country is None else country.name,
        service=rate.service,
        name=rate.service if service is None else service.name,
        orders=rate.orders,
        success_percent=rate.delivered * 100 // rate.orders,
    )
