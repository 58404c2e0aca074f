"""Removing what is no longer needed. Money is never removed."""

from __future__ import annotations

import json

from sqlalchemy import select, update

from ringbolt.store.db import Tx
from ringbolt.store.tables import inbox, orders

BATCH = 500
_TEXTS = ("message", "audio_url")


def wipe_texts(tx: Tx, keep_ms: int) -> int:
    """Remove what was said from orders finished longer than ``keep_ms`` ago; returns how many."""
    rows = tx.run(
        select(orders.c.id, orders.c.request)
        .where(orders.c.finished_ms < tx.now_ms - keep_ms, orders.c.wiped_ms.is_(None))
        .limit(BATCH)
    ).all()
    for order_id, request in rows:
        kept = {name: value for name, value in json.loads(request).items() if name not in _TEXTS}
        tx.run(
            update(orders)
            .where(orders.c.id == order_id)
            .values(request=json.dumps(kept), wiped_ms=tx.now_ms, may_retry=0)
        )
    return len(rows)


def forget_inbox(tx: Tx, keep_ms: int) -> int:
    """Remove applied outside events older than ``keep_ms``; returns how many."""
    old = inbox.delete().where(inbox.c.at_ms < tx.now_ms - keep_ms, inbox.c.applied == 1)
    return tx.run(old).rowcount
