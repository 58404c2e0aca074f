"""Prices and counts in the documents of ``getPrices`` and ``getRentServicesAndCountries``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from ringbolt.core.pricing.amount import MICROS
from ringbolt.numbers.handler_api.fields import text_of
from ringbolt.numbers.handler_api.reply import Document

_MOST: Final = Decimal(1_000_000)
_MOST_CHARS: Final = 30


@dataclass(frozen=True, slots=True)
class Price:
    """``micros``: the lowest price, millionths of a unit of the account's currency, None if it is
    not known. ``free``: how many numbers there are."""

    micros: int | None
    free: int


def micros_of(value: object) -> int | None:
    """An amount as a provider writes it; None if it is none."""
    text = text_of(value)
    if not text or len(text) > _MOST_CHARS:
        return None
    try:
        units = Decimal(text)
    except InvalidOperation:
        return None
    if not units.is_finite() or not 0 <= units <= _MOST:
        return None
    return round(units * MICROS)


def count_of(value: object) -> int:
    """How many numbers there are; 0 for what is no count."""
    text = text_of(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def by_country(document: Document | None, service: str = "") -> dict[str, dict[str, Price]]:
    """Prices by country (the provider's id) and service.

    ``service``: the one that was asked for. Then the second level may be operators instead, all of
    which serve it.
    """
    found: dict[str, dict[str, Price]] = {}
    if not isinstance(document, Mapping):
        return found
    for country, services in document.items():
        if not isinstance(services, Mapping):
            continue
        prices = {str(code): _price(leaf) for code, leaf in services.items()}
        known = {code: price for code, price in prices.items() if price is not None}
        if service and service not in known:
            known = {service: _together(known.values())} if known else {}
        found[str(country)] = known
    return found


def of_rentals(document: Document | None) -> dict[str, Price]:
    """Prices of rentals by service."""
    services = document.get("services") if isinstance(document, Mapping) else None
    if not isinstance(services, Mapping):
        return {}
    prices = {str(code): _price(leaf) for code, leaf in services.items()}
    return {code: price for code, price in prices.items() if price is not None}


def _price(leaf: object) -> Price | None:
    """``{"cost": 0.2, "count": 17}``, or ``{"0.2": 12, "0.25": 5}`` by price."""
    if not isinstance(leaf, Mapping):
        return None
    cost = leaf.get("cost", leaf.get("price"))
    if cost is not None:
        counts = (leaf.get(name) for name in ("count", "quant", "qty"))
        count = next((each for each in counts if each is not None), 0)
        if isinstance(count, Mapping):
            count = count.get("total", count.get("current"))
        return Price(micros_of(cost), count_of(count))
    return _by_price(leaf)


def _by_price(leaf: Mapping[str, Any]) -> Price | None:
    steps = [(micros_of(price), count_of(count)) for price, count in leaf.items()]
    if not steps or any(micros is None for micros, _ in steps):
        return None
    return _together(Price(micros, free) for micros, free in steps)


def _together(prices: Iterable[Price]) -> Price:
    """The lowest price at which there is a number, and all numbers."""
    steps = list(prices)
    having = [step.micros for step in steps if step.free and step.micros is not None]
    return Price(min(having, default=None), sum(step.free for step in steps))
