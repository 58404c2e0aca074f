"""Check a call, and price it, without reading the store."""

from __future__ import annotations

from ringbolt.app.checkout.check_content import check_content
from ringbolt.app.checkout.check_recordings import check_recordings
from ringbolt.app.checkout.prices import call_price
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks.send_webhook import check_webhook_url
from ringbolt.core.commands import CallOrder
from ringbolt.core.pricing.rates import Price


def check_call(shop: Shop, command: CallOrder) -> Price:
    """The price of the call. Raises ``InvalidInput`` and ``DestinationRefused``."""
    for url in filter(None, (command.status_url, command.digits_url)):
        check_webhook_url(shop, url)
    check_content(shop.policies.limits.abuse, command)
    check_recordings(shop, command)
    return call_price(shop, command.to, command.minutes)
