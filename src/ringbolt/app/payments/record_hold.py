"""What the node reports about a hold invoice, turned into an order's state.

ACCEPTED secures the money; CANCELED means that it is gone. What the node does at our request
(settle, cancel) is stored by ``close_hold``, which makes the request.
"""

from __future__ import annotations

import structlog

from ringbolt.app.jobs import CLOSE_HOLD
from ringbolt.app.limits.count_order import count_paid
from ringbolt.app.payments.decide_outcome import fail
from ringbolt.app.payments.start_fulfilment import dispatch_paid
from ringbolt.app.policies import HoldPolicy
from ringbolt.app.webhooks import notify
from ringbolt.core.chart_of_accounts import (
    HOLD,
    NODE,
    REVENUE,
    TOP_UP,
    account_of_key,
    hold_idem,
)
from ringbolt.core.commands import TopUp
from ringbolt.core.order import UNDER_WAY, OrderKind, OrderState
from ringbolt.lightning.node import InvoiceState, InvoiceStatus
from ringbolt.store import keys, ledger, orders
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import Order

log = structlog.get_logger("ringbolt.holds")


def record_hold(tx: Tx, order_id: str, invoice: InvoiceStatus, policy: HoldPolicy) -> None:
    """Apply what the node reports about an order's invoice; repeats are harmless."""
    order = orders.by_id(tx, order_id)
    if order is None:
        return
    match invoice.state:
        case InvoiceState.ACCEPTED:
            _accepted(tx, order, invoice, policy)
        case InvoiceState.CANCELED:
            _canceled(tx, order)
        case InvoiceState.OPEN | InvoiceState.SETTLED:
            return


def _accepted(tx: Tx, order: Order, invoice: InvoiceStatus, policy: HoldPolicy) -> None:
    if order.state is OrderState.EXPIRED:
        # It was paid just as it expired: the payer gets the money back at once.
        CLOSE_HOLD.enqueue(tx, order_id=order.id, seen=order)
        return
    paid = orders.move(
        tx,
        order.id,
        OrderState.PAID,
        "the payment is held",
        only_from=OrderState.AWAITING_PAYMENT,
        paid_ms=tx.now_ms,
        started_ms=tx.now_ms,
        expiry_height=invoice.expiry_height,
        deadline_ms=policy.deadlines.deadline_ms(order.kind, tx.now_ms),
    )
    if paid is None:
        return
    _book_hold(tx, paid)
    refused = count_paid(tx, policy.limits, paid)
    refusal = refused.why if refused is not None else _revoked_key(tx, paid)
    if refusal:
        fail(tx, order.id, refusal)
        notify.changed(tx, order.id)
    else:
        dispatch_paid(tx, paid)


def _book_hold(tx: Tx, order: Order) -> None:
    credit, kind = REVENUE, HOLD
    if order.kind is OrderKind.FUND:
        credit, kind = account_of_key(order.command_as(TopUp).key_id), TOP_UP
    ledger.hold(
        tx,
        idem=hold_idem(order.id),
        debit=NODE,
        credit=credit,
        amount_msat=order.price_msat,
        kind=kind,
        order_id=order.id,
    )


def _revoked_key(tx: Tx, order: Order) -> str:
    """'' unless this tops up a key that was revoked since: its money could never be spent."""
    if order.kind is not OrderKind.FUND:
        return ""
    key = keys.by_id(tx, order.command_as(TopUp).key_id)
    return "" if key is not None and key.revoked_ms is None else "the API key was revoked"


def _canceled(tx: Tx, order: Order) -> None:
    """The node canceled the payment: at our request, near its last block, or because it expired."""
    if order.state is OrderState.AWAITING_PAYMENT:
        if orders.move(tx, order.id, OrderState.EXPIRED, "the invoice ran out"):
            orders.finish(tx, order.id)
            notify.changed(tx, order.id)
        return
    why = "the payment fell back to the payer before the order was brought about"
    if fail(tx, order.id, why, only_from=UNDER_WAY):
        log.warning("a held payment was lost", order=order.id)
        notify.changed(tx, order.id)
