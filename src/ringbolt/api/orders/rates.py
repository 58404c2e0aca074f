"""``/v1/receive/rates``: how often codes really came, by country and service."""

from __future__ import annotations

from ringbolt.api.kit.number_fields import country_of, service_of
from ringbolt.api.kit.request import Request
from ringbolt.api.orders import documents
from ringbolt.api.orders.schema import PlaceQuery
from ringbolt.app.checkout.code_success import DAYS, LEAST, CodeSuccess
from ringbolt.app.shop import Shop
from ringbolt.core.countries import AUTO_SELECT, COUNTRIES
from ringbolt.core.services import SERVICES
from ringbolt.store.success_rates import SuccessRate


class SuccessRates:
    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._success = CodeSuccess(shop)

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
            for rate in await self._success.latest()
            if country.cc in (AUTO_SELECT.cc, rate.country)
            and (service is None or service.code == rate.service)
        ]
        found.sort(key=lambda rate: (-rate.delivered / rate.orders, -rate.orders))
        return documents.SuccessRates(
            days=DAYS, least_orders=LEAST, rates=[_document(rate) for rate in found]
        )


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
