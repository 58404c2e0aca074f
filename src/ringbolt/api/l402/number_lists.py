"""What can be ordered at ``/v2/l402/order``: free lists of services and offers."""

from __future__ import annotations

from typing import Final

from ringbolt.api.kit import http
from ringbolt.api.kit.number_fields import country_of, service_of
from ringbolt.api.kit.request import Nothing, Request
from ringbolt.api.l402.number_documents import (
    About,
    CatalogDocument,
    CatalogOffer,
    ServiceOffer,
    Services,
)
from ringbolt.api.l402.number_schema import RECEIVE, RENT, TYPES, CatalogQuery
from ringbolt.api.l402.number_service import PATH
from ringbolt.app.checkout.number_catalogue import NumberCatalogue
from ringbolt.app.checkout.prices import code_price, rental_price
from ringbolt.app.shop import Shop
from ringbolt.core.countries import AUTO_SELECT, Country
from ringbolt.core.pricing.money import sats_up
from ringbolt.core.pricing.prices import RENT_BLOCK_HOURS
from ringbolt.core.services import FULL_RENT, SERVICES
from ringbolt.numbers.provider import Offer

_FLOW: Final = (
    "GET /v2/l402/catalog: choose a country and a service.",
    "POST /v2/l402/order: 402 with invoice, macaroon and orderId. Nothing is acquired yet.",
    "Pay the invoice; the wallet returns its preimage.",
    "GET /v2/l402/order/{orderId} with 'Authorization: L402 <macaroon>:<preimage>': the first "
    "request acquires the number, every further one is free.",
    "Poll every 2 seconds or more, until status is received, failed or refunded.",
    "POST /v2/l402/order/{orderId}/cancel gives the number back, while no code came.",
    "What failed has a refund: withdraw it with lnurl_withdraw.",
)


class NumberLists:
    """The lists of a shop."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._numbers = NumberCatalogue(shop)

    async def about(self, request: Request[Nothing]) -> About:
        """What the orders for numbers are, and how one is bought."""
        base = http.base_url(request.scope, self._shop.settings.public_url)
        return About(
            name="Numbers by L402",
            description="Activation codes and rented numbers: one payment, one credential, as many "
            "polls as needed. What does not come is refunded.",
            protocols=["L402", "MPP"],
            types=list(TYPES),
            services=f"{base}/v2/l402/services",
            catalog=f"{base}/v2/l402/catalog",
            order=f"{base}{PATH}",
            status=f"{base}{PATH}/{{orderId}}",
            cancel=f"{base}{PATH}/{{orderId}}/cancel",
            flow=list(_FLOW),
            credential_valid_seconds=self._shop.settings.l402.redeem_s,
        )

    async def services(self, request: Request[CatalogQuery]) -> Services:
        """The services whose codes can be received, with prices."""
        country = _country(request)
        service = service_of(self._shop, request.params.service)
        offers = await self._numbers.services(country, real=False)
        return Services(
            country=country.cc,
            services=[
                ServiceOffer(
                    code=offer.code,
                    name=_name(offer),
                    price_sats=self._price(country, offer.code),
                    available=max(0, offer.count),
                )
                for offer in offers
                if service is None or offer.code == service.code
            ],
        )

    async def catalog(self, request: Request[CatalogQuery]) -> CatalogDocument:
        """What can be ordered, by country and service, with prices and how many are free."""
        service = service_of(self._shop, request.params.service)
        countries = await self._numbers.countries()
        if service is not None and request.params.country is None:
            offers = await self._everywhere(service.code, countries)
        else:
            country = _country(request)
            offers = await self._in(country, "" if service is None else service.code)
        return CatalogDocument(offers=offers, countries=[each.cc for each in countries])

    async def _everywhere(self, code: str, countries: list[Country]) -> list[CatalogOffer]:
        if code == FULL_RENT:
            return [self._rental(each) for each in countries]
        places = await self._numbers.places(code, countries)
        name = SERVICES[code].name if code in SERVICES else code
        return [
            self._code(place.country, code, name, place.count)
            for place in sorted(places, key=lambda place: -place.count)
        ]

    async def _in(self, country: Country, code: str) -> list[CatalogOffer]:
        found = [
            self._code(country, offer.code, _name(offer), offer.count)
            for offer in await self._numbers.services(country, real=False)
            if offer.count > 0 and code in ("", offer.code)
        ]
        found.sort(key=lambda offer: -(offer.available or 0))
        return [*found, self._rental(country)] if code in ("", FULL_RENT) else found

    def _code(self, country: Country, code: str, name: str, count: int) -> CatalogOffer:
        return CatalogOffer(
            type=RECEIVE,
            country=country.cc,
            country_name=country.name,
            service=code,
            service_name=name,
            price_sats=self._price(country, code),
            available=count,
        )

    def _rental(self, country: Country) -> CatalogOffer:
        hours = min(RENT_BLOCK_HOURS, self._shop.settings.orders.max_rental_hours)
        return CatalogOffer(
            type=RENT,
            country=country.cc,
            country_name=country.name,
            service=FULL_RENT,
            service_name=SERVICES[FULL_RENT].name,
            price_sats=sats_up(rental_price(self._shop, country.cc, FULL_RENT, hours)),
            rental_hours=hours,
        )

    def _price(self, country: Country, code: str) -> int:
        return sats_up(code_price(self._shop, country.cc, code))


def _country(request: Request[CatalogQuery]) -> Country:
    written = request.params.country
    return AUTO_SELECT if written is None else country_of(written)


def _name(offer: Offer) -> str:
    return offer.name or (SERVICES[offer.code].name if offer.code in SERVICES else offer.code)
