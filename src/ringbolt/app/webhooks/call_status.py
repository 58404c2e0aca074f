"""Everything about an order's call that the holder of its status token may see."""

from __future__ import annotations

from dataclasses import dataclass

from ringbolt.core.order import DELIVERED, OrderState
from ringbolt.store import calls, orders, refunds
from ringbolt.store.calls import Call
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order, OrderEvent
from ringbolt.store.refunds import Refund


@dataclass(frozen=True, slots=True)
class CallReport:
    """A call with its order, its refund (None: there is none) and the order's changes."""

    order: Order
    call: Call
    refund: Refund | None
    history: list[OrderEvent]
    now_ms: int

    @property
    def charged_msat(self) -> int:
        """What the call has cost so far: nothing until it is fulfilled."""
        return self.order.price_msat if self.order.state in DELIVERED else 0

    @property
    def duration_ms(self) -> int:
        """How long the call lasted, or has lasted so far."""
        return talked_ms(self.call, self.now_ms)

    @property
    def may_retry(self) -> bool:
        return (
            self.order.state is OrderState.FAILED
            and self.order.may_retry
            and self.now_ms < self.order.retry_until_ms
        )


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
    return CallReport(order, call, refund, orders.history(tx, order.id), tx.now_ms)
