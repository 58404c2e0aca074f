"""Calls, and which of an order's attempts is the call's present one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, bindparam, func, select

from ringbolt.core.call import CallStatus
from ringbolt.store.attempts import Attempt, AttemptState, add, of_row
from ringbolt.store.attempts import by_ref as attempt_by_ref
from ringbolt.store.attempts import in_this_try as attempts_in_this_try
from ringbolt.store.attempts import of_order as attempts
from ringbolt.store.attempts import update as update_attempt
from ringbolt.store.db import Tx
from ringbolt.store.orders import channel
from ringbolt.store.tables import attempt, call
from ringbolt.store.upsert import insert_new, update_row

__all__ = [
    "Attempt",
    "AttemptState",
    "Call",
    "add_attempt",
    "attempt_by_ref",
    "attempts",
    "attempts_in_this_try",
    "call_of",
    "insert_call",
    "open_attempts",
    "present_attempt",
    "requeue_call",
    "update_attempt",
    "update_call",
]


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
    added = add(tx, order_id, attempt_id=attempt_id, carrier=carrier, ref=ref)
    update_call(tx, order_id, attempt_id=attempt_id)
    return added


_PRESENT = (
    select(attempt)
    .join(call, call.c.attempt_id == attempt.c.id)
    .where(call.c.order_id == bindparam("order_id"))
)


def present_attempt(tx: Tx, order_id: str) -> Attempt | None:
    """The attempt whose events count; None before the first."""
    return of_row(tx.run(_PRESENT, {"order_id": order_id}).mappings().first())


_OPEN_ATTEMPTS = (
    select(func.count())
    .select_from(attempt)
    .join(call, call.c.order_id == attempt.c.order_id)
    .where(attempt.c.finished_ms.is_(None))
)


def open_attempts(tx: Tx) -> int:
    """How many calls are being placed or are up, of the whole shop."""
    return int(tx.run(_OPEN_ATTEMPTS).scalar_one())


def _call(row: RowMapping | None) -> Call | None:
    if row is None:
        return None
    values = {name: row[name] for name in Call.__slots__}
    values["status"] = CallStatus(values["status"])
    values["notes"] = tuple(json.loads(values["notes"]))
    return Call(**values)
