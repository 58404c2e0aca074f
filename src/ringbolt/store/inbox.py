"""Events from outside (carriers, providers, nodes): each takes effect once, however often it comes.

An event is recorded and applied in one transaction, and acknowledged to its sender after that.
An event that arrives before its order or attempt is recorded waits here unapplied. Of an event
that could not be stored (a dead letter) only the id and the fault are kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, select, update

from ringbolt.store.engine.db import Tx
from ringbolt.store.engine.upsert import insert_new
from ringbolt.store.schema.tables import inbox

DEAD_LETTERS = "aside"


@dataclass(frozen=True, slots=True)
class InboxEvent:
    source: str
    event_id: str
    at_ms: int
    payload: dict[str, Any]


def accept(tx: Tx, source: str, event_id: str, payload: Mapping[str, Any]) -> bool:
    """Record an event; False if it was recorded before: then only acknowledge it."""
    return insert_new(
        tx,
        inbox,
        source=source,
        event_id=event_id,
        at_ms=tx.now_ms,
        payload=json.dumps(dict(payload), separators=(",", ":")),
    )


def unapplied(tx: Tx, source: str, limit: int = 100) -> list[InboxEvent]:
    """Events of ``source`` that were not applied yet, oldest first, at most ``limit``."""
    rows = tx.run(_UNAPPLIED, {"source_": source, "limit_": limit})
    return [
        InboxEvent(row.source, row.event_id, row.at_ms, json.loads(row.payload)) for row in rows
    ]


def mark_applied(tx: Tx, source: str, event_id: str) -> bool:
    """Mark an event as applied; False if it was marked before or does not exist."""
    return tx.run(_MARK, {"source_": source, "event_": event_id}).rowcount == 1


def add_dead_letter(tx: Tx, source: str, event_id: str, fault: str) -> None:
    """Record that an event could not be stored, and why; once, however often it comes."""
    accept(tx, DEAD_LETTERS, f"{source}:{event_id}", {"fault": fault})


def count_dead_letters(tx: Tx) -> int:
    """How many dead letters there are; they are deleted with the rest of the inbox."""
    return int(tx.run(_COUNT_DEAD_LETTERS, {"source_": DEAD_LETTERS}).scalar_one())


_COUNT_DEAD_LETTERS = (
    select(func.count())
    .select_from(inbox)
    .where(inbox.c.applied == 0, inbox.c.source == bindparam("source_"))
)
_UNAPPLIED = (
    select(inbox)
    .where(inbox.c.applied == 0, inbox.c.source == bindparam("source_"))
    .order_by(inbox.c.at_ms, inbox.c.event_id)
    .limit(bindparam("limit_"))
)
_MARK = (
    update(inbox)
    .where(
        inbox.c.source == bindparam("source_"),
        inbox.c.event_id == bindparam("event_"),
        inbox.c.applied == 0,
    )
    .values(applied=1)
)
