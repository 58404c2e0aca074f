"""Tell whoever wants to know what became of an order: webhooks, and callbacks of other kinds.

What is to be told is written down in the transaction that makes it true. One job per order then
sends it, in order.
"""

from __future__ import annotations

from ringbolt.app import order_document
from ringbolt.store import jobs, orders, webhooks
from ringbolt.store.db import Tx

SEND_WEBHOOK = "send_webhook"


def webhook_job(order_id: str) -> str:
    """The name of the one job that sends an order's webhooks."""
    return f"webhook:{order_id}"


def changed(tx: Tx, order_id: str) -> None:
    """Tell an order's receiver, if it has one, what its status shows now. Call it in the
    transaction of every change that the status shows; what it told before is not told again."""
    if not webhooks.lock_order(tx, order_id):
        return
    order = orders.by_id(tx, order_id)
    assert order is not None
    document = order_document.snapshot(tx, order)
    last = webhooks.last_body(tx, order_id, order.webhook_url)
    if last and not order_document.is_news(document, last):
        return
    tell(tx, order_id, "POST", order.webhook_url, order_document.to_draft(document, order_id))


def tell(tx: Tx, order_id: str, method: str, url: str, body: bytes) -> str:
    """Send ``body`` to ``url``, after all that this order has told before; the webhook's id."""
    webhook_id = webhooks.insert(tx, order_id, method, url, body)
    see_to_sending(tx, order_id)
    return webhook_id


def see_to_sending(tx: Tx, order_id: str, *, at_once: bool = False) -> None:
    """See to it that the order's webhooks are sent; ``at_once``: not only when the next try of an
    earlier one is due."""
    name = webhook_job(order_id)
    jobs.ensure(tx, SEND_WEBHOOK, "webhook", name, order_id, at_once=at_once)
