"""Orders that receive texts, and the numbers leased to them.

A use case that changes either locks the order's row here first (``receiving_of(.., lock=True)``).
So a text, a cancellation and a timer on several machines run one after another, and each sees
what the one before committed. The order's state then decides what is still allowed.
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
    """What an order receives texts for; all times are ms UTC.

    ``country``: as requested, 999 = any. ``hours``: 0 for an activation (one code), else a rental.
    ``lease_id``: the current or last lease, None before the first one and while the order waits
    for another number. ``until_ms``: when the current lease ends. ``code``: the latest code, ''
    before the first. ``numbers_tried``: how many numbers the buyer was shown. ``texts``: how many
    texts arrived. ``closed_ms``: when the last number was given back.
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
    """A number that is or was leased to an order; all times are ms UTC.

    ``id``: our id, the same as the attempt's; ``provider_id``: the provider's id of the lease.
    ``from_ms``: when we requested it. ``until_ms``: when the provider ends it at the latest.
    ``cancel_after_ms``: the provider refuses a cancellation before this time, 0 = it accepts one
    at any time. ``ended_ms``: None while the buyer has the number. ``why``: why it ended.
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
    """A request for a number whose outcome we never learned: the provider may have leased one and
    may charge for it, but no order has it. ``ref``: our reference. Times are ms UTC."""

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
    """The row of an order, None if it receives no texts. ``lock``: no other transaction can change
    it until this one commits."""
    row = tx.run(_LOCKED if lock else _RECEIVING, {"id_": order_id}).mappings().first()
    return None if row is None else ReceivingOrder(**{n: row[n] for n in ReceivingOrder.__slots__})


def update_receiving(tx: Tx, order_id: str, **columns: Any) -> None:
    update_row(tx, receiving.c.order_id, order_id, **columns)
    tx.wake.add(channel(order_id))


def add_lease(tx: Tx, new: NumberLease) -> bool:
    """Record a lease; False, and nothing written, if the number has another open lease or this
    lease is recorded already."""
    # Two unique indexes decide: one open lease per number, one lease per provider's id. Checking
    # first would let two orders that are given the same number at once both have it.
    return insert_new(tx, lease, **{name: getattr(new, name) for name in NumberLease.__slots__})


def lease_by_id(tx: Tx, lease_id: str) -> NumberLease | None:
    return _lease(tx.run(_BY_ID, {"id_": lease_id}).mappings().first())


def lease_of_provider(tx: Tx, provider: str, provider_id: str) -> NumberLease | None:
    """The lease with the provider's id ``provider_id``."""
    values = {"provider_": provider, "provider_id_": provider_id}
    return _lease(tx.run(_OF_PROVIDER, values).mappings().first())


def open_lease_of_number(tx: Tx, number: str) -> NumberLease | None:
    """The open lease of a number (E.164), None if it has none."""
    return _lease(tx.run(_OPEN_OF_NUMBER, {"number_": number}).mappings().first())


def leases_of_number(tx: Tx, number: str, since_ms: int) -> list[NumberLease]:
    """The leases of a number that were requested after ``since_ms``, the latest first."""
    rows = tx.run(_OF_NUMBER, {"number_": number, "since_": since_ms}).mappings()
    return [found for row in rows if (found := _lease(row)) is not None]


def leases_of(tx: Tx, order_id: str) -> list[NumberLease]:
    """All leases of an order, the first one first."""
    rows = tx.run(_OF_ORDER, {"id_": order_id}).mappings()
    return [found for row in rows if (found := _lease(row)) is not None]


def end_lease(tx: Tx, lease_id: str, why: str) -> bool:
    """End a lease now; False if it had ended already."""
    values = {"id_": lease_id, "now_": tx.now_ms, "why_": why}
    return tx.run(_END, values).rowcount == 1


def open_leases(tx: Tx) -> int:
    """How many numbers are leased now."""
    return int(tx.run(_OPEN).scalar_one())


def open_leases_of(tx: Tx, client: str) -> int:
    """How many numbers are leased now to orders of ``client`` (a hashed client address)."""
    return int(tx.run(_OPEN_OF_CLIENT, {"client_": client}).scalar_one())


def doubtful_leases(tx: Tx, since_ms: int, limit: int) -> list[DoubtfulLease]:
    """Doubtful leases of orders placed since ``since_ms``, the latest first, at most ``limit``."""
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
# An attempt that is done without the provider's id of a lease: the outcome was never learned.
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
