"""Notify the receivers of an order: webhooks, and callbacks of other kinds.

Each notice is stored in the transaction that makes it true. One job per order and topic then sends
its notices in order; topics do not wait for each other. The topic '' is the state of the order.
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
    """The subject of the job that sends an order's notices of a topic."""
    return f"{order_id}:{topic}" if topic else order_id


def topic_of(order_id: str, name: str) -> str:
    """The topic that the order's job of that name sends."""
    return name.removeprefix(SEND_WEBHOOK.key(order_id)).removeprefix(":")


def changed(tx: Tx, order_id: str) -> None:
    """Notify an order's receiver, if it has one, of the order's present state. Call it in every
    transaction that changes what the state shows; a repeated notice is not sent again."""
    order = orders.lock_with_receiver(tx, order_id)
    if order is not None:
        notice = order_notice(tx, order)
        enqueue(tx, order_id, "POST", order.webhook_url, notice, lane=lane_of(order.state))


def lane_of(state: OrderState) -> Lane:
    """The lane of an order's notices: unpaid orders must not delay those of paying buyers."""
    return "unpaid" if state in UNPAID else "webhook"


def enqueue(
    tx: Tx,
    order_id: str,
    method: str,
    url: str,
    notice: Notice,
    topic: str = "",
    *,
    lane: Lane = "webhook",
) -> None:
    """Send ``notice`` to ``url``, after all earlier notices of the topic; does nothing if the
    latest of them says the same."""
    news = notice.news()
    last = webhooks.last_of(tx, order_id, topic)
    if last is None or last.news != news:
        webhooks.insert(tx, order_id, method, url, notices.to_json(notice), topic, news)
        see_to_sending(tx, order_id, topic, lane)


def see_to_sending(
    tx: Tx, order_id: str, topic: str = "", lane: Lane = "webhook", *, at_once: bool = False
) -> None:
    """Make sure that a job sends the order's notices of the topic; ``at_once``: without waiting
    until the next try of an earlier notice is due."""
    SEND_WEBHOOK.ensure(tx, subject_of(order_id, topic), order_id, lane=lane, at_once=at_once)
