"""How often a leased number received its code, by country and service, among finished orders."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Integer, bindparam, case, func, select

from ringbolt.core.order import DECIDED, DELIVERED, OrderKind
from ringbolt.store.engine.db import Tx
from ringbolt.store.schema.tables import orders
from ringbolt.store.schema.text_tables import lease, receiving


@dataclass(frozen=True, slots=True)
class SuccessRate:
    """``orders`` finished orders for a code had a number in ``country``; ``delivered`` of them
    received the code, the others expired or were cancelled."""

    country: int
    service: str
    orders: int
    delivered: int


@dataclass(frozen=True, slots=True)
class KindSuccess:
    """``orders`` of a kind were paid and are over; ``delivered`` of them were."""

    orders: int
    delivered: int


@dataclass(frozen=True, slots=True)
class Success:
    """``leases`` numbers were leased for codes; ``delivered`` of them got one."""

    leases: int
    delivered: int


def of_providers(tx: Tx, since_ms: int, at_most: int) -> dict[tuple[str, str], Success]:
    """By provider and service, among the latest ``at_most`` orders placed since ``since_ms`` that
    are decided. A number that was replaced by another counts as one without a code."""
    values = {"since_": since_ms, "most_": at_most}
    return {
        (row["provider"], row["service"]): Success(row["leases"], row["delivered"])
        for row in tx.run(_OF_PROVIDERS, values).mappings()
    }


def of_latest(tx: Tx, since_ms: int, at_most: int, least: int) -> list[SuccessRate]:
    """Rates among the latest ``at_most`` orders placed since ``since_ms`` (ms UTC). A country and
    service with fewer than ``least`` orders are left out."""
    values = {"since_": since_ms, "most_": at_most, "least_": least}
    return [SuccessRate(**row) for row in tx.run(_OF_LATEST, values).mappings()]


def of_kinds(tx: Tx, since_ms: int, at_most: int) -> dict[OrderKind, KindSuccess]:
    """By kind, among the latest ``at_most`` orders placed since ``since_ms``."""
    values = {"since_": since_ms, "most_": at_most}
    return {
        OrderKind(row["kind"]): KindSuccess(row["orders"], row["delivered"])
        for row in tx.run(_OF_KINDS, values).mappings()
    }


# The latest orders only, by the index on their times, so that the cost does not grow with history.
_latest = (
    select(orders.c.id, orders.c.state, orders.c.kind)
    .where(orders.c.created_ms >= bindparam("since_"))
    .order_by(orders.c.created_ms.desc())
    .limit(bindparam("most_", type_=Integer))
    .subquery()
)
_delivered = func.sum(case((_latest.c.state.in_(DELIVERED), 1), else_=0))
_OF_KINDS = (
    select(_latest.c.kind, func.count().label("orders"), _delivered.label("delivered"))
    .where(_latest.c.state.in_(DECIDED))
    .group_by(_latest.c.kind)
)
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
_has_code = (_latest.c.state.in_(DELIVERED)) & (receiving.c.lease_id == lease.c.id)
_OF_PROVIDERS = (
    select(
        lease.c.provider,
        lease.c.service,
        func.count().label("leases"),
        func.sum(case((_has_code, 1), else_=0)).label("delivered"),
    )
    .join(_latest, _latest.c.id == lease.c.order_id)
    .join(receiving, receiving.c.order_id == lease.c.order_id)
    .where(_latest.c.kind == OrderKind.ACTIVATION, _latest.c.state.in_(DECIDED))
    .group_by(lease.c.provider, lease.c.service)
)
