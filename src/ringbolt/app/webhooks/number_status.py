"""Everything about an order for a number that the holder of its credential may see."""

from __future__ import annotations

from dataclasses import dataclass

from ringbolt.app.webhooks.order_notice import order_notice
from ringbolt.app.webhooks.order_report import OrderReport
from ringbolt.core.notices import OrderNotice
from ringbolt.store import attempts, orders, refunds
from ringbolt.store.engine.db import Tx


@dataclass(frozen=True, slots=True)
class NumberReport(OrderReport):
    """An order for a number; ``notice`` is what may be seen of its number and texts."""

    notice: OrderNotice
    tries: int

    @property
    def was_asked(self) -> bool:
        return self.tries > 0


def report_by_id(tx: Tx, order_id: str) -> NumberReport | None:
    """The order of that id; None if there is none, or it receives nothing."""
    order = orders.by_id(tx, order_id)
    if order is None or not order.kind.is_received:
        return None
    return NumberReport(
        order,
        refunds.of_order(tx, order_id),
        orders.history(tx, order_id),
        tx.now_ms,
        order_notice(tx, order),
        len(attempts.of_order(tx, order_id)),
    )
