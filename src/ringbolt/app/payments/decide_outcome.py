"""Decide once whether an order is fulfilled or failed, and move its money.

The compare-and-swap on the order's state is the decision. The same transaction moves the money in
the books; for a hold invoice it adds the job that settles or cancels it at the node.
"""

from __future__ import annotations

from ringbolt.app.jobs import CLOSE_HOLD
from ringbolt.app.limits.spend_limits import count_failed
from ringbolt.app.payments import refer
from ringbolt.core.chart_of_accounts import (
    CAPTURE,
    ESCROW,
    REVENUE,
    capture_idem,
    hold_idem,
)
from ringbolt.core.order import OrderKind, OrderState, PaymentMethod
from ringbolt.store import ledger, orders, refunds
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order

MAX_TRIES = 5
"""How often one L402 payment may try to have its call answered, the first time included."""


def fulfil(tx: Tx, order_id: str, why: str) -> Order | None:
    """The order is fulfilled: the money is ours. Returns the order as it is then, None if it was
    decided before."""
    order = orders.move(tx, order_id, OrderState.FULFILLED, why)
    if order is None:
        return None
    match order.method:
        case PaymentMethod.HOLD:
            CLOSE_HOLD.enqueue(tx, order_id=order_id, seen=order)
        case PaymentMethod.BALANCE if order.kind is OrderKind.CALL:
            pass  # what it costs is known when it ends: see ``charge``
        case PaymentMethod.BALANCE:
            ledger.capture(tx, hold_idem(order_id))
            return settled(tx, order, why) or order
        case PaymentMethod.L402:
            ledger.post(
                tx,
                idem=capture_idem(order_id),
                debit=ESCROW,
                credit=REVENUE,
                amount_msat=order.price_msat,
                kind=CAPTURE,
                order_id=order_id,
            )
            return settled(tx, order, why) or order
    return order


def charge(tx: Tx, order: Order, amount_msat: int, why: str) -> bool:
    """Take ``amount_msat`` of what a fulfilled order has reserved, and release the rest; False if
    that was done before."""
    if not settled(tx, order, why):
        return False
    ledger.capture(tx, hold_idem(order.id), amount_msat)
    count_failed(tx, order, order.price_msat - amount_msat)
    return True


def settled(tx: Tx, order: Order, why: str) -> Order | None:
    """The money of a fulfilled order is booked as ours; returns the order as it is then, None if
    that was done before."""
    moved = orders.move(tx, order.id, OrderState.SETTLED, why)
    if moved is not None:
        refer.accrue(tx, moved)
    return moved


def fail(
    tx: Tx,
    order_id: str,
    why: str,
    *,
    may_retry: bool = False,
    only_from: OrderState | frozenset[OrderState] | None = None,
) -> bool:
    """The order failed: the money is the buyer's. False if it was decided before, or if its state
    is not in ``only_from``.

    ``may_retry`` matters for orders paid with L402 only.
    """
    # One payment must not ring a stranger's phone again and again.
    may_retry = may_retry and orders.tries(tx, order_id) < MAX_TRIES
    order = orders.move(
        tx, order_id, OrderState.FAILED, why, only_from=only_from, may_retry=int(may_retry)
    )
    if order is None:
        return False
    match order.method:
        case PaymentMethod.HOLD:
            CLOSE_HOLD.enqueue(tx, order_id=order_id, seen=order)
        case PaymentMethod.BALANCE:
            ledger.void(tx, hold_idem(order_id))
            orders.move(tx, order_id, OrderState.RETURNED, why)
        case PaymentMethod.L402:
            refunds.open_refund(tx, order_id, order.price_msat)
    count_failed(tx, order)
    orders.finish(tx, order_id)
    return True
