"""How calls end by where they go, among the latest orders since a time. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Integer, bindparam, case, func, select

from ringbolt.core.order import DECIDED, DELIVERED
from ringbolt.store.engine.db import Tx
from ringbolt.store.schema.tables import call, orders

PREFIX_DIGITS: Final = 6
"""Of a number, without '+': enough for its country, and for most networks."""


@dataclass(frozen=True, slots=True)
class DestinationFigures:
    """Calls to numbers that begin with ``prefix`` ('+' and digits): ``calls`` that are over,
    ``answered`` of them, ``delivered`` of them that were paid for."""

    prefix: str
    calls: int
    answered: int
    delivered: int


def of_calls(tx: Tx, since_ms: int, at_most: int) -> list[DestinationFigures]:
    """By the beginning of the number, among the latest ``at_most`` orders placed since
    ``since_ms`` that are decided."""
    values = {"since_": since_ms, "most_": at_most}
    return [DestinationFigures(*row) for row in tx.run(_OF_CALLS, values)]


_latest = (
    select(orders.c.id, orders.c.state)
    .where(orders.c.created_ms >= bindparam("since_"))
    .order_by(orders.c.created_ms.desc())
    .limit(bindparam("most_", type_=Integer))
    .subquery()
)
_prefix = func.substr(call.c.to_number, 1, PREFIX_DIGITS + 1)
_OF_CALLS: Final = (
    select(
        _prefix,
        func.count(),
        func.sum(case((call.c.answered_ms.is_not(None), 1), else_=0)),
        func.sum(case((_latest.c.state.in_(DELIVERED), 1), else_=0)),
    )
    .join_from(_latest, call, call.c.order_id == _latest.c.id)
    .where(_latest.c.state.in_(DECIDED))
    .group_by(_prefix)
)
