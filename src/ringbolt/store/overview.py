"""What an operator reads about orders and calls: lists, newest first, and the steps of orders as
they happen. Reads only."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, func, literal, or_, select

from ringbolt.core.chart_of_accounts import payment_idem
from ringbolt.core.order import OrderKind, OrderState
from ringbolt.store.engine.db import Tx
from ringbolt.store.schema.tables import attempt, call, order_event, orders, refund, transfer
from ringbolt.store.schema.text_tables import message, receiving

_MOST_ALIKE: Final = 2
"""Of orders whose ids begin alike: more than one is too many."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which orders or calls are listed; '' is any."""

    state: str = ""
    kind: str = ""
    status: str = ""
    limit: int = 50


@dataclass(frozen=True, slots=True)
class OrderLine:
    """An order in a list. ``to``: the number that is called or that receives, '' for others;
    ``request``: the command as JSON. ``part``: asked last; ``moved_ms``: when the state changed."""

    id: str
    kind: str
    family: str
    state: str
    reason: str
    method: str
    price_msat: int
    request: str
    created_ms: int
    finished_ms: int | None
    moved_ms: int
    part: str
    to: str


@dataclass(frozen=True, slots=True)
class CallLine:
    """A call in a list; ``talked_ms`` as the carrier reported it, None if it did not."""

    sid: str
    order_id: str
    to: str
    status: str
    cause: str
    part: str
    price_msat: int
    order_state: str
    queued_ms: int
    ringing_ms: int | None
    answered_ms: int | None
    ended_ms: int | None
    talked_ms: int | None
    minutes: int


@dataclass(frozen=True, slots=True)
class StepLine:
    """A step of an order, with its place in the history of all orders."""

    place: int
    at_ms: int
    order_id: str
    kind: str
    source: str
    target: str
    why: str
    part: str


@dataclass(frozen=True, slots=True)
class TransferLine:
    """A transfer of an order, msat; times in ms UTC."""

    kind: str
    amount_msat: int
    captured_msat: int | None
    state: str
    at_ms: int
    resolved_ms: int | None


_PART = func.coalesce(
    select(attempt.c.carrier)
    .where(attempt.c.order_id == orders.c.id)
    .order_by(attempt.c.n.desc())
    .limit(1)
    .correlate(orders)
    .scalar_subquery(),
    "",
)
_MOVED = (
    select(func.max(order_event.c.at_ms))
    .where(order_event.c.order_id == orders.c.id)
    .correlate(orders)
    .scalar_subquery()
)
_ORDERS = (
    select(
        orders.c.id,
        orders.c.kind,
        orders.c.family,
        orders.c.state,
        orders.c.reason,
        orders.c.method,
        orders.c.price_msat,
        orders.c.request,
        orders.c.created_ms,
        orders.c.finished_ms,
        func.coalesce(_MOVED, orders.c.created_ms),
        _PART,
        func.coalesce(call.c.to_number, receiving.c.number, ""),
    )
    .outerjoin(call, call.c.order_id == orders.c.id)
    .outerjoin(receiving, receiving.c.order_id == orders.c.id)
)
_CALLS = select(
    call.c.sid,
    call.c.order_id,
    call.c.to_number,
    call.c.status,
    call.c.cause,
    _PART,
    orders.c.price_msat,
    orders.c.state,
    call.c.queued_ms,
    call.c.ringing_ms,
    call.c.answered_ms,
    call.c.ended_ms,
    call.c.talked_ms,
    call.c.minutes,
).join_from(orders, call, call.c.order_id == orders.c.id)
_STEPS = select(
    order_event.c.id,
    order_event.c.at_ms,
    order_event.c.order_id,
    orders.c.kind,
    order_event.c.from_state,
    order_event.c.to_state,
    order_event.c.why,
    _PART,
).join_from(order_event, orders, orders.c.id == order_event.c.order_id)
_NEWEST = (orders.c.created_ms.desc(), orders.c.id.desc())


def latest_orders(tx: Tx, wanted: Wanted) -> list[OrderLine]:
    """The newest orders that ``wanted`` describes."""
    found = _ORDERS.order_by(*_NEWEST).limit(wanted.limit)
    if wanted.state:
        found = found.where(orders.c.state == OrderState(wanted.state))
    if wanted.kind:
        found = found.where(orders.c.kind == OrderKind(wanted.kind))
    return [OrderLine(*row) for row in tx.run(found)]


def orders_to(tx: Tx, to: str, hashes: Collection[str], limit: int) -> list[OrderLine]:
    """The newest orders that called or leased the number ``to``, or sent something to it;
    ``hashes`` are those of its messages' recipient."""
    sent = select(message.c.order_id).where(message.c.to_hash.in_(list(hashes)))
    concerned = or_(call.c.to_number == to, receiving.c.number == to, orders.c.id.in_(sent))
    found = _ORDERS.where(concerned).order_by(*_NEWEST).limit(limit)
    return [OrderLine(*row) for row in tx.run(found)]


def orders_paid_by(tx: Tx, payment_hash: str) -> list[OrderLine]:
    """The order with that payment hash, if there is one."""
    return [OrderLine(*row) for row in tx.run(_ORDERS.where(orders.c.payment_hash == payment_hash))]


def latest_calls(tx: Tx, wanted: Wanted) -> list[CallLine]:
    """The newest calls that ``wanted`` describes."""
    found = _CALLS.order_by(*_NEWEST).limit(wanted.limit)
    if wanted.status:
        found = found.where(call.c.status == wanted.status)
    return [CallLine(*row) for row in tx.run(found)]


def call_line(tx: Tx, order_id: str) -> CallLine | None:
    row = tx.run(_CALLS.where(orders.c.id == order_id)).first()
    return None if row is None else CallLine(*row)


def orders_named(tx: Tx, name: str) -> list[OrderLine]:
    """The orders, two at most, whose id begins with ``name``, or that have the call or message of
    that public id (CA.., SM.., EM..)."""
    by_call = select(call.c.order_id).where(call.c.sid == name)
    by_message = select(message.c.order_id).where(message.c.public_id == name)
    for order_id in (*tx.run(by_call).scalars(), *tx.run(by_message).scalars()):
        return [OrderLine(*row) for row in tx.run(_ORDERS.where(orders.c.id == order_id))]
    start = name.lower()
    # 'g' sorts after every hexadecimal digit, so the range is all ids that begin so.
    alike: Select[Any] = _ORDERS.where(orders.c.id >= start, orders.c.id < f"{start}g")
    return [OrderLine(*row) for row in tx.run(alike.limit(_MOST_ALIKE))]


def steps_of(tx: Tx, order_id: str) -> list[StepLine]:
    """Every step of an order, the first one first."""
    found = _STEPS.where(order_event.c.order_id == order_id).order_by(order_event.c.id)
    return [StepLine(*row) for row in tx.run(found)]


def latest_steps(tx: Tx, limit: int) -> list[StepLine]:
    """The latest steps of all orders, the oldest of them first."""
    found = tx.run(_STEPS.order_by(order_event.c.id.desc()).limit(limit)).all()
    return [StepLine(*row) for row in reversed(found)]


def steps_after(tx: Tx, place: int, limit: int) -> list[StepLine]:
    """The steps of all orders after ``place``, in order. On PostgreSQL one with a lower place may
    be committed later than one with a higher."""
    found = _STEPS.where(order_event.c.id > place).order_by(order_event.c.id).limit(limit)
    return [StepLine(*row) for row in tx.run(found)]


def transfers_of(tx: Tx, order_id: str) -> list[TransferLine]:
    """The transfers of an order, its L402 payment among them, the first one first."""
    columns = [transfer.c[name] for name in TransferLine.__slots__]
    payment_hash = select(orders.c.payment_hash).where(orders.c.id == order_id).scalar_subquery()
    is_its_own = or_(
        transfer.c.order_id == order_id,
        transfer.c.idem == literal(payment_idem.prefix) + payment_hash,
    )
    return [
        TransferLine(*row)
        for row in tx.run(select(*columns).where(is_its_own).order_by(transfer.c.id))
    ]


def refund_state(tx: Tx, order_id: str) -> str:
    """``open``, ``claimed`` or ``paid``; '' if there is none."""
    found = tx.run(select(refund.c.state).where(refund.c.order_id == order_id)).scalar()
    return str(found or "")
