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
from ringbolt.store.messages import Message
from ringbolt.store.orders import Order
from ringbolt.store.webhooks import Added, Outgoing


def subject_of(order_id: str, topic: str = "") -> str:
    """The subject of the job that sends an order's notices of a topic."""
    return f"{order_id}:{topic}" if topic else order_id


def topic_of(order_id: str, name: str) -> str:
    """The topic that the order's job of that name sends."""
    return name.removeprefix(SEND_WEBHOOK.key(order_id)).removeprefix(":")


def changed(
    tx: Tx, order_id: str, moved: Order | None = None, message: Message | None = None
) -> None:
    """Notify an order's receiver, if it has one, of the order's present state. Call it in every
    transaction that changes what the state shows; a repeated notice is not sent again.

    ``moved``: the order, if this transaction has added it or moved it to its present state, and so
    has it locked; ``message``: its present message. Both are read if they are not at hand.
    """
    order = orders.lock_with_receiver(tx, order_id) if moved is None else moved
    if order is None or not order.webhook_url:
        return
    moved_ms = None if moved is None else tx.now_ms
    notice = order_notice(tx, order, message=message, moved_ms=moved_ms)
    body, url = notices.to_json(notice), order.webhook_url
    added = webhooks.insert(tx, order_id, "POST", url, body, news=notice.news())
    if added is not None:
        seen: Outgoing | None
        if order.finished_ms is None and order.account_id is None:
            seen = _outgoing(order, body, added)
        else:
            # Its texts may be deleted already, and an account may have replaced its secret: only
            # their rows say so.
            seen = webhooks.next_of(tx, order_id)
        see_to_sending(tx, order_id, lane=lane_of(order.state), seen=seen)


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
    body, news = notices.to_json(notice), notice.news()
    if webhooks.insert(tx, order_id, method, url, body, topic, news) is not None:
        see_to_sending(tx, order_id, topic, lane)


def see_to_sending(
    tx: Tx,
    order_id: str,
    topic: str = "",
    lane: Lane = "webhook",
    *,
    at_once: bool = False,
    seen: Outgoing | None = None,
) -> None:
    """Make sure that a job sends the order's notices of the topic; ``at_once``: without waiting
    until the next try of an earlier notice is due. ``seen``: the notice that is the first to be
    sent, if there was no job that sends an earlier one."""
    subject = subject_of(order_id, topic)
    SEND_WEBHOOK.ensure(tx, subject, order_id, lane=lane, at_once=at_once, seen=seen)


def _outgoing(order: Order, body: bytes, added: Added) -> Outgoing:
    """What is to be sent of an order that no account paid for."""
    return Outgoing(
        id=added.id,
        order_id=order.id,
        topic="",
        seq=added.seq,
        method="POST",
        url=order.webhook_url,
        body=body,
        tries=0,
        family=order.family,
        owner=order.id,
        wiped=False,
        secret=0,
        secret_ms=None,
    )
