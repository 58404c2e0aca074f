"""Readers of the fields of an order for a number: country, service, and the id of an order."""

from __future__ import annotations

import re
from typing import Final

from ringbolt.api.kit.fields import Fields
from ringbolt.api.kit.style import shown
from ringbolt.app.shop import Shop
from ringbolt.core.countries import AUTO_SELECT, Country, resolve_country
from ringbolt.core.services import Service, resolve_service

MAX_NAME_CHARS: Final = 64
_ORDER_ID: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)

CountryInput = int | float | str


def country(fields: Fields, name: str) -> CountryInput | None:
    """A country as clients write it: 187, "187", "USA", "us"."""
    value = fields.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 10**6:
        return value
    if not isinstance(value, str):
        raise fields.wrong(
            name,
            f"must be a number, a name or an ISO code, not {shown(value)}.",
            "INVALID_TYPE",
            'For example 187, "USA" or "us"; 999 for any.',
        )
    return fields.line(name, MAX_NAME_CHARS) or None


def country_of(written: CountryInput | None) -> Country:
    """The country that is meant; any, if none is written. Raises ``InvalidInput``."""
    return AUTO_SELECT if written is None else resolve_country(written)


def service_of(shop: Shop, written: str) -> Service | None:
    """A service by code or name; None for ''. Raises ``InvalidInput``."""
    if not written:
        return None
    return resolve_service(written, scripted_allowed=shop.number_providers.has_simulated)


def canonical_id(written: str) -> str:
    """An order's id in lower case, '' for anything else."""
    lowered = written.strip().lower()
    return lowered if _ORDER_ID.fullmatch(lowered) else ""
