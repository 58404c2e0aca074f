"""Attempts: each is one request to a carrier, a provider of numbers or a mail server.

An attempt is recorded before the request is sent, so that after a crash we know that the request
may have been sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from msgspec import Struct
from sqlalchemy import RowMapping, bindparam, func, literal_column, select

from ringbolt.core.outcome import Rejected
from ringbolt.store.engine.db import Tx
from ringbolt.store.engine.upsert import update_row
from ringbolt.store.schema.tables import attempt, orders


class AttemptState(StrEnum):
    """INTENT: recorded, the request may or may not be sent. UNKNOWN: sent, no definite answer."""

    INTENT = "intent"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    REJECTED = "rejected"
    DONE = "done"


UNANSWERED = frozenset({AttemptState.INTENT, AttemptState.UNKNOWN})
"""No definite answer was stored, and no event came."""


class Attempt(Struct, frozen=True):
    """One request to ``carrier``. ``ref``: our reference, sent with it; ``carrier_id``: the
    carrier's id. ``permanent``: rejected, and the carrier would reject a repetition too."""

    id: str
    order_id: str
    n: int
    carrier: str
    ref: str
    state: AttemptState
    carrier_id: str | None
    reason: str
    last_seq: int
    created_ms: int
    finished_ms: int | None
    permanent: bool = False


def add(tx: Tx, order_id: str, *, attempt_id: str, carrier: str, ref: str) -> Attempt:
    """Record the intent to send a request to ``carrier``."""
    values = {
        "id_": attempt_id,
        "order_": order_id,
        "carrier_": carrier,
        "ref_": ref,
        "now_": tx.now_ms,
    }
    return Attempt(
        id=attempt_id,
        order_id=order_id,
        n=int(tx.run(_ADD, values).scalar_one()),
        carrier=carrier,
        ref=ref,
        state=AttemptState.INTENT,
        carrier_id=None,
        reason="",
        last_seq=0,
        created_ms=tx.now_ms,
        finished_ms=None,
    )


def by_ref(tx: Tx, ref: str, *, lock: bool = False) -> Attempt | None:
    """The attempt with our reference ``ref``. ``lock``: no other transaction can change it until
    this one commits, because two machines may receive the same event at once."""
    statement = _BY_REF_LOCKED if lock else _BY_REF
    return of_row(tx.run(statement, {"ref": ref}).mappings().first())


def by_id(tx: Tx, attempt_id: str) -> Attempt | None:
    return of_row(tx.run(_BY_ID, {"id_": attempt_id}).mappings().first())


def of_order(tx: Tx, order_id: str) -> list[Attempt]:
    """All attempts of an order, the first one first."""
    rows = tx.run(_OF_ORDER, {"order_": order_id}).mappings()
    return [found for row in rows if (found := of_row(row)) is not None]


def in_this_try(tx: Tx, order_id: str) -> int:
    """How many attempts there were since the order was started, or last restarted."""
    return int(tx.run(_IN_THIS_TRY, {"id_": order_id}).scalar_one())


@dataclass(frozen=True, slots=True)
class Asked:
    """Attempts since an order was started, or last restarted: how many ``times`` by the carrier's
    name, and which carriers ``refused`` permanently."""

    times: dict[str, int]
    refused: frozenset[str]


def asked_in_this_try(tx: Tx, order_id: str) -> Asked:
    rows = tx.run(_ASKED_IN_THIS_TRY, {"id_": order_id}).all()
    refused = frozenset(name for name, _, permanent in rows if permanent)
    return Asked({name: int(times) for name, times, _ in rows}, refused)


def first_of_this_try_ms(tx: Tx, order_id: str) -> int | None:
    """The time of the first attempt since the order was last (re)started (ms UTC); None if there
    was none."""
    first = tx.run(_FIRST_OF_THIS_TRY, {"id_": order_id}).scalar_one()
    return None if first is None else int(first)


def update(tx: Tx, attempt_id: str, **columns: Any) -> None:
    update_row(tx, attempt.c.id, attempt_id, **columns)


def reject(tx: Tx, attempt_id: str, answer: Rejected) -> None:
    """Record a definite refusal, which ends the attempt."""
    update(
        tx,
        attempt_id,
        state=AttemptState.REJECTED,
        reason=answer.reason,
        permanent=int(answer.permanent),
        finished_ms=tx.now_ms,
    )


def of_row(row: RowMapping | None) -> Attempt | None:
    """A row of the table ``attempt`` as a value."""
    if row is None:
        return None
    values = {name: row[name] for name in Attempt.__struct_fields__}
    values["state"] = AttemptState(values["state"])
    values["permanent"] = bool(values["permanent"])
    return Attempt(**values)


_LAST_N = select(func.coalesce(func.max(attempt.c.n), literal_column("0"))).where(
    attempt.c.order_id == bindparam("order_")
)
_NEW = {
    attempt.c.id: bindparam("id_", type_=attempt.c.id.type),
    attempt.c.order_id: bindparam("order_", type_=attempt.c.order_id.type),
    attempt.c.n: _LAST_N.scalar_subquery() + literal_column("1"),
    attempt.c.carrier: bindparam("carrier_", type_=attempt.c.carrier.type),
    attempt.c.ref: bindparam("ref_", type_=attempt.c.ref.type),
    attempt.c.state: literal_column(f"'{AttemptState.INTENT}'"),
    attempt.c.created_ms: bindparam("now_", type_=attempt.c.created_ms.type),
}
_ADD = attempt.insert().from_select(list(_NEW), select(*_NEW.values())).returning(attempt.c.n)
_BY_REF = select(attempt).where(attempt.c.ref == bindparam("ref"))
_BY_REF_LOCKED = _BY_REF.with_for_update()
_BY_ID = select(attempt).where(attempt.c.id == bindparam("id_"))
_OF_ORDER = select(attempt).where(attempt.c.order_id == bindparam("order_")).order_by(attempt.c.n)
# A restarted order has a new ``started_ms``: earlier attempts do not count for this try.
_OF_THIS_TRY = (
    select(attempt.c.id)
    .select_from(attempt)
    .join(orders, orders.c.id == attempt.c.order_id)
    .where(orders.c.id == bindparam("id_"), attempt.c.created_ms >= orders.c.started_ms)
)
_IN_THIS_TRY = _OF_THIS_TRY.with_only_columns(func.count())
_FIRST_OF_THIS_TRY = _OF_THIS_TRY.with_only_columns(func.min(attempt.c.created_ms))
_ASKED_IN_THIS_TRY = _OF_THIS_TRY.with_only_columns(
    attempt.c.carrier, func.count(), func.max(attempt.c.permanent)
).group_by(attempt.c.carrier)
