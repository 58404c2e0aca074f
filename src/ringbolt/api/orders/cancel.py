"""Cancel an order of any kind for its buyer."""

from __future__ import annotations

from ringbolt.app.calls.hang_up_call import hang_up_call
from ringbolt.app.numbers.cancel_order import cancel_order
from ringbolt.app.shop import Shop
from ringbolt.core.order import UNPAID, OrderKind
from ringbolt.store import orders


async def cancel_or_hang_up(shop: Shop, order_id: str) -> None:
    """Hang up a call that is paid for; cancel anything else. Raises as ``cancel_order`` does."""
    order = await shop.db.read(orders.by_id, order_id)
    if order is not None and order.kind is OrderKind.CALL and order.state not in UNPAID:
        await hang_up_call(shop, order_id)
    else:
        await cancel_order(shop, order_id)
