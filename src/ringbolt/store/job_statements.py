"""The statements of the job queue (``jobs``), built once: building costs more than running."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import ARRAY, any_, bindparam, delete, func, literal_column, select, update

from ringbolt.store.engine.db import Dialect
from ringbolt.store.engine.upsert import insert_for
from ringbolt.store.schema.tables import job as table

_OURS = (table.c.id == bindparam("id_"), table.c.token == bindparam("token_"))
# A literal, not a parameter: SQLite plans a statement again at every run if the value of a
# parameter decides whether a partial index can be used.
_ALIVE = table.c.dead == literal_column("0")
# One column, ``run_at_ms``, means both "due" and "lease ended", so that one index finds either and
# also the next due time. With two columns every claim read all waiting timers (149 s for 2,000
# orders). SKIP LOCKED: workers that claim at the same time get different jobs instead of waiting
# for each other. (SQLAlchemy leaves it out on SQLite, which has one writer.)
DUE = (
    select(table)
    .where(
        table.c.lane == bindparam("lane_"),
        _ALIVE,
        table.c.run_at_ms <= bindparam("now_"),
    )
    .order_by(table.c.run_at_ms, table.c.id)
    .limit(bindparam("limit_"))
    .with_for_update(skip_locked=True)
)
_TAKEN = update(table).values(
    token=bindparam("token_"), run_at_ms=bindparam("until_"), attempts=table.c.attempts + 1
)
TAKE = _TAKEN.where(table.c.id == any_(bindparam("ids_", type_=ARRAY(table.c.id.type))))
TAKE_ONE = _TAKEN.where(table.c.id == bindparam("id_"))
FINISH = delete(table).where(*_OURS)
RETRY = (
    update(table)
    .where(*_OURS)
    .values(
        token=None,
        run_at_ms=bindparam("at_"),
        last_error=bindparam("error_"),
        payload=func.coalesce(bindparam("payload_", type_=table.c.payload.type), table.c.payload),
        failures=bindparam("failures_"),
    )
)
NOTE = update(table).where(*_OURS).values(payload=bindparam("payload_"))
BURY = update(table).where(*_OURS).values(token=None, dead=1, last_error=bindparam("error_"))
EXTEND = update(table).where(*_OURS).values(run_at_ms=bindparam("until_"))
NAMED = (
    select(table.c.token, table.c.dead).where(table.c.uniq == bindparam("uniq_")).with_for_update()
)
HELD = select(table.c.id).where(*_OURS)
HELD_LOCKED = HELD.with_for_update()
RESCHEDULE = (
    update(table)
    .where(table.c.uniq == bindparam("uniq_"), _ALIVE)
    .values(token=None, run_at_ms=bindparam("at_"))
    .returning(table.c.lane)
)
HASTEN = (
    update(table)
    .where(
        table.c.uniq == bindparam("uniq_"),
        _ALIVE,
        table.c.token.is_(None),
        table.c.run_at_ms > bindparam("at_"),
    )
    .values(run_at_ms=bindparam("at_"))
    .returning(table.c.lane)
)
EXISTS = select(table.c.id).where(table.c.uniq == bindparam("uniq_"), _ALIVE)
RELEASE = (
    update(table)
    .where(table.c.token.is_not(None), table.c.dead == 0)
    .values(token=None, run_at_ms=bindparam("now_"))
)
MOVE_TO_LANE = (
    update(table)
    .where(table.c.kind == bindparam("kind_"), table.c.lane == bindparam("former_"))
    .values(lane=bindparam("lane_"))
)
CANCEL = delete(table).where(table.c.uniq == bindparam("uniq_"))
NEXT = select(func.min(table.c.run_at_ms)).where(table.c.lane == bindparam("lane_"), _ALIVE)


@cache
def insert_claimed(dialect: Dialect) -> Any:
    """Insert a job as claimed, unless there is one of its name; returns its id."""
    return insert_for(dialect, table).on_conflict_do_nothing().returning(table.c.id)
