"""What moved in the ledger since a time, and what is held now. Reads only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import ColumnElement, case, func, or_, select

from ringbolt.core import chart_of_accounts as chart
from ringbolt.core.order import OrderState, PaymentMethod
from ringbolt.store.engine.db import Tx
from ringbolt.store.schema.part_tables import attempt_cost
from ringbolt.store.schema.tables import call, orders, transfer
from ringbolt.store.schema.text_tables import message

DAY_MS: Final = 86_400_000
LONGEST_HOLD_MS: Final = 14 * DAY_MS
"""A transfer is captured or voided within this time: no payment can be held for longer."""


@dataclass(frozen=True, slots=True)
class Moved:
    """Sums in msat by kind of transfer. ``booked``: all that began since then, whatever became of
    it. ``captured``, ``voided``: what was resolved since then."""

    booked: dict[str, int] = field(default_factory=dict)
    captured: dict[str, int] = field(default_factory=dict)
    voided: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SoldCall:
    """A call that was charged, at ``at_ms``. ``talked_ms`` None: the carrier did not report it."""

    to: str
    talked_ms: int | None
    minutes: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class SoldText:
    """A text that was charged, at ``at_ms``: the command as JSON, and its segments."""

    request: str
    segments: int
    at_ms: int


def moved_since(tx: Tx, since_ms: int) -> Moved:
    """What moved since ``since_ms`` (ms UTC)."""
    moved = Moved()
    began = transfer.c.at_ms >= since_ms
    for kind, amount in tx.run(_sums(transfer.c.kind, since=_first(tx, since_ms)).where(began)):
        moved.booked[kind] = int(amount)
    low = _first(tx, since_ms - LONGEST_HOLD_MS)
    ended = transfer.c.resolved_ms >= since_ms
    for kind, state, amount in tx.run(
        _sums(transfer.c.kind, transfer.c.state, since=low).where(ended)
    ):
        (moved.captured if state == "captured" else moved.voided)[kind] = int(amount)
    return moved


def moved_by_day(tx: Tx, since_ms: int) -> dict[int, Moved]:
    """What moved on each day of UTC (days since 1970) since ``since_ms``; days without a transfer
    are left out."""
    found: dict[int, Moved] = {}
    low = _first(tx, since_ms - LONGEST_HOLD_MS)
    began, ended = transfer.c.at_ms // DAY_MS, transfer.c.resolved_ms // DAY_MS
    booked = _sums(began, transfer.c.kind, since=_first(tx, since_ms))
    for day, kind, amount in tx.run(booked.where(transfer.c.at_ms >= since_ms)):
        found.setdefault(int(day), Moved()).booked[kind] = int(amount)
    resolved = _sums(ended, transfer.c.kind, transfer.c.state, since=low)
    for day, kind, state, amount in tx.run(resolved.where(transfer.c.resolved_ms >= since_ms)):
        moved = found.setdefault(int(day), Moved())
        (moved.captured if state == "captured" else moved.voided)[kind] = int(amount)
    return found


def held_now(tx: Tx) -> int:
    """What buyers have paid or reserved for orders that are not over, msat."""
    pending = select(func.coalesce(func.sum(transfer.c.amount_msat), 0)).where(
        transfer.c.state == "pending",
        transfer.c.kind.in_((chart.HOLD, chart.TOP_UP, chart.RESERVE)),
    )
    in_escrow = select(func.coalesce(func.sum(orders.c.price_msat), 0)).where(
        orders.c.method == PaymentMethod.L402,
        orders.c.state.in_(_IN_ESCROW),
    )
    return int(tx.run(pending).scalar_one()) + int(tx.run(in_escrow).scalar_one())


def sold_calls(tx: Tx, since_ms: int) -> list[SoldCall]:
    """The calls that were charged since ``since_ms``, and whose cost is not booked."""
    found = (
        select(call.c.to_number, call.c.talked_ms, call.c.minutes, _EARNED_MS)
        .join_from(transfer, call, call.c.order_id == transfer.c.order_id)
        .outerjoin(attempt_cost, attempt_cost.c.attempt_id == call.c.attempt_id)
        .where(attempt_cost.c.msat.is_(None), *_earned(tx, since_ms))
    )
    return [SoldCall(*row) for row in tx.run(found)]


def sold_texts(tx: Tx, since_ms: int) -> list[SoldText]:
    """The texts that were charged since ``since_ms``, and whose cost is not booked."""
    found = (
        select(orders.c.request, message.c.parts, _EARNED_MS)
        .join_from(transfer, orders, orders.c.id == transfer.c.order_id)
        .join(message, message.c.order_id == orders.c.id)
        .outerjoin(attempt_cost, attempt_cost.c.attempt_id == message.c.attempt_id)
        .where(orders.c.kind == "sms", attempt_cost.c.msat.is_(None), *_earned(tx, since_ms))
    )
    return [SoldText(*row) for row in tx.run(found)]


_IN_ESCROW = (
    OrderState.PAID,
    OrderState.DISPATCHING,
    OrderState.IN_PROGRESS,
    OrderState.FAILED,
)
_EARNED_MS = case(
    (transfer.c.kind == chart.CAPTURE, transfer.c.at_ms), else_=transfer.c.resolved_ms
)
_MOVED = func.coalesce(transfer.c.captured_msat, transfer.c.amount_msat)


def _sums(*by: ColumnElement[Any], since: int) -> Any:
    return select(*by, func.sum(_MOVED)).where(transfer.c.id > since).group_by(*by)


def _earned(tx: Tx, since_ms: int) -> tuple[ColumnElement[bool], ...]:
    """The transfers by which the shop earned something since then."""
    return (
        transfer.c.id > _first(tx, since_ms - LONGEST_HOLD_MS),
        transfer.c.credit == chart.REVENUE,
        or_(
            (transfer.c.kind == chart.CAPTURE) & (transfer.c.at_ms >= since_ms),
            (transfer.c.state == "captured") & (transfer.c.resolved_ms >= since_ms),
        ),
    )


def _first(tx: Tx, since_ms: int) -> int:
    """The number of the last transfer before ``since_ms``. Times have no index, but rise with the
    numbers: so only what came later is read."""
    before = select(transfer.c.id).where(transfer.c.at_ms < since_ms)
    return int(tx.run(before.order_by(transfer.c.id.desc()).limit(1)).scalar() or 0)
