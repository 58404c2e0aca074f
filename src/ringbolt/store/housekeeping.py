"""Deletes data that is no longer needed. Ledger rows are never deleted."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select, update

from ringbolt.core.order import OrderKind
from ringbolt.store import named_invoices, webhooks
from ringbolt.store.engine.db import Tx
from ringbolt.store.schema.tables import call, inbox, orders
from ringbolt.store.schema.text_tables import received_text, receiving

BATCH = 500
_TEXTS = frozenset(
    {
        "message", "subject", "reply_to", "audio_url", "text", "url", "status_url", "digits_url",
        "metadata",
    }
)  # fmt: skip
"""Fields of a command, and of its steps, that contain the buyer's own text."""


def wipe_texts(tx: Tx, keep_ms: int) -> int:
    """Delete texts, keys pressed and e-mail addresses from orders finished more than ``keep_ms``
    ago; returns how many orders. Telephone numbers stay, to check the carriers' bills."""
    rows = tx.run(
        select(orders.c.id, orders.c.kind, orders.c.request)
        .where(orders.c.finished_ms < tx.now_ms - keep_ms, orders.c.wiped_ms.is_(None))
        .limit(BATCH)
    ).all()
    for order_id, kind, request in rows:
        kept = _without_texts(json.loads(request))
        if kind == OrderKind.EMAIL:
            kept["to"] = ""  # the message keeps its hash
        tx.run(
            update(orders)
            .where(orders.c.id == order_id)
            .values(request=json.dumps(kept), wiped_ms=tx.now_ms, may_retry=0)
        )
        tx.run(update(call).where(call.c.order_id == order_id).values(digits=""))
        tx.run(
            update(received_text)
            .where(received_text.c.order_id == order_id)
            .values(text="", code="", sender="", masked=None)
        )
        tx.run(update(receiving).where(receiving.c.order_id == order_id).values(code=""))
        webhooks.wipe(tx, [order_id])
    return len(rows)


def _without_texts(value: Any) -> Any:
    """A command without its texts, at any depth."""
    if isinstance(value, list):
        return [_without_texts(each) for each in value]
    if isinstance(value, dict):
        return {name: _without_texts(each) for name, each in value.items() if name not in _TEXTS}
    return value


def forget_strays(tx: Tx, keep_ms: int) -> int:
    """Delete texts without an order that were received more than ``keep_ms`` ago; how many."""
    before_ms = tx.now_ms - keep_ms
    old = received_text.c.received_ms < before_ms
    return tx.run(received_text.delete().where(old, received_text.c.order_id.is_(None))).rowcount


def forget_inbox(tx: Tx, keep_ms: int) -> int:
    """Delete outside events older than ``keep_ms``, applied or not; returns how many. Used invoices
    (``named_invoices``) are kept."""
    old = inbox.c.at_ms < tx.now_ms - keep_ms
    return tx.run(inbox.delete().where(old, inbox.c.source != named_invoices.SOURCE)).rowcount
