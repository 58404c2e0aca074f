"""``GET`` on the paid URL of calls: what it does, which fields it takes, what it costs. Free."""

from __future__ import annotations

from typing import Any, Final

from ringbolt.api.l402.call_schema import EXAMPLES, Quote
from ringbolt.api.l402.service import ACCESS
from ringbolt.app.checkout.prices import call_price
from ringbolt.app.requests.plain_call import (
    MAX_DIGITS,
    MAX_MESSAGE_CHARS,
    MAX_REPEAT,
    MAX_TIMEOUT_S,
)
from ringbolt.app.shop import Shop
from ringbolt.core.errors import InvalidInput
from ringbolt.core.pricing.rates import MAX_MINUTES, started_minutes
from ringbolt.settings import Settings

_CHARGED: Final = {
    "answered": "Only answered calls are charged.",
    "placed": "Every call that is placed is charged.",
}


def describe_call(shop: Shop, base: str, path: str, quote: Quote) -> dict[str, Any]:
    """Sats4AI's metadata document; with a number in ``quote`` also the exact price of a call
    there."""
    document: dict[str, Any] = {
        "name": "Automated phone call",
        "description": "Calls a number anywhere and speaks a text or plays an audio file. "
        + _CHARGED[shop.settings.calls.charge_on],
        "access": {**ACCESS, "endpoint": f"{base}{path}", "method": "POST"},
        "content_type": "api",
        "pricing": _pricing(shop, f"{base}{path}"),
        "limits": _limits(shop.settings),
        "examples": list(EXAMPLES.values()),
    }
    if quote.phone_number.strip():
        document["quote"] = _quote(shop, quote)
    return document


def _pricing(shop: Shop, url: str) -> dict[str, Any]:
    rates = [rate.sats_per_minute for rate in shop.rates.rates()]
    return {
        "currency": "sat",
        "unit": "started minute",
        "minimum": min(rates),
        "maximum": max(rates),
        "quote": f"{url}?phone_number=%2B12025550123&duration_minutes=2",
    }


def _limits(settings: Settings) -> dict[str, Any]:
    return {
        "message_max_characters": MAX_MESSAGE_CHARS,
        "message_minutes": 1,
        "duration_minutes": {"minimum": 1, "maximum": MAX_MINUTES},
        "repeat": {"minimum": 1, "maximum": MAX_REPEAT},
        "gather": {"max_digits": MAX_DIGITS, "timeout_seconds": MAX_TIMEOUT_S},
        "invoice_expires_after_seconds": settings.l402.invoice_expiry_s,
        "credential_valid_seconds": settings.l402.redeem_s,
        "ring_timeout_seconds": settings.calls.ring_timeout_s,
    }


def _quote(shop: Shop, quote: Quote) -> dict[str, Any]:
    number = quote.phone_number.strip()
    if not number.startswith("+"):  # a plus in a query is a space unless it is escaped
        number = "+" + number
    minutes = _minutes(quote.duration_minutes)
    price = call_price(shop, number, minutes)
    return {
        "phone_number": number,
        "minutes": minutes,
        "sats_per_minute": price.rate.sats_per_minute,
        "amount_sats": price.sats,
        "destination": price.rate.label,
    }


def _minutes(text: str) -> int:
    try:
        duration = float(text)
    except ValueError:
        duration = 0.0
    if not 1 <= duration <= MAX_MINUTES:
        raise InvalidInput(
            f"duration_minutes must be a number between 1 and {MAX_MINUTES}.",
            code="INVALID_DURATION",
            field="duration_minutes",
        )
    return started_minutes(duration)
