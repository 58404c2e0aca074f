"""What an order receives texts for, and the numbers that are lent to it.

A use case that changes any of it locks the order's row here first (``receiving_of(..,
lock=True)``), so that on several machines a text, a cancel and a timer come one after the other.
Whoever locks first sees what the one before did; the order's own state decides what that means.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, bindparam, func, select, update

from ringbolt.store.engine.db import Tx
from ringbolt.store.engine.upsert import insert_new, update_row
from ringbolt.store.orders import channel
from ringbolt.store.schema.tables import attempt, orders
from ringbolt.store.schema.text_tables import lease, receiving


@dataclass(frozen=True, slots=True)
class ReceivingOrder:
    """``country``: as asked for, 999 = any. ``hours``: 0 for an activation. ``lease_id``: the
    present or the last lease, None before the first and while another number is looked for.

    ``until_ms``: when the number goes back. ``code``: the latest, '' before. ``numbers_tried``:
    how many numbers were shown to the buyer. ``closed_ms``: when the last number went back.
    """

    order_id: str
    service: str
    country: int
    hours: int
    lease_id: str | None
    number: str
    number_country: int
    assigned_ms: int | None
    until_ms: int | None
    code: str
    numbers_tried: int
    texts: int
    closed_ms: int | None

    @property
    def is_rental(self) -> bool:
        return self.hours > 0


@dataclass(frozen=True, slots=True)
class NumberLease:
    """A number that is or was lent to an order. ``id``: ours, the attempt's; ``provider_id``: the
    provider's name of it.

    ``from_ms``: when the provider was asked. ``until_ms``: when it takes the number back at the
    latest. ``cancel_after_ms``: it refuses a cancel before, 0 = never. ``ended_ms``: None while
    the number is the buyer's.
    """

    id: str
    order_id: str
    provider: str
    provider_id: str
    number: str
    service: str
    from_ms: int
    until_ms: int
    cancel_after_ms: int
    ended_ms: int | None
    why: str


@dataclass(frozen=True, slots=True)
class DoubtfulLease:
    """A number that was asked for, and that the provider may have lent and may charge for; nobody
    has it. ``ref``: ours. The times are ms UTC."""

    provider: str
    ref: str
    order_id: str
    service: str
    country: int
    asked_ms: int
    given_up_ms: int
    why: str


def insert(tx: Tx, order_id: str, service: str, country: int, hours: int) -> None:
    insert_new(
        tx, receiving, order_id=order_id, service=service, country=country, hours=hours,
        number="", number_country=0, code="", numbers_tried=0, texts=0,
    )  # fmt: skip


def receiving_of(tx: Tx, order_id: str, *, lock: bool = False) -> ReceivingOrder | None:
    """``lock`` keeps others from changing it until the commit."""
    row = tx.run(_LOCKED if lock else _RECEIVING, {"id_": order_id}).mappings().first()
    return None if row is None else ReceivingOrder(**{n: row[n] for n in ReceivingOrder.__slots__})


def update_receiving(tx: Tx, order_id: str, **columns: Any) -> None:
    update_row(tx, receiving.c.order_id, order_id, **columns)
    tx.wake.add(channel(order_id))


def add_lease(tx: Tx, new: NumberLease) -> bool:
    """False, and nothing written, if the number is lent to somebody else, or the loan known."""
    # Unique indexes decide: one open lease of a number, one lease of a provider's name. A look
    # before would let two orders, told of one number at the same time, both have it.
    return insert_new(tx, lease, **{name: getattr(new, name) for name in NumberLease.__slots__})


def lease_by_id(tx: Tx, lease_id: str) -> NumberLease | None:
    return _lease(tx.run(_BY_ID, {"id_": lease_id}).mappings().first())


def lease_of_provider(tx: Tx, provider: str, provider_id: str) -> NumberLease | None:
    """The lease that the provider knows by that name."""
    values = {"provider_": provider, "provider_id_": provider_id}
    return _lease(tx.run(_OF_PROVIDER, values).mappings().first())


def open_lease_of_number(tx: Tx, number: str) -> NumberLease | None:
    """The one order's that has the number now."""
    return _lease(tx.run(_OPEN_OF_NUMBER, {"number_": number}).mappings().first())


def leases_of_number(tx: Tx, number: str, since_ms: int) -> list[NumberLease]:
    """The leases of a number that were asked for after ``since_ms``, the latest first."""
    rows = tx.run(_OF_NUMBER, {"number_": number, "since_": since_ms}).mappings()
    return [found for row in rows if (found := _lease(row)) is not None]


def leases_of(tx: Tx, order_id: str) -> list[NumberLease]:
    """All leases of an order, the first one first."""
    rows = tx.run(_OF_ORDER, {"id_": order_id}).mappings()
    return [found for row in rows if (found := _lease(row)) is not None]


def end_lease(tx: Tx, lease_id: str, why: str) -> bool:
    """False if it was over before."""
    values = {"id_": lease_id, "now_": tx.now_ms, "why_": why}
    return tx.run(_END, values).rowcount == 1


def open_leases(tx: Tx) -> int:
    """How many numbers are lent out now."""
    return int(tx.run(_OPEN).scalar_one())


def open_leases_of(tx: Tx, client: str) -> int:
    """How many numbers are lent to orders of ``client`` (hashed) now."""
    return int(tx.run(_OPEN_OF_CLIENT, {"client_": client}).scalar_one())


def doubtful_leases(tx: Tx, since_ms: int, limit: int) -> list[DoubtfulLease]:
    """Those of orders placed since then, the latest first."""
    rows = tx.run(_DOUBTFUL, {"since_": since_ms, "limit_": limit}).mappings()
    return [DoubtfulLease(**row) for row in rows]


def _lease(row: RowMapping | None) -> NumberLease | None:
    return (
        None if row is None else NumberLease(**{name: row[name] for name in NumberLease.__slots__})
    )


# Built once: building a statement costs more than running it.
_RECEIVING = select(receiving).where(receiving.c.order_id == bindparam("id_"))
_LOCKED = _RECEIVING.with_for_update()
_BY_ID = select(lease).where(lease.c.id == bindparam("id_"))
_OF_PROVIDER = select(lease).where(
    lease.c.provider == bindparam("provider_"), lease.c.provider_id == bindparam("provider_id_")
)
_OPEN_OF_NUMBER = select(lease).where(
    lease.c.number == bindparam("number_"), lease.c.ended_ms.is_(None)
)
_OF_NUMBER = (
    select(lease)
    .where(lease.c.number == bindparam("number_"), lease.c.from_ms > bindparam("since_"))
    .order_by(lease.c.from_ms.desc())
)
_OF_ORDER = (
    select(lease).where(lease.c.order_id == bindparam("id_")).order_by(lease.c.from_ms, lease.c.id)
)
_END = (
    update(lease)
    .where(lease.c.id == bindparam("id_"), lease.c.ended_ms.is_(None))
    .values(
        ended_ms=bindparam("now_", type_=lease.c.ended_ms.type),
        why=bindparam("why_", type_=lease.c.why.type),
    )
)
_OPEN = select(func.count()).select_from(lease).where(lease.c.ended_ms.is_(None))
_OPEN_OF_CLIENT = (
    select(func.count())
    .select_from(lease)
    .join(orders, orders.c.id == lease.c.order_id)
    .where(lease.c.ended_ms.is_(None), orders.c.client == bindparam("client_"))
)
# An attempt that came to an end without the provider's name for a loan: nobody ever knew.
_DOUBTFUL = (
    select(
        attempt.c.carrier.label("provider"),
        attempt.c.ref,
        attempt.c.order_id,
        receiving.c.service,
        receiving.c.country,
        attempt.c.created_ms.label("asked_ms"),
        attempt.c.finished_ms.label("given_up_ms"),
        attempt.c.reason.label("why"),
    )
    .join(orders, orders.c.id == attempt.c.order_id)
    .join(receiving, receiving.c.order_id == attempt.c.order_id)
    .where(
        orders.c.created_ms >= bindparam("since_"),
        attempt.c.state == "done",
        attempt.c.carrier_id.is_(None),
    )
    .order_by(attempt.c.created_ms.desc())
    .limit(bindparam("limit_"))
)
