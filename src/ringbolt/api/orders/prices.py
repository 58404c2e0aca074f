"""``/price`` and ``/getPrice``: exactly the prices that invoices have."""

from __future__ import annotations

from ringbolt.api.kit.number_fields import country_of, service_of
from ringbolt.api.kit.request import Request
from ringbolt.api.orders.documents import Price, Prices
from ringbolt.api.orders.fields import checked_message
from ringbolt.api.orders.schema import PlaceQuery, PriceQuery
from ringbolt.app.checkout.prices import code_price, mail_price, rental_price, text_price
from ringbolt.app.checkout.sell_text import text_destination
from ringbolt.app.shop import Shop
from ringbolt.core.email_address import parse_address
from ringbolt.core.pricing.money import sats_up
from ringbolt.core.texts.segments import count


class PriceLists:
    """What orders cost, in sats."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def prices(self, request: Request[PriceQuery]) -> Prices:
        """What orders cost. With the fields of an order, exactly what its invoice will say."""
        shop = self._shop
        country, service = self._place(request.params)
        hours = request.params.rental_hours or 0
        return Prices(
            receive=sats_up(code_price(shop, country, service)),
            send=sats_up(self._send_price(request)),
            rent=sats_up(rental_price(shop, country, service, hours)),
            s4s=sats_up(code_price(shop, country, service, real=True)),
        )

    async def price(self, request: Request[PlaceQuery]) -> Price:
        """What a code costs."""
        country, service = self._place(request.params)
        return Price(price=sats_up(code_price(self._shop, country, service)))

    def _place(self, params: PlaceQuery) -> tuple[int | None, str]:
        country = None if params.country is None else country_of(params.country).cc
        service = service_of(self._shop, params.service)
        return country, "" if service is None else service.code

    def _send_price(self, request: Request[PriceQuery]) -> int:
        """In msat."""
        shop, params = self._shop, request.params
        message = params.message
        is_mail = bool(params.address) and params.phone is None
        if is_mail:
            parse_address(params.address)
        if message is not None:
            limits = shop.settings.mail if is_mail else shop.settings.sms
            checked_message(request.fields, message, limits.max_chars)
        if is_mail:
            return mail_price(shop)
        destination = None if params.phone is None else text_destination(shop, params.phone)
        return text_price(shop, destination, count(message).segments if message else 1)
