"""The lists of the simulated ``handler_api.php``: countries, services, prices, counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ringbolt.core.countries import COUNTRIES
from ringbolt.simulator.numbers.activation import price_micros
from ringbolt.simulator.numbers.handler_words import Style, country_of, hours_of, money
from ringbolt.simulator.numbers.offers import offers


def countries() -> dict[str, Any]:
    return {
        str(cc): {
            "id": cc,
            "rus": country.name,
            "eng": country.name,
            "chn": country.name,
            "visible": 1,
            "retry": 1,
        }
        for cc, country in COUNTRIES.items()
    }


def services() -> dict[str, Any]:
    listed = [{"code": each.code, "name": each.name} for each in offers(187)]
    return {"status": "success", "services": listed}


def prices(asked: Mapping[str, str]) -> dict[str, Any]:
    named = asked.get("country", "")
    countries = list(COUNTRIES) if not named else [country_of(named)]
    service = asked.get("service", "")
    return {
        str(cc): {
            offer.code: {
                "cost": money(price_micros(offer.code, cc)),
                "count": offer.count,
                "physicalCount": offer.count,
            }
            for offer in offers(cc)
            if service in ("", offer.code)
        }
        for cc in countries
    }


def counts(asked: Mapping[str, str]) -> dict[str, str]:
    found = offers(country_of(asked.get("country", "0")))
    return {f"{offer.code}_0": str(offer.count) for offer in found}


def rent_prices(asked: Mapping[str, str], style: Style) -> dict[str, Any]:
    hours = hours_of(asked, style)
    country = country_of(asked.get("country", "0"))
    services = {
        offer.code: {
            "cost": money(price_micros(offer.code, country, hours)),
            "quant": {"current": offer.count, "total": offer.count},
        }
        for offer in offers(country)
    }
    countries = {str(n): cc for n, cc in enumerate(COUNTRIES)}
    return {"countries": countries, "operators": {"0": "any"}, "services": services}
