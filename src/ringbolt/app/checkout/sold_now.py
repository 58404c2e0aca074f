"""Which services the shop sells now: those with a part that delivers, whose sales are open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ringbolt.app.checkout.prices import (
    code_price,
    mail_price,
    rental_price,
    speech_price,
    text_price,
)
from ringbolt.app.shop import Shop
from ringbolt.core.closed_sales import SERVICES
from ringbolt.core.pricing.money import sats_up
from ringbolt.core.pricing.prices import RENT_BLOCK_HOURS, SPEECH_BLOCK_CHARS


@dataclass(frozen=True, slots=True)
class LowestPrice:
    """``sats`` for ``unit``; the exact price may depend on the destination, and on the length."""

    sats: int
    unit: str


def has_part(shop: Shop, service: str) -> bool:
    """Whether a part of the shop can deliver a service of ``SERVICES``. Any other needs none."""
    if service in ("code", "rent"):
        return len(shop.number_providers) > 0 or shop.own_numbers is not None
    area = {"call": "calls", "text": "sms", "email": "mail"}.get(service, "")
    return not area or len(shop.parts_of(area)) > 0


def is_sold(shop: Shop, service: str) -> bool:
    """Whether an order of the service is taken now."""
    is_closed = shop.terms.closed.is_service_closed(service, shop.clock.now_ms())
    return has_part(shop, service) and not is_closed


def sold_now(shop: Shop) -> Iterator[str]:
    """The services that are sold now, of ``SERVICES``."""
    return (service for service in SERVICES if is_sold(shop, service))


def lowest_price(shop: Shop, service: str) -> LowestPrice:
    """The price from which a service of ``SERVICES`` is sold."""
    match service:
        case "call":
            per_minute = min(rate.sats_per_minute for rate in shop.rates.rates())
            return LowestPrice(per_minute, "started minute")
        case "text":
            return LowestPrice(sats_up(text_price(shop)), "segment")
        case "code":
            return LowestPrice(sats_up(code_price(shop, None, "")), "code")
        case "rent":
            return LowestPrice(sats_up(rental_price(shop, None)), f"{RENT_BLOCK_HOURS} hours")
        case "email":
            return LowestPrice(sats_up(mail_price(shop)), "e-mail")
        case "speech":
            return LowestPrice(sats_up(speech_price(shop)), f"{SPEECH_BLOCK_CHARS} characters")
        case _:
            raise KeyError(service)
