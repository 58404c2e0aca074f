"""Everything about an order's call that the holder of its status token may see."""

from __future__ import annotations

from dataclasses import dataclass

from ringbolt.app.webhooks.order_report import OrderReport
from ringbolt.store import calls, orders, refunds
from ringbolt.store.calls import Call
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order


@dataclass(frozen=True, slots=True)
class CallReport(OrderReport):
    """A call with its order."""

    call: Call

    @property
    def was_asked(self) -> bool:
        return self.call.attempt_id is not None

    @property
    def duration_ms(self) -> int:
        """How long the call lasted, or has lasted so far."""
        return talked_ms(self.call, self.now_ms)


def talked_ms(call: Call, now_ms: int) -> int:
    """How long a call lasted: as the carrier reported, else from its answer to its end or now."""
    if call.answered_ms is None:
        return 0
    if call.talked_ms is not None:
        return call.talked_ms
    return max(0, (call.ended_ms or now_ms) - call.answered_ms)


def report_by_token(tx: Tx, status_token: str) -> CallReport | None:
    """The call behind a status address; None if there is none."""
    order = orders.by_status_token(tx, status_token)
    return None if order is None else report(tx, order)


def report_by_id(tx: Tx, order_id: str) -> CallReport | None:
    """The call of that order; None if it has none."""
    order = orders.by_id(tx, order_id)
    return None if order is None else report(tx, order)


def report(tx: Tx, order: Order) -> CallReport | None:
    """The call of an order, with its money; None if it has none."""
    call = calls.call_of(tx, order.id)
    if call is None:
        return None
    refund = refunds.of_order(tx, order.id)
    return CallReport(order, refund, orders.history(tx, order.id), tx.now_ms, call)
