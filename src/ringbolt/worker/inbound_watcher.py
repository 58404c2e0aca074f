"""Follows the texts that carriers receive on the operator's own numbers."""

from __future__ import annotations

import structlog

from ringbolt.app.dead_letters import record_event
from ringbolt.app.numbers.receive_own_text import receive_own_text
from ringbolt.app.policies import ReceivingPolicy
from ringbolt.app.shop import Shop
from ringbolt.sms.carrier import InboundBatch, SmsCarrier, SupportsInbound
from ringbolt.store import cursors, pool
from ringbolt.store.engine.db import Tx, may_pass
from ringbolt.worker.watchers import Watcher

log = structlog.get_logger("ringbolt.numbers")


def inbound_watcher(shop: Shop, carrier: SmsCarrier) -> Watcher | None:
    """The watcher that stores the texts that ``carrier`` receives; None if it receives none."""
    if not isinstance(carrier, SupportsInbound):
        return None
    name, source = f"inbound:{carrier.name}", f"sms:{carrier.name}"

    async def follow(watcher: Watcher) -> None:
        async def commit(batch: InboundBatch) -> None:
            watcher.alive()
            if batch.texts or batch.heard or batch.cursor:
                await _commit(shop, name, source, batch)

        await shop.db.tx(pool.watch, carrier.watched_numbers, carrier.name)
        cursor = await shop.db.read(cursors.get, name)
        await carrier.follow_texts(cursor or "", commit)

    return Watcher(name, follow)


async def _commit(shop: Shop, cursor: str, source: str, batch: InboundBatch) -> None:
    policy = shop.policies.receiving
    try:
        unknown = await shop.db.tx(_take, policy, cursor, source, batch)
    except Exception as error:
        if may_pass(error):
            raise
        unknown = await _take_each(shop, cursor, source, batch)
    if unknown:
        log.warning("texts came to numbers that are not in the pool", source=source, count=unknown)


async def _take_each(shop: Shop, cursor: str, source: str, batch: InboundBatch) -> int:
    """Store the texts one by one; those that cannot be stored become dead letters."""
    policy, unknown = shop.policies.receiving, 0
    for text in batch.texts:
        ours = await record_event(
            shop.db, cursor, text.event_id, receive_own_text, policy, source, text
        )
        unknown += ours is False
    if batch.heard:
        await shop.db.tx(pool.heard, batch.heard)
    if batch.cursor:
        await shop.db.tx(cursors.set, cursor, batch.cursor)
    return unknown


def _take(tx: Tx, policy: ReceivingPolicy, cursor: str, source: str, batch: InboundBatch) -> int:
    """Returns how many of the texts came to numbers that are not ours."""
    unknown = sum(not receive_own_text(tx, policy, source, text) for text in batch.texts)
    if batch.heard:
        pool.heard(tx, batch.heard)
    if batch.cursor:
        cursors.set(tx, cursor, batch.cursor)
    return unknown
