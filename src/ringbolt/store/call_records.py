"""The calls of one carrier as its adapter sees them: what was asked, and what is committed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import RowMapping, Select, bindparam, literal_column, select

from ringbolt.core.calls.call import CallStatus, RecordedCall
from ringbolt.store.attempts import UNANSWERED, AttemptState
from ringbolt.store.engine.db import Tx
from ringbolt.store.schema.tables import attempt, call

MOST_OPEN = 10_000
"""Of open calls, those asked for first."""

_CALLS: Select[Any] = (
    select(
        attempt.c.ref,
        call.c.to_number,
        attempt.c.carrier_id,
        attempt.c.created_ms,
        attempt.c.state,
        attempt.c.finished_ms,
        attempt.c.last_seq,
        call.c.status,
        call.c.digits,
        (call.c.attempt_id == attempt.c.id).label("is_present"),
    )
    .select_from(attempt)
    .join(call, call.c.order_id == attempt.c.order_id)
    .where(attempt.c.carrier == bindparam("carrier_"))
)
_BY_REF = _CALLS.where(attempt.c.ref == bindparam("ref_"))
_TO = _CALLS.where(
    call.c.to_number == bindparam("to_"),
    attempt.c.created_ms >= bindparam("since_", type_=attempt.c.created_ms.type),
)
_OPEN = (
    # A literal null condition, because of the partial index of open attempts.
    _CALLS.where(attempt.c.finished_ms.is_(None))
    .order_by(attempt.c.created_ms)
    .limit(literal_column(str(MOST_OPEN)))
)


def by_ref(tx: Tx, carrier: str, ref: str) -> RecordedCall | None:
    row = tx.run(_BY_REF, {"carrier_": carrier, "ref_": ref}).mappings().first()
    return None if row is None else _record(row)


def calls_to(tx: Tx, carrier: str, number: str, since_ms: int) -> list[RecordedCall]:
    """All requests for calls to ``number`` since then, also refused ones."""
    values = {"carrier_": carrier, "to_": number, "since_": since_ms}
    return [_record(row) for row in tx.run(_TO, values).mappings()]


def open_calls(tx: Tx, carrier: str) -> list[RecordedCall]:
    return [_record(row) for row in tx.run(_OPEN, {"carrier_": carrier}).mappings()]


def _record(row: RowMapping) -> RecordedCall:
    has_status = row["is_present"] and row["last_seq"]
    return RecordedCall(
        ref=row["ref"],
        to=row["to_number"],
        carrier_id=row["carrier_id"] or "",
        asked_ms=row["created_ms"],
        is_unanswered=AttemptState(row["state"]) in UNANSWERED,
        is_open=row["finished_ms"] is None,
        last_seq=row["last_seq"],
        status=CallStatus(row["status"]) if has_status else CallStatus.QUEUED,
        keys=len(row["digits"]) if row["is_present"] else 0,
    )
