"""The prices of orders, in msat: exactly the amounts of their invoices."""

from __future__ import annotations

from ringbolt.app.checkout.routes import check_call_route
from ringbolt.app.shop import Shop
from ringbolt.core.countries import by_region
from ringbolt.core.phone import Destination, parse_destination
from ringbolt.core.pricing.money import msat
from ringbolt.core.pricing.prices import RENT_BLOCK_HOURS
from ringbolt.core.pricing.rates import Price
from ringbolt.core.services import FULL_RENT


def text_price(shop: Shop, destination: Destination | None = None, segments: int = 1) -> int:
    """A text of ``segments``; the destination matters only with a price table."""
    country = by_region(destination.region) if destination else None
    return msat(shop.prices.send(None if country is None else country.cc, segments))


def mail_price(shop: Shop) -> int:
    """An e-mail, msat."""
    return msat(shop.prices.email())


def speech_price(shop: Shop, characters: int = 1) -> int:
    """A text of that many characters, spoken into a file, msat."""
    return msat(shop.prices.speech(characters))


def code_price(shop: Shop, country: int | None, service: str, *, real: bool = False) -> int:
    """One code of ``service`` ('': any) on a number of ``country`` (None: any); ``real``: on a
    number of the operator's own."""
    price = shop.prices.s4s if real else shop.prices.receive
    return msat(price(country, service))


def rental_price(shop: Shop, country: int | None, service: str = "", hours: int = 0) -> int:
    """A rented number; ``service`` '' receives from everybody, ``hours`` 0 is the shortest time."""
    return msat(shop.prices.rent(country, service or FULL_RENT, hours or RENT_BLOCK_HOURS))


def call_price(shop: Shop, to: str, minutes: int = 1) -> Price:
    """A call of so many started minutes to the number ``to``.

    Raises ``InvalidInput`` and ``DestinationRefused`` for a number that is not called here.
    """
    parse_destination(to, scripted_allowed=shop.carriers.has_simulated)
    check_call_route(shop, to)
    return shop.rates.price(to, minutes)
