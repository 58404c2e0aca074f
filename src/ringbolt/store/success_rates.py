"""How often a leased number received its code, by country and service, among finished orders."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Integer, bindparam, case, func, select

from ringbolt.core.order import DECIDED, DELIVERED, OrderKind
from ringbolt.store.engine.db import Tx
from ringbolt.store.schema.tables import orders
from ringbolt.store.schema.text_tables import receiving


@dataclass(frozen=True, slots=True)
class SuccessRate:
    """``orders`` finished orders for a code had a number in ``country``; ``delivered`` of them
    received the code, the others expired or were cancelled."""

    country: int
    service: str
    orders: int
    delivered: int


def of_latest(tx: Tx, since_ms: int, at_most: int, least: int) -> list[SuccessRate]:
    """Rates among the latest ``at_most`` orders placed since ``since_ms`` (ms UTC). A country and
    service with fewer than ``least`` orders are left out."""
    values = {"since_": since_ms, "most_": at_most, "least_": least}
    return [SuccessRate(**row) for row in tx.run(_OF_LATEST, values).mappings()]


# The latest orders only, by the index on their times, so that the cost does not grow with history.
_latest = (
    select(orders.c.id, orders.c.state, orders.c.kind)
    .where(orders.c.created_ms >= bindparam("since_"))
    .order_by(orders.c.created_ms.desc())
    .limit(bindparam("most_", type_=Integer))
    .subquery()
)
_delivered = func.sum(case((_latest.c.state.in_(DELIVERED), 1), else_=0))
_OF_LATEST = (
    select(
        receiving.c.number_country.label("country"),
        receiving.c.service,
        func.count().label("orders"),
        _delivered.label("delivered"),
    )
    .join(_latest, _latest.c.id == receiving.c.order_id)
    .where(
        _latest.c.kind == OrderKind.ACTIVATION,
        _latest.c.state.in_(DECIDED),
        receiving.c.number != "",
    )
    .group_by(receiving.c.number_country, receiving.c.service)
    .having(func.count() >= bindparam("least_", type_=Integer))
)
