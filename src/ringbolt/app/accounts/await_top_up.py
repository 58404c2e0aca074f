"""Wait, for a moment, for top-ups that the node is settling right now.

The payer's wallet learns of the settlement from the node, some milliseconds before our books do:
a buyer who pays and at once asks for the balance must not see the old one.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from ringbolt.app.shop import Shop
from ringbolt.core.chart_of_accounts import account_of_key
from ringbolt.core.order import OrderState
from ringbolt.store import ledger_entries, orders
from ringbolt.store.engine.db import Tx

WITHIN_S = 2.0
RECENT_MS = 10_000
"""An older payment waits for a node that does not answer: we do not wait for it here."""


async def await_top_up(shop: Shop, key_id: str) -> bool:
    """Wait until the books have what was just paid to a key; False if there was nothing."""
    account = account_of_key(key_id)
    settling = await shop.db.read(ledger_entries.settling, account, RECENT_MS)
    if not settling:
        return False
    with suppress(TimeoutError):
        async with asyncio.timeout(WITHIN_S):
            await asyncio.gather(*(_booked(shop, order_id) for order_id in settling))
    return True


async def _booked(shop: Shop, order_id: str) -> None:
    changes = shop.db.listen(orders.channel(order_id))
    try:
        while await shop.db.read(_is_fulfilled, order_id):
            await changes.wait(WITHIN_S)
    finally:
        changes.close()


def _is_fulfilled(tx: Tx, order_id: str) -> bool:
    order = orders.by_id(tx, order_id)
    return order is not None and order.state is OrderState.FULFILLED
