"""Deletes orders that were never paid; the ledger has no transfers of them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BindParameter, bindparam, delete, exists, literal_column, not_, select

from ringbolt.store.engine.db import Tx
from ringbolt.store.schema.tables import call, job, order_event, orders, transfer
from ringbolt.store.schema.text_tables import idempotency, message, receiving, webhook, webhook_try

FORGET_BATCH: Final = 100
"""Orders per transaction: few enough not to delay other transactions."""


def forget(tx: Tx, keep_ms: int) -> int:
    """Delete up to ``FORGET_BATCH`` orders that expired more than ``keep_ms`` ago, with all their
    rows in other tables; returns how many.

    Orders with a job stay: their invoice may still have to be cancelled at the node, or their last
    webhook sent.
    """
    old = list(tx.run(_OLD, {"before_": tx.now_ms - keep_ms}).scalars())
    if old:
        for statement in _FORGET:
            tx.run(statement, {"ids_": old})
    return len(old)


_is_worked_at = exists().where(job.c.order_id == orders.c.id)
_is_booked = exists().where(transfer.c.order_id == orders.c.id)
_OLD = (
    select(orders.c.id)
    .where(
        orders.c.state == literal_column("'expired'"),
        orders.c.finished_ms < bindparam("before_"),
        orders.c.paid_ms.is_(None),
        not_(_is_worked_at),
        not_(_is_booked),
    )
    .order_by(orders.c.finished_ms)
    .limit(FORGET_BATCH)
)
_ids: BindParameter[str] = bindparam("ids_", expanding=True)
_of_order = select(webhook.c.id).where(webhook.c.order_id.in_(_ids))
# Children first, because of the foreign keys. Not by ON DELETE CASCADE: a SQLite migration that
# rebuilds the parent table drops it, and with foreign keys on that would delete the children.
_FORGET = (
    delete(webhook_try).where(webhook_try.c.webhook_id.in_(_of_order)),
    *(
        delete(table).where(table.c.order_id.in_(_ids))
        for table in (webhook, call, message, receiving, idempotency, order_event)
    ),
    delete(orders).where(orders.c.id.in_(_ids)),
)
