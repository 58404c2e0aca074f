"""What happens as soon as an order's money is secured."""

from __future__ import annotations

from ringbolt.app.jobs import DISPATCH
from ringbolt.app.payments.decide_outcome import fulfil
from ringbolt.app.webhooks import notify
from ringbolt.core.order import OrderKind
from ringbolt.store import orders
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order

HOLDS = "holds"
"""The channel to wake when a hold invoice must be watched."""


def dispatch_paid(tx: Tx, order: Order) -> None:
    """Start the fulfilment of ``order``, which this transaction adds or moves, as it is now."""
    is_top_up = order.kind is OrderKind.FUND
    if is_top_up:
        order = fulfil(tx, order.id, "the payment is held") or order
        orders.finish(tx, order.id)
    if order.webhook_url:
        notify.changed(tx, order.id, order)
    if not is_top_up:  # last: the job may begin at once, and move the order on
        DISPATCH[order.kind.fulfilment].enqueue(tx, order_id=order.id, seen=order)
