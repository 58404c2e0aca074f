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
    """Start the fulfilment of ``order``, whose money this transaction secures."""
    if order.kind is OrderKind.FUND:
        fulfil(tx, order.id, "the payment is held")
        orders.finish(tx, order.id)
    else:
        DISPATCH[order.kind.fulfilment].enqueue(tx, order_id=order.id)
    if order.webhook_url:
        notify.changed(tx, order.id)
