"""Calls, and which of an order's attempts is the call's current one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    RowMapping,
    bindparam,
    func,
    literal_column,
    or_,
    select,
)

from ringbolt.core.calls.call import CallStatus
from ringbolt.core.errors import InvalidInput, Role
from ringbolt.core.order import ASKED, OrderKind, OrderState
from ringbolt.store.attempts import (
    UNANSWERED,
    Attempt,
    AttemptState,
    add,
    asked_in_this_try,
    of_row,
)
from ringbolt.store.attempts import by_ref as attempt_by_ref
from ringbolt.store.attempts import in_this_try as attempts_in_this_try
from ringbolt.store.attempts import of_order as attempts
from ringbolt.store.attempts import update as update_attempt
from ringbolt.store.engine.db import Tx
from ringbolt.store.engine.upsert import insert_new, update_row
from ringbolt.store.orders import channel, is_in
from ringbolt.store.schema.tables import attempt, call, job, orders

__all__ = [
    "UNANSWERED",
    "Attempt",
    "AttemptState",
    "Call",
    "add_attempt",
    "asked_in_this_try",
    "attempt_by_ref",
    "attempts",
    "attempts_in_this_try",
    "by_sid",
    "call_of",
    "insert_call",
    "next_waiting",
    "of_account",
    "open_at",
    "open_attempts",
    "open_of",
    "present_attempt",
    "requeue_call",
    "update_attempt",
    "update_call",
    "waiting_of",
]


@dataclass(frozen=True, slots=True)
class Call:
    """The state of an order's call. ``sid``: our id of it, CA and 32 hex digits. ``talked_ms``: the
    duration that the carrier reported at its end, None if it reported none."""

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
    talked_ms: int | None


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
    """Reset a call for a new try: the results of the former one are cleared."""
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
        talked_ms=None,
    )


_CALL = select(call).where(call.c.order_id == bindparam("id"))


def call_of(tx: Tx, order_id: str) -> Call | None:
    return _call(tx.run(_CALL, {"id": order_id}).mappings().first())


_BY_SID = select(call).where(call.c.sid == bindparam("sid"))


def by_sid(tx: Tx, sid: str) -> Call | None:
    return _call(tx.run(_BY_SID, {"sid": sid}).mappings().first())


def of_account(
    tx: Tx, account_id: str, cursor: str, limit: int, status: CallStatus | None = None
) -> list[Call]:
    """The latest ``limit`` calls of an account (with ``status``, if given), or of those placed
    before the call whose sid is ``cursor``. Raises ``InvalidInput`` if that is not a call of the
    account."""
    wanted = [each.value for each in ([status] if status else CallStatus)]
    values: dict[str, Any] = {"account_": account_id, "limit_": limit, "statuses_": wanted}
    if not cursor:
        return [_known(row) for row in tx.run(_LATEST, values).mappings()]
    last = tx.run(_PLACE, {"account_": account_id, "sid_": cursor}).first()
    if last is None:
        raise InvalidInput(
            "This cursor is not one of your account.",
            code="INVALID_CURSOR",
            role=Role.CURSOR,
            suggestion="Leave it out for the first page, then use the one that was answered.",
        )
    older = {**values, "created_": last.created_ms, "order_": last.id}
    return [_known(row) for row in tx.run(_OLDER, older).mappings()]


# A literal, because SQLite uses a partial index only if the statement itself shows that the
# index's condition holds.
_ACCOUNTS = (
    orders.c.account_id == bindparam("account_"),
    orders.c.kind == literal_column(f"'{OrderKind.CALL}'"),
)
_PLACE = (
    select(orders.c.created_ms, orders.c.id)
    .join(call, call.c.order_id == orders.c.id)
    .where(call.c.sid == bindparam("sid_"), *_ACCOUNTS)
)
_LATEST = (
    select(call)
    .join(orders, orders.c.id == call.c.order_id)
    .where(*_ACCOUNTS, call.c.status.in_(bindparam("statuses_", expanding=True)))
    .order_by(orders.c.created_ms.desc(), orders.c.id.desc())
    .limit(bindparam("limit_"))
)
_BEFORE: BindParameter[int] = bindparam("created_", type_=orders.c.created_ms.type)
_OLDER = _LATEST.where(
    # The first condition bounds the index scan; the second tells apart calls of one millisecond.
    orders.c.created_ms <= _BEFORE,
    or_(orders.c.created_ms < _BEFORE, orders.c.id < bindparam("order_")),
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A call whose job waits until ``run_at_ms``; ``payload`` is the job's, as JSON."""

    order_id: str
    created_ms: int
    run_at_ms: int
    payload: str


PART_TURN: Final = "part_turn_ms"
"""In the payload of a job that waits for its own turn at a carrier with a limit a second."""


def next_waiting(tx: Tx, account_id: str, prefix: str) -> Waiting | None:
    """The account's call that has waited longest, among those not yet sent to a carrier whose job
    (named ``prefix`` + order id) no worker runs; None if there is none. Calls that wait for a turn
    at a carrier are left out: they have a time of their own."""
    values = {"account_": account_id, "prefix_": prefix, "now_": tx.now_ms}
    row = tx.run(_NEXT_WAITING, values).first()
    return None if row is None else Waiting(*row)


def waiting_of(tx: Tx, account_id: str) -> int:
    """How many calls of an account are waiting to be placed."""
    return int(tx.run(_COUNT_WAITING, {"account_": account_id}).scalar_one())


def open_of(tx: Tx, account_id: str) -> int:
    """How many calls of an account are being placed or are up."""
    return int(tx.run(_COUNT_UP, {"account_": account_id}).scalar_one())


_OPEN = (*_ACCOUNTS, orders.c.finished_ms.is_(None))
_NEXT_WAITING = (
    select(orders.c.id, orders.c.created_ms, job.c.run_at_ms, job.c.payload)
    .join(call, call.c.order_id == orders.c.id)
    .join(job, job.c.uniq == bindparam("prefix_", type_=job.c.uniq.type) + orders.c.id)
    .where(
        *_OPEN,
        is_in([OrderState.PAID]),
        call.c.attempt_id.is_(None),
        # Only jobs that wait for a later time: one that is claimed or due runs anyway.
        job.c.token.is_(None),
        job.c.dead == literal_column("0"),
        job.c.run_at_ms > bindparam("now_"),
        job.c.payload.not_like(f'%"{PART_TURN}"%'),
    )
    .order_by(orders.c.created_ms, orders.c.id)
    .limit(1)
)
_COUNT = select(func.count()).select_from(orders).where(*_OPEN)
_COUNT_WAITING = _COUNT.where(is_in([OrderState.PAID]))
_COUNT_UP = _COUNT.where(is_in(ASKED | {OrderState.FULFILLED}))  # fulfilled: answered, not over


def update_call(tx: Tx, order_id: str, **columns: Any) -> None:
    if "notes" in columns and not isinstance(columns["notes"], str):
        columns["notes"] = json.dumps(list(columns["notes"]))
    update_row(tx, call.c.order_id, order_id, **columns)
    tx.wake.add(channel(order_id))


def add_attempt(tx: Tx, order_id: str, *, attempt_id: str, carrier: str, ref: str) -> Attempt:
    """Record the intent to place the call through ``carrier``, as the call's current attempt."""
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


# Joined with ``call``, because attempts to send texts and to lease numbers are in the same table.
_OPEN_ATTEMPTS = (
    select(func.count())
    .select_from(attempt)
    .join(call, call.c.order_id == attempt.c.order_id)
    .where(attempt.c.finished_ms.is_(None))
)
_OPEN_AT = _OPEN_ATTEMPTS.where(attempt.c.carrier == bindparam("carrier_"))


def open_attempts(tx: Tx) -> int:
    """How many calls of the whole shop are being placed or are up."""
    return int(tx.run(_OPEN_ATTEMPTS).scalar_one())


def open_at(tx: Tx, carrier: str) -> int:
    """How many of them at that carrier."""
    return int(tx.run(_OPEN_AT, {"carrier_": carrier}).scalar_one())


def _call(row: RowMapping | None) -> Call | None:
    return None if row is None else _known(row)


def _known(row: RowMapping) -> Call:
    values = {name: row[name] for name in Call.__slots__}
    values["status"] = CallStatus(values["status"])
    values["notes"] = tuple(json.loads(values["notes"]))
    return Call(**values)
