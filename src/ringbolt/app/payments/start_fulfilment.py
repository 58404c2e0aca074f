"""What happens as soon as an order's money is secured, and until when it must be brought about."""

from __future__ import annotations

from ringbolt.app.jobs import DISPATCH_CALL, DISPATCH_MESSAGE, DISPATCH_RECEIVING
from ringbolt.app.payments.decide_outcome import fulfil
from ringbolt.app.webhooks import notify
from ringbolt.settings import Settings
from ringbolt.store import orders
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order

HOLDS = "holds"
"""The channel that is woken when a hold invoice is to be watched."""

MEMO = "Ringbolt order"
"""What stands in every hold invoice: nothing that tells what was bought, or for whom."""

TOP_UP_KIND = "fund"
_JOB_OF_KIND = {
    "call": DISPATCH_CALL,
    "sms": DISPATCH_MESSAGE,
    "email": DISPATCH_MESSAGE,
    "activation": DISPATCH_RECEIVING,
    "rental": DISPATCH_RECEIVING,
}


def working_deadline_ms(settings: Settings, kind: str, paid_ms: int) -> int:
    """When an order of that kind, paid at ``paid_ms``, is given up; ms UTC."""
    if kind == "call":
        return paid_ms + settings.voice.wait_s * 1000
    if kind in ("activation", "rental"):
        return paid_ms + settings.orders.code_within_s * 1000
    return paid_ms + settings.orders.receipt_within_s * 1000


def dispatch_paid(tx: Tx, order: Order) -> None:
    """The money of ``order`` is secured in this very transaction: bring it about."""
    if order.kind == TOP_UP_KIND:
        fulfil(tx, order.id, "the payment is held")
        orders.finish(tx, order.id)
    else:
        _JOB_OF_KIND[order.kind].enqueue(tx, order_id=order.id)
    notify.changed(tx, order.id)
