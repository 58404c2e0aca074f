"""Calls and the attempts to place them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import RowMapping, bindparam, func, select

from ringbolt.core.call import CallStatus
from ringbolt.store.db import Tx
from ringbolt.store.orders import channel
from ringbolt.store.tables import attempt, call, orders
from ringbolt.store.upsert import insert_new, update_row


@dataclass(frozen=True, slots=True)
class Call:
    """What is known of an order's call. ``sid`` is ours: CA and 32 hex digits."""

    order_id: str
    sid: str
    to_number: str
    minutes: int
    status: CallStatus
    attempt_id: str | None
    digits: str
    cause: str
    notes: tuple[str, ...]
    queued_ms: int
    ringing_ms: int | None
    answered_ms: int | None
    ended_ms: int | None
    heard_ms: int


class AttemptState(StrEnum):
    """INTENT: written down before the carrier is asked. UNKNOWN: asked, no clear answer."""

    INTENT = "intent"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    REJECTED = "rejected"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a carrier; ``ref`` is the name that we gave it there."""

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


def insert_call(tx: Tx, order_id: str, sid: str, to_number: str, minutes: int) -> None:
    insert_new(
        tx,
        call,
        order_id=order_id,
        sid=sid,
        to_number=to_number,
        minutes=minutes,
        status=CallStatus.QUEUED,
        queued_ms=tx.now_ms,
        digits="",
        cause="",
        notes="[]",
        heard_ms=0,
    )


def requeue_call(tx: Tx, order_id: str) -> None:
    """A new try: what the former one left behind is forgotten."""
    update_call(
        tx,
        order_id,
        status=CallStatus.QUEUED,
        attempt_id=None,
        digits="",
        cause="",
        notes="[]",
        queued_ms=tx.now_ms,
        ringing_ms=None,
        answered_ms=None,
        ended_ms=None,
        heard_ms=0,
    )


_CALL = select(call).where(call.c.order_id == bindparam("id"))


def call_of(tx: Tx, order_id: str) -> Call | None:
    return _call(tx.run(_CALL, {"id": order_id}).mappings().first())


def update_call(tx: Tx, order_id: str, **columns: Any) -> None:
    if "notes" in columns and not isinstance(columns["notes"], str):
        columns["notes"] = json.dumps(list(columns["notes"]))
    update_row(tx, call.c.order_id, order_id, **columns)
    tx.wake.add(channel(order_id))


def add_attempt(tx: Tx, order_id: str, *, attempt_id: str, carrier: str, ref: str) -> Attempt:
    """Write down the intent to ask a carrier, as the call's present attempt."""
    count = tx.run(
        select(func.coalesce(func.max(attempt.c.n), 0)).where(attempt.c.order_id == order_id)
    ).scalar_one()
    tx.run(
        attempt.insert(),
        {
            "id": attempt_id,
            "order_id": order_id,
            "n": count + 1,
            "carrier": carrier,
            "ref": ref,
            "state": AttemptState.INTENT,
            "reason": "",
            "last_seq": 0,
            "created_ms": tx.now_ms,
        },
    )
    update_call(tx, order_id, attempt_id=attempt_id)
    added = attempt_by_ref(tx, ref)
    assert added is not None
    return added


_BY_REF = select(attempt).where(attempt.c.ref == bindparam("ref"))
_BY_REF_LOCKED = _BY_REF.with_for_update()
_PRESENT = (
    select(attempt)
    .join(call, call.c.attempt_id == attempt.c.id)
    .where(call.c.order_id == bindparam("order_id"))
)


_OPEN_ATTEMPTS = select(func.count()).where(attempt.c.finished_ms.is_(None))


def attempt_by_ref(tx: Tx, ref: str, *, lock: bool = False) -> Attempt | None:
    """``lock`` keeps others from changing it until the commit: two machines may hear the same
    event at once."""
    statement = _BY_REF_LOCKED if lock else _BY_REF
    return _attempt(tx.run(statement, {"ref": ref}).mappings().first())


def present_attempt(tx: Tx, order_id: str) -> Attempt | None:
    """The attempt whose events count; None before the first."""
    return _attempt(tx.run(_PRESENT, {"order_id": order_id}).mappings().first())


def attempts(tx: Tx, order_id: str) -> list[Attempt]:
    rows = tx.run(
        select(attempt).where(attempt.c.order_id == order_id).order_by(attempt.c.n)
    ).mappings()
    return [found for row in rows if (found := _attempt(row)) is not None]


_IN_THIS_TRY = (
    select(func.count())
    .select_from(attempt)
    .join(orders, orders.c.id == attempt.c.order_id)
    .where(orders.c.id == bindparam("id_"), attempt.c.created_ms >= orders.c.started_ms)
)


def attempts_in_this_try(tx: Tx, order_id: str) -> int:
    """How often a carrier was asked since the order was begun, or begun again."""
    return int(tx.run(_IN_THIS_TRY, {"id_": order_id}).scalar_one())


def open_attempts(tx: Tx) -> int:
    """How many calls are being placed or are up, of the whole shop."""
    return int(tx.run(_OPEN_ATTEMPTS).scalar_one())


def update_attempt(tx: Tx, attempt_id: str, **columns: Any) -> None:
    update_row(tx, attempt.c.id, attempt_id, **columns)


def _call(row: RowMapping | None) -> Call | None:
    if row is None:
        return None
    values = {name: row[name] for name in Call.__slots__}
    values["status"] = CallStatus(values["status"])
    values["notes"] = tuple(json.loads(values["notes"]))
    return Call(**values)


def _attempt(row: RowMapping | None) -> Attempt | None:
    if row is None:
        return None
    values = {name: row[name] for name in Attempt.__slots__}
    values["state"] = AttemptState(values["state"])
    return Attempt(**values)
