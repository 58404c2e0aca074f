"""One more text on the number that a code came to, at no charge, while it is the buyer's."""

from __future__ import annotations

from typing import Final

from ringbolt.app.numbers.cancel_order import LOOK, no_such_order
from ringbolt.app.numbers.close_lease import provider_named, set_timer
from ringbolt.app.numbers.end_receiving import look
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks import notify
from ringbolt.core.errors import Conflict, Unavailable
from ringbolt.core.order import DELIVERED
from ringbolt.numbers.provider import NumberProvider, SupportsLeaseLookup
from ringbolt.store import receiving_orders
from ringbolt.store.engine.db import Tx
from ringbolt.store.receiving_orders import NumberLease

EXTENDED_AT_MOST_MS: Final = 2 * 20 * 60_000
"""How much longer than first agreed a lease may last."""
AGAIN: Final = "Order the same number once more."


async def request_text(shop: Shop, order_id: str) -> None:
    """Ask for another text; it shows in the order as the first did.

    Raises ``NotFound``, ``Conflict`` if no code came yet or the number went back, ``Unavailable``.
    """
    found = await shop.db.read(look, order_id)
    if found is None:
        raise no_such_order()
    if found.receiving.is_rental:
        raise Conflict(
            "A rented number receives every text by itself.",
            suggestion="Look at the order's messages.",
        )
    if found.order.state not in DELIVERED:
        raise Conflict("The number has no code yet, or gets none any more.", suggestion=LOOK)
    if found.lease is None or not found.is_open:
        raise Conflict("The number went back.", suggestion=AGAIN)
    provider = provider_named(shop, found.lease.provider)
    if not await provider.request_text(found.lease.provider_id):
        raise Conflict("The provider does not allow another text on this number.", suggestion=AGAIN)
    until_ms = await _until_ms(provider, found.lease)
    await shop.db.tx(_extend, order_id, found.lease, until_ms)


async def _until_ms(provider: NumberProvider, lease: NumberLease) -> int:
    """When the provider now ends the lease, if it can be asked. Only its own time counts: it may
    give the number to others afterwards."""
    if not isinstance(provider, SupportsLeaseLookup):
        return lease.until_ms
    try:
        found = await provider.find(lease.id)
    except Unavailable:  # the text is granted all the same; the number's time stays as it was
        return lease.until_ms
    return lease.until_ms if found is None else found.until_ms


def _extend(tx: Tx, order_id: str, lease: NumberLease, until_ms: int) -> None:
    found = look(tx, order_id, lock=True)
    if found is None or found.receiving.lease_id != lease.id or not found.is_open:
        raise Conflict("The number has just gone back.", suggestion=AGAIN)
    until_ms = min(until_ms, lease.until_ms + EXTENDED_AT_MOST_MS)
    if until_ms > (found.receiving.until_ms or 0):
        receiving_orders.update_receiving(tx, order_id, until_ms=until_ms)
        set_timer(tx, order_id, until_ms)
        notify.changed(tx, order_id)
