"""Jobs that were given up, and events from outside that could not be applied: for a person to look
at."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, select, update

from ringbolt.store.engine.db import Tx
from ringbolt.store.inbox import DEAD_LETTERS
from ringbolt.store.schema.tables import inbox, job


@dataclass(frozen=True, slots=True)
class DeadJob:
    """``error``: why its last run failed; ``order_id`` is '' for a job about no order."""

    id: int
    kind: str
    order_id: str
    attempts: int
    error: str


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event ``name`` (its part and id), and the fault that kept it from being applied."""

    name: str
    at_ms: int
    fault: str


def listing(tx: Tx, limit: int) -> list[DeadJob]:
    """The latest, by when they were added."""
    return [DeadJob(*row) for row in tx.run(_LISTING, {"limit_": limit})]


def revive(tx: Tx, id: int) -> bool:
    """Make a dead job due now, as if it had never failed; False if there is none."""
    lane = tx.run(_REVIVE, {"id_": id, "now_": tx.now_ms}).scalar()
    if lane is None:
        return False
    tx.wake.add(str(lane))
    return True


def letters(tx: Tx, limit: int) -> list[DeadLetter]:
    """The latest events that could not be applied."""
    values = {"source_": DEAD_LETTERS, "limit_": limit}
    return [
        DeadLetter(row.event_id, row.at_ms, str(json.loads(row.payload).get("fault", "")))
        for row in tx.run(_LETTERS, values)
    ]


_LISTING: Final = (
    select(job.c.id, job.c.kind, job.c.order_id, job.c.attempts, job.c.last_error)
    .where(job.c.dead == 1)
    .order_by(job.c.id.desc())
    .limit(bindparam("limit_"))
)
_REVIVE: Final = (
    update(job)
    .where(job.c.id == bindparam("id_"), job.c.dead == 1)
    .values(dead=0, failures=0, token=None, run_at_ms=bindparam("now_"))
    .returning(job.c.lane)
)
_LETTERS: Final = (
    select(inbox.c.event_id, inbox.c.at_ms, inbox.c.payload)
    .where(inbox.c.applied == 0, inbox.c.source == bindparam("source_"))
    .order_by(inbox.c.at_ms.desc(), inbox.c.event_id)
    .limit(bindparam("limit_"))
)
