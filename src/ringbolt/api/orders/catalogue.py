"""The countries and services whose codes can be received, and how many numbers are free."""

from __future__ import annotations

from ringbolt.api.kit.number_fields import country_of, service_of
from ringbolt.api.kit.request import Nothing, Request
from ringbolt.api.kit.response import Response
from ringbolt.api.orders import documents, service_pictures
from ringbolt.api.orders.schema import CountryQuery, RentQuery
from ringbolt.app.checkout.number_catalogue import NumberCatalogue
from ringbolt.app.shop import Shop
from ringbolt.core.pricing.prices import RENT_BLOCK_HOURS
from ringbolt.core.services import FULL_RENT, SERVICES
from ringbolt.numbers.provider import Offer


class Catalogue:
    """The lists, as sms4sats' clients read them."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._numbers = NumberCatalogue(shop)

    async def numbers_status(self, request: Request[CountryQuery]) -> list[documents.ServiceStatus]:
        """The services whose codes can be received, with how many numbers are free."""
        country = country_of(request.params.country)
        offers = await self._numbers.services(country, real=request.params.realphone)
        return [_status(offer) for offer in offers]

    async def services(self, request: Request[CountryQuery]) -> list[documents.Service]:
        """Codes and names of the services whose codes can be received."""
        offers = await self._numbers.services(country_of(request.params.country), real=False)
        return [documents.Service(code=offer.code, name=offer.name) for offer in offers]

    async def countries(self, _: Request[Nothing]) -> list[documents.Country]:
        """The countries in which there are numbers."""
        return [
            documents.Country(
                id=country.cc,
                eng=country.name,
                visible=1,
                rent=True,
                cc=country.cc,
                country=country.name,
            )
            for country in await self._numbers.countries()
        ]

    async def rental_countries(self, request: Request[RentQuery]) -> list[documents.RentalCountry]:
        """What renting a number costs in each country, by the block of 4 hours."""
        prices = self._shop.prices
        service = service_of(self._shop, request.params.service)
        code = FULL_RENT if service is None else service.code
        return [
            documents.RentalCountry(
                cc=country.cc,
                country=country.name,
                duration=str(RENT_BLOCK_HOURS),
                price=prices.rent(country.cc, code, RENT_BLOCK_HOURS),
            )
            for country in await self._numbers.countries()
        ]

    async def picture(self, request: Request[Nothing]) -> Response:
        """A picture for a service: letters, no logo."""
        return Response(
            body=service_pictures.picture(request.in_path("name")),
            content_type=b"image/png",
            cache=b"public, max-age=86400",
        )


def _status(offer: Offer) -> documents.ServiceStatus:
    code = offer.code
    return documents.ServiceStatus(
        key=code,
        text=offer.name or (SERVICES[code].name if code in SERVICES else code),
        value=code,
        count=str(max(0, offer.count)),
        image=documents.Image(avatar=True, src=f"/assets/saimages/{code}0.png"),
    )
