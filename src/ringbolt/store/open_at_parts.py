"""Open orders and payments at each carrier, provider, mail server and node, by the part's name
in the settings. The queries use partial indexes of open rows."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from ringbolt.core.order import OrderKind, PaymentMethod
from ringbolt.store.engine.db import Tx
from ringbolt.store.payouts import PayoutState
from ringbolt.store.refunds import RefundState
from ringbolt.store.schema.tables import attempt, job, orders, refund
from ringbolt.store.schema.text_tables import payout


@dataclass(frozen=True, slots=True)
class OpenAttempts:
    """``count`` unfinished attempts at ``part``, of orders of a ``kind``."""

    kind: OrderKind
    part: str
    count: int


def open_attempts(tx: Tx) -> list[OpenAttempts]:
    rows = tx.run(
        select(orders.c.kind, attempt.c.carrier, func.count())
        .join(orders, orders.c.id == attempt.c.order_id)
        .where(attempt.c.finished_ms.is_(None))
        .group_by(orders.c.kind, attempt.c.carrier)
    )
    return [OpenAttempts(OrderKind(kind), part, int(count)) for kind, part, count in rows]


def open_payments(tx: Tx, close_hold: str) -> dict[str, int]:
    """How many payments each node holds, must still settle or cancel (jobs of the kind
    ``close_hold``), or is sending. Rows of earlier versions, which name no node, are left out."""
    found: dict[str, int] = {}
    is_hold = (orders.c.method == PaymentMethod.HOLD.value, orders.c.node != "")
    held = select(orders.c.node, func.count()).where(*is_hold, orders.c.finished_ms.is_(None))
    to_close = (
        select(orders.c.node, func.count())
        .join(job, job.c.order_id == orders.c.id)
        .where(*is_hold, orders.c.finished_ms.is_not(None), job.c.kind == close_hold)
    )
    claimed = select(refund.c.node, func.count()).where(
        refund.c.state == RefundState.CLAIMED.value, refund.c.node != ""
    )
    paying = select(payout.c.node, func.count()).where(
        payout.c.state == PayoutState.PAYING.value, payout.c.node != ""
    )
    for query, node in (
        (held, orders.c.node),
        (to_close, orders.c.node),
        (claimed, refund.c.node),
        (paying, payout.c.node),
    ):
        for name, count in tx.run(query.group_by(node)):
            found[name] = found.get(name, 0) + int(count)
    return found
