"""Which of several providers of numbers is asked first: the one whose codes cost the least.

A code's cost is the present price of a number, divided by the share of this provider's numbers
that got their code in this shop. Providers that do not tell their prices count with the ``cost``
of their settings, in sats.
"""

from __future__ import annotations

import math

from ringbolt.app.shop import Shop
from ringbolt.core.commands import ReceiveTexts
from ringbolt.numbers.provider import NumberProvider, Quote, SupportsQuotes
from ringbolt.registry.parts import Part


def cost_of_code(shop: Shop, request: ReceiveTexts, part: Part[NumberProvider]) -> float:
    """What a code is expected to cost at ``part``, sats; infinite where there is none now."""
    cost = part.routing.cost
    quote = quote_of(part.port, request)
    if quote is not None:
        if quote.closed or quote.free == 0:
            return math.inf
        cost_msat = shop.policies.exchange.msat(quote.cost)
        cost = cost if cost_msat is None else cost_msat / 1000
    return cost / shop.provider_success.share(part.name, request.service)


def quote_of(provider: NumberProvider, request: ReceiveTexts) -> Quote | None:
    """None for a provider without quotes."""
    if not isinstance(provider, SupportsQuotes):
        return None
    return provider.quote(request.service, request.country, request.hours)


def is_had(shop: Shop, quote: Quote, price_msat: int) -> bool:
    """Whether such a number may be had now for what the buyer pays."""
    if quote.closed or quote.free == 0:
        return False
    cost_msat = shop.policies.exchange.msat(quote.cost)
    return cost_msat is None or cost_msat <= price_msat


async def learn_success(shop: Shop) -> None:
    """Read how often each provider's numbers got their code, if there is a choice among them."""
    if len(shop.number_providers) > 1:
        await shop.provider_success.refresh(shop.db, shop.clock.now_ms())
