"""How often each part was asked, how that ended, what it cost and what it earned. Reads only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Integer, and_, case, func, or_, select

from ringbolt.core import chart_of_accounts as chart
from ringbolt.core.order import DELIVERED, OrderKind
from ringbolt.core.pricing.amount import Amount
from ringbolt.store.attempts import AttemptState
from ringbolt.store.engine.db import Tx
from ringbolt.store.schema.part_tables import attempt_cost
from ringbolt.store.schema.tables import attempt, orders, transfer

AREA_OF: Final = {
    OrderKind.CALL: "calls",
    OrderKind.SMS: "sms",
    OrderKind.EMAIL: "mail",
    OrderKind.ACTIVATION: "numbers",
    OrderKind.RENTAL: "numbers",
}
"""The section of the settings whose parts orders of a kind are asked of."""


@dataclass(slots=True)
class PartFigures:
    """``asked``: attempts of the orders of a time, of which ``refused`` by the part, ``unclear``
    without any answer, ``delivered``, and ``open``: neither over nor delivered. ``cost_msat``:
    booked; ``unbooked``: costs in currencies without a rate; ``uncosted``: attempts whose cost
    nobody told. ``earned_msat``: by the orders that it delivered."""

    asked: int = 0
    refused: int = 0
    unclear: int = 0
    open: int = 0
    delivered: int = 0
    cost_msat: int = 0
    unbooked: list[Amount] = field(default_factory=list)
    uncosted: int = 0
    earned_msat: int = 0

    @property
    def success_rate(self) -> float | None:
        """The share that delivered of the attempts that are not ``open``; None if all are."""
        over = self.asked - self.open
        return None if over <= 0 else self.delivered / over


Place = tuple[str, str]
"""Area and name of a part."""


def of_parts(tx: Tx, since_ms: int) -> dict[Place, PartFigures]:
    """Of the orders placed since ``since_ms`` (ms UTC), by area and name."""
    found: dict[Place, PartFigures] = {}

    def at(area: str, part: str) -> PartFigures:
        return found.setdefault((area, part), PartFigures())

    for kind, part, asked, refused, unclear, is_open, delivered in tx.run(_attempts(since_ms)):
        figures = at(AREA_OF[OrderKind(kind)], part)
        figures.asked += int(asked)
        figures.refused += int(refused)
        figures.unclear += int(unclear)
        figures.open += int(is_open)
        figures.delivered += int(delivered)
    for kind, part, msat in tx.run(_earned(since_ms)):
        at(AREA_OF[OrderKind(kind)], part).earned_msat += int(msat)
    for area, part, currency, micros, msat, unknown in tx.run(_costs(since_ms)):
        figures = at(area, part)
        figures.cost_msat += int(msat)
        figures.uncosted += int(unknown)
        if micros:
            figures.unbooked.append(Amount(int(micros), currency))
    return found


def _count(condition: Any) -> Any:
    return func.sum(case((condition, 1), else_=0))


_TAKEN = attempt.c.state.in_((AttemptState.ACCEPTED, AttemptState.DONE))
_IS_DELIVERED = and_(_TAKEN, orders.c.state.in_(tuple(DELIVERED)))


def _attempts(since_ms: int) -> Any:
    return (
        select(
            orders.c.kind,
            attempt.c.carrier,
            func.count(),
            _count(attempt.c.state == AttemptState.REJECTED),
            _count(
                and_(attempt.c.state == AttemptState.UNKNOWN, attempt.c.finished_ms.is_not(None))
            ),
            _count(and_(attempt.c.finished_ms.is_(None), ~_IS_DELIVERED)),
            _count(_IS_DELIVERED),
        )
        .select_from(orders)
        .join(attempt, attempt.c.order_id == orders.c.id)
        .where(orders.c.created_ms >= since_ms, orders.c.kind.in_(tuple(AREA_OF)))
        .group_by(orders.c.kind, attempt.c.carrier)
    )


def _earned(since_ms: int) -> Any:
    """By the attempt that delivered the order: the last one."""
    other = attempt.alias()
    last = select(func.max(other.c.n)).where(other.c.order_id == orders.c.id).scalar_subquery()
    moved = func.coalesce(transfer.c.captured_msat, transfer.c.amount_msat)
    return (
        select(orders.c.kind, attempt.c.carrier, func.sum(moved))
        .select_from(orders)
        .join(attempt, and_(attempt.c.order_id == orders.c.id, attempt.c.n == last))
        .join(transfer, transfer.c.order_id == orders.c.id)
        .where(
            orders.c.created_ms >= since_ms,
            orders.c.kind.in_(tuple(AREA_OF)),
            transfer.c.credit == chart.REVENUE,
            or_(transfer.c.kind == chart.CAPTURE, transfer.c.state == "captured"),
        )
        .group_by(orders.c.kind, attempt.c.carrier)
    )


def _costs(since_ms: int) -> Any:
    is_known = attempt_cost.c.micros.is_not(None)
    has_no_rate = and_(is_known, attempt_cost.c.msat.is_(None))
    return (
        select(
            attempt_cost.c.area,
            attempt_cost.c.part,
            attempt_cost.c.currency,
            func.sum(case((has_no_rate, attempt_cost.c.micros), else_=0)),
            func.coalesce(func.sum(attempt_cost.c.msat), 0),
            func.sum(
                case((and_(attempt_cost.c.source == "none", ~is_known), 1), else_=0), type_=Integer
            ),
        )
        .where(attempt_cost.c.created_ms >= since_ms)
        .group_by(attempt_cost.c.area, attempt_cost.c.part, attempt_cost.c.currency)
    )
