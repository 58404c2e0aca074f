"""What the orders of an account cost, for budgets."""

from __future__ import annotations

from sqlalchemy import bindparam, func, select

from ringbolt.core.order import NOT_DELIVERED, OrderState
from ringbolt.store.engine.db import Tx
from ringbolt.store.orders import is_in
from ringbolt.store.schema.tables import orders

_RETURNED = NOT_DELIVERED | {OrderState.EXPIRED}


def ordered_since(tx: Tx, account_id: str, since_ms: int) -> int:
    """The prices of the orders that an account has paid for since then, msat; without those whose
    money was returned. A call counts with all that was reserved for it."""
    values = {"account_": account_id, "since_": since_ms}
    return int(tx.run(_ORDERED, values).scalar_one())


_ORDERED = select(func.coalesce(func.sum(orders.c.price_msat), 0)).where(
    orders.c.account_id == bindparam("account_"),
    orders.c.created_ms >= bindparam("since_"),
    is_in(set(OrderState) - _RETURNED),
)
