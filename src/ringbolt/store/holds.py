"""Orders whose hold invoices must be watched, and orders whose invoice or hold expires.

All queries use partial indexes of open orders, so that closed orders cost nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, func, literal_column, select

from ringbolt.core.order import OPEN, UNDER_WAY, OrderState, PaymentMethod
from ringbolt.store.engine.db import Tx, one_statement
from ringbolt.store.orders import is_in
from ringbolt.store.schema.tables import orders


@dataclass(frozen=True, slots=True)
class WatchedHold:
    """An undecided order, its payment hash (hex), and the name of the ``node`` that has its
    invoice; sorted by ``created_ms``. ``is_paid``: its held payment is recorded."""

    order_id: str
    payment_hash: str
    created_ms: int
    node: str
    is_paid: bool = False


@dataclass(frozen=True, slots=True)
class Awaiting:
    """How many unpaid invoices one client has open, and the order id of the oldest."""

    count: int
    oldest_id: str


@one_statement
def undecided(tx: Tx, since_ms: int) -> list[WatchedHold]:
    """Orders created since ``since_ms`` (ms UTC) whose hold invoice is open or held."""
    rows = tx.run(_UNDECIDED, {"since_": since_ms})
    return [
        WatchedHold(row.id, row.payment_hash, row.created_ms, row.node, row.state in UNDER_WAY)
        for row in rows
    ]


@one_statement
def overdue(tx: Tx, grace_ms: int, limit: int) -> list[str]:
    """Ids of unpaid orders whose invoice expired at least ``grace_ms`` ago, at most ``limit``."""
    rows = tx.run(_OVERDUE, {"before_": tx.now_ms - grace_ms, "limit_": limit})
    return [row[0] for row in rows]


def awaiting(tx: Tx, client: str) -> int:
    """How many unpaid invoices ``client`` has open."""
    return int(tx.run(_AWAITING, {"client_": client}).scalar_one())


def awaiting_all(tx: Tx) -> int:
    """How many unpaid invoices are open in all."""
    return int(tx.run(_AWAITING_ALL).scalar_one())


def most_awaiting(tx: Tx) -> Awaiting | None:
    """The open invoices of the client that has the most (of several, the one with the oldest);
    None if there are none."""
    most = tx.run(_MOST).first()
    if most is None:
        return None
    oldest = tx.run(_OLDEST, {"client_": most.client}).scalar_one()
    return Awaiting(int(most.open), str(oldest))


@one_statement
def holding_nodes(tx: Tx) -> list[str]:
    """The names of the nodes at which payments are held."""
    return [row[0] for row in tx.run(_HOLDING)]


@one_statement
def near_the_end(tx: Tx, node: str, height: int) -> list[str]:
    """Ids of orders whose payment, held at ``node``, returns to the payer at block ``height`` or
    before."""
    return [row[0] for row in tx.run(_NEAR, {"node_": node, "height_": height})]


_HOLD = (orders.c.method == PaymentMethod.HOLD.value, orders.c.finished_ms.is_(None))
_UNDECIDED = (
    select(orders.c.id, orders.c.payment_hash, orders.c.created_ms, orders.c.node, orders.c.state)
    .where(*_HOLD, orders.c.created_ms >= bindparam("since_"), is_in(OPEN))
    .order_by(orders.c.created_ms)
)
_OVERDUE = (
    select(orders.c.id)
    .where(
        orders.c.finished_ms.is_(None),
        orders.c.deadline_ms <= bindparam("before_"),
        orders.c.state == OrderState.AWAITING_PAYMENT,
    )
    .order_by(orders.c.deadline_ms)
    .limit(bindparam("limit_"))
)
_AWAITING = (
    select(func.count())
    .select_from(orders)
    .where(
        orders.c.client == bindparam("client_"),
        orders.c.state == OrderState.AWAITING_PAYMENT,
    )
)
_AWAITING_ALL = (
    select(func.count())
    .select_from(orders)
    .where(orders.c.state == OrderState.AWAITING_PAYMENT.value)
)
_OPEN_OF_EACH = func.count().label("open")
_MOST = (
    select(orders.c.client, _OPEN_OF_EACH)
    .where(orders.c.state == OrderState.AWAITING_PAYMENT.value)
    .group_by(orders.c.client)
    .order_by(_OPEN_OF_EACH.desc(), func.min(orders.c.created_ms))
    .limit(1)
)
_OLDEST = (
    select(orders.c.id)
    .where(
        orders.c.client == bindparam("client_"),
        orders.c.state == literal_column(f"'{OrderState.AWAITING_PAYMENT}'"),
    )
    .order_by(orders.c.created_ms, orders.c.id)
    .limit(1)
)
_HOLDING = (
    select(orders.c.node)
    .distinct()
    .where(*_HOLD, is_in(UNDER_WAY), orders.c.expiry_height.is_not(None))
)
_NEAR = select(orders.c.id).where(
    *_HOLD,
    is_in(UNDER_WAY),
    orders.c.node == bindparam("node_"),
    orders.c.expiry_height <= bindparam("height_"),
)
