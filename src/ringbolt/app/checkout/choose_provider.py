"""Who lends numbers of real telephones: asked alike for the list, the sale and the loan itself."""

from __future__ import annotations

from ringbolt.app.shop import Shop
from ringbolt.numbers.provider import ANY_COUNTRY, NumberProvider


async def choose_provider(shop: Shop, country: int) -> NumberProvider | None:
    """The operator's own pool where it has numbers in ``country`` (``ANY_COUNTRY``: anywhere);
    else, in the simulated world alone, the provider, whose telephones are as real as any there.

    None: there are none to be had. Raises ``Unavailable``.
    """
    own = shop.own_numbers
    if own is not None:
        countries = await own.countries()
        if country in countries or (country == ANY_COUNTRY and countries):
            return own
    return shop.numbers if shop.scripted_numbers else None
