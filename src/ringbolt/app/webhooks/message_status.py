"""Everything about an order's text or e-mail that the holder of its status token may see."""

from __future__ import annotations

from dataclasses import dataclass

from ringbolt.app.webhooks.order_report import OrderReport
from ringbolt.store import messages, orders, refunds
from ringbolt.store.engine.db import Tx
from ringbolt.store.messages import Message
from ringbolt.store.orders import Order


@dataclass(frozen=True, slots=True)
class MessageReport(OrderReport):
    """A text or e-mail with its order."""

    message: Message

    @property
    def was_asked(self) -> bool:
        return self.message.attempt_id is not None


def report_by_token(tx: Tx, status_token: str) -> MessageReport | None:
    """The message behind a status address; None if there is none."""
    order = orders.by_status_token(tx, status_token)
    return None if order is None else _report(tx, order)


def report_by_id(tx: Tx, order_id: str) -> MessageReport | None:
    """The message of that order; None if it has none."""
    order = orders.by_id(tx, order_id)
    return None if order is None else _report(tx, order)


def _report(tx: Tx, order: Order) -> MessageReport | None:
    message = messages.message_of(tx, order.id)
    if message is None:
        return None
    refund = refunds.of_order(tx, order.id)
    return MessageReport(order, refund, orders.history(tx, order.id), tx.now_ms, message)
