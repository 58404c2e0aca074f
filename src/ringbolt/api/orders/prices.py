"""``/price`` and ``/getPrice``: exactly what the invoice would say."""

from __future__ import annotations

from ringbolt.api.orders import fields
from ringbolt.api.orders.endpoint import Asked, Reply, ok
from ringbolt.app.checkout.prices import code_price, mail_price, rental_price, text_price
from ringbolt.app.shop import Shop
from ringbolt.core.email_address import parse_address
from ringbolt.core.pricing.money import sats_up
from ringbolt.core.texts.segments import count


class PriceLists:
    """What orders cost, in sats."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def prices(self, asked: Asked) -> Reply:
        """What orders cost. With the fields of an order, exactly what its invoice will say."""
        shop, said = self._shop, asked.fields
        country, service = self._place(asked)
        hours = fields.whole_number(said, "rentalHours", 1, shop.settings.orders.max_rental_hours)
        return ok(
            {
                "receive": sats_up(code_price(shop, country, service)),
                "send": sats_up(self._send_price(asked)),
                "rent": sats_up(rental_price(shop, country, service, hours or 0)),
                "s4s": sats_up(code_price(shop, country, service, real=True)),
            }
        )

    async def price(self, asked: Asked) -> Reply:
        """What a code costs."""
        country, service = self._place(asked)
        return ok({"price": sats_up(code_price(self._shop, country, service))})

    def _place(self, asked: Asked) -> tuple[int | None, str]:
        country = fields.country(asked.fields)
        has_scripted = self._shop.number_providers.has_simulated
        service = fields.service(asked.fields, scripted_allowed=has_scripted)
        return (
            None if country is None else country.cc,
            "" if service is None else service.code,
        )

    def _send_price(self, asked: Asked) -> int:
        shop, said = self._shop, asked.fields
        address = fields.line(said, "address", fields.MAX_ADDRESS_CHARS * 2)
        if address and said.get("phone") is None:
            parse_address(address)
            if said.get("message") is not None:
                fields.message(said, shop.settings.mail.max_chars)
            return mail_price(shop)
        destination = None
        if said.get("phone") is not None:
            destination = fields.phone(shop, said)
        segments = 1
        if said.get("message") is not None:
            segments = count(fields.message(said, shop.settings.sms.max_chars)).segments
        return text_price(shop, destination, segments)
