"""What may be bought at all, and how much at once: looked at before any invoice exists.

``check_purchase`` reads; ``recheck`` counts in the transaction that writes the order down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringbolt.app.shop import Shop
from ringbolt.core.errors import RateLimited
from ringbolt.store import holds
from ringbolt.store.db import Tx

if TYPE_CHECKING:
    from ringbolt.app.buy import Purchase


async def check_purchase(shop: Shop, purchase: Purchase) -> None:
    """Raises ``RateLimited``, ``InvalidInput`` or ``DestinationRefused``, in plain words."""
    if shop.limits:
        await shop.db.read(_look, shop, purchase)


def recheck(tx: Tx, shop: Shop, purchase: Purchase) -> None:
    """Once more, and counted, in the transaction of the order itself."""


def _look(tx: Tx, shop: Shop, purchase: Purchase) -> None:
    abuse = shop.settings.abuse
    if holds.awaiting(tx, purchase.client) >= abuse.open_invoices_per_client:
        raise RateLimited(
            f"You have {abuse.open_invoices_per_client} unpaid invoices open with us.",
            code="TOO_MANY_OPEN_INVOICES",
            suggestion="Pay or cancel some of them, or wait until they run out.",
        )
