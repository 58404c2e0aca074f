"""The provider of numbers of real telephones: the same for the list, the sale and the lease."""

from __future__ import annotations

from ringbolt.app.shop import Shop
from ringbolt.numbers.provider import ANY_COUNTRY, NumberProvider


async def choose_provider(shop: Shop, country: int) -> NumberProvider | None:
    """The operator's own pool where it has numbers in ``country`` (``ANY_COUNTRY``: anywhere);
    else a simulated provider, whose telephones are as real as any in that world.

    None: there are no such numbers. Raises ``Unavailable``.
    """
    own = shop.own_numbers
    if own is not None:
        countries = await own.countries()
        if country in countries or (country == ANY_COUNTRY and countries):
            return own
    route = shop.number_providers.route(str(country), simulated_only=True)
    return route[0] if route else None


def find_provider(shop: Shop, name: str) -> NumberProvider | None:
    """The provider of that name, the operator's own numbers among them; None if it is gone from
    the settings."""
    if shop.own_numbers is not None and shop.own_numbers.name == name:
        return shop.own_numbers
    return shop.number_providers.named(name)
