"""Tell whoever wants to know what became of an order: webhooks, and callbacks of other kinds.

What is to be told is written down in the transaction that makes it true. One job per order and
topic then sends it, in order; a topic does not wait for another. The topic '' is how the order
stands.
"""

from __future__ import annotations

from ringbolt.app.jobs import SEND_WEBHOOK
from ringbolt.app.webhooks.order_notice import order_notice
from ringbolt.core import notices
from ringbolt.core.notices import Notice
from ringbolt.core.order import UNPAID, OrderState
from ringbolt.store import orders, webhooks
from ringbolt.store.engine.db import Tx
from ringbolt.store.jobs import Lane


def subject_of(order_id: str, topic: str = "") -> str:
    """What the one job is about that sends what an order tells of a topic."""
    return f"{order_id}:{topic}" if topic else order_id


def topic_of(order_id: str, name: str) -> str:
    """The topic that the order's job of that name sends."""
    return name.removeprefix(SEND_WEBHOOK.key(order_id)).removeprefix(":")


def changed(tx: Tx, order_id: str) -> None:
    """Tell an order's receiver, if it has one, what its status shows now. Call it in the
    transaction of every change that the status shows; what it told before is not told again."""
    order = orders.lock_with_receiver(tx, order_id)
    if order is not None:
        notice = order_notice(tx, order)
        tell(tx, order_id, "POST", order.webhook_url, notice, lane=lane_of(order.state))


def lane_of(state: OrderState) -> Lane:
    """The lane that tells of an order: one that costs nothing keeps nobody waiting who paid."""
    return "unpaid" if state in UNPAID else "webhook"


def tell(
    tx: Tx,
    order_id: str,
    method: str,
    url: str,
    notice: Notice,
    topic: str = "",
    *,
    lane: Lane = "webhook",
) -> None:
    """Tell ``notice`` at ``url``, after all that the topic has told before; of no effect if the
    latest of that told the same."""
    news = notice.news()
    last = webhooks.last_of(tx, order_id, topic)
    if last is None or last.news != news:
        webhooks.insert(tx, order_id, method, url, notices.to_json(notice), topic, news)
        see_to_sending(tx, order_id, topic, lane)


def see_to_sending(
    tx: Tx, order_id: str, topic: str = "", lane: Lane = "webhook", *, at_once: bool = False
) -> None:
    """See to it that what the order tells of the topic is sent; ``at_once``: not only when the
    next try of an earlier one is due."""
    SEND_WEBHOOK.ensure(tx, subject_of(order_id, topic), order_id, lane=lane, at_once=at_once)
