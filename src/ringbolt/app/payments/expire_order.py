"""End unpaid orders whose invoice expired, and held payments that are about to fall back.

One job looks at both every few seconds. It decides the order first, and then has the
node cancel the invoice, so that no buyer can pay for an order that will not be delivered.
"""

from __future__ import annotations

import structlog

from ringbolt.app.jobs import CLOSE_HOLD, LOOK_AFTER_HOLDS
from ringbolt.app.payments.decide_outcome import fail
from ringbolt.app.shop import Shop
from ringbolt.app.webhooks import notify
from ringbolt.core.order import UNDER_WAY, OrderState
from ringbolt.store import holds, jobs, orders
from ringbolt.store.engine.db import Tx
from ringbolt.store.jobs import Job

log = structlog.get_logger("ringbolt.holds")

EVERY_MS = 10_000
GRACE_MS = 5000
"""An invoice may be paid in its last second; the node says so a moment later."""
MARGIN_BLOCKS = 30
"""How many blocks before the last block of a held payment we fail its order. LND cancels the
payment by itself 18 blocks before (facts of v0.21)."""
_BATCH = 200


def schedule(tx: Tx) -> None:
    """Make sure that the job is scheduled; harmless if it is."""
    LOOK_AFTER_HOLDS.enqueue(tx, run_at_ms=tx.now_ms + EVERY_MS)


async def look_after_holds(shop: Shop, job: Job) -> None:
    """Expire unpaid orders whose invoice ran out; fail paid ones whose hold is about to end."""
    due = await shop.db.read(holds.overdue, GRACE_MS, _BATCH)
    if due:
        await shop.db.tx(_expire_all, due)
    for node in await shop.db.read(holds.holding_nodes):
        await _release_before_the_end(shop, node)
    delay_ms = 0 if len(due) == _BATCH else EVERY_MS
    await shop.db.tx(jobs.retry, job, delay_ms, "")


def _expire_all(tx: Tx, due: list[str]) -> None:
    for order_id in due:
        expire(tx, order_id, "the invoice ran out unpaid")


def expire(tx: Tx, order_id: str, why: str) -> bool:
    """An unpaid order ends here; False if it was paid, or ended before."""
    if not orders.move(tx, order_id, OrderState.EXPIRED, why):
        return False
    orders.finish(tx, order_id)
    CLOSE_HOLD.enqueue(tx, order_id=order_id)
    notify.changed(tx, order_id)
    return True


async def expire_now(shop: Shop, order_id: str) -> bool:
    """Cancel an unpaid order; False if it was paid, or ended before."""
    return await shop.db.tx(expire, order_id, "cancelled before it was paid")


async def _release_before_the_end(shop: Shop, name: str) -> None:
    """Fail the orders whose held payments at one node are near their last block. Each node counts
    the blocks of its own chain. For a node that is gone from the settings, only the deadlines of
    its orders apply."""
    node = shop.node_named(name)
    if node is None:
        return
    height = (await node.info()).block_height
    for order_id in await shop.db.read(holds.near_the_end, name, height + MARGIN_BLOCKS):
        log.warning("a held payment comes near its last block", order=order_id)
        await shop.db.tx(_give_up, order_id)


def _give_up(tx: Tx, order_id: str) -> None:
    why = "the payment could not be held any longer"
    if fail(tx, order_id, why, only_from=UNDER_WAY):
        notify.changed(tx, order_id)
