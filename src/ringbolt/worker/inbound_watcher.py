"""Follows the texts that carriers receive on the operator's own numbers."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Final

import structlog

from ringbolt.app.dead_letters import record_event
from ringbolt.app.numbers.receive_own_text import receive_own_text
from ringbolt.app.policies import ReceivingPolicy
from ringbolt.app.shop import Shop
from ringbolt.core.errors import Unavailable
from ringbolt.sms.carrier import InboundBatch, SmsCarrier, SupportsInbound
from ringbolt.store import cursors, pool
from ringbolt.store.engine.db import Tx, may_pass
from ringbolt.worker.watchers import Watcher

WATCH_EVERY_S: Final = 30.0
log = structlog.get_logger("ringbolt.numbers")


def inbound_watcher(shop: Shop, carrier: SmsCarrier) -> Watcher | None:
    """The watcher that stores the texts that ``carrier`` receives; None if it receives none."""
    if not isinstance(carrier, SupportsInbound):
        return None
    name = f"inbound:{carrier.name}"

    async def follow(watcher: Watcher) -> None:
        async def commit(batch: InboundBatch) -> None:
            watcher.alive()
            if batch.texts or batch.heard or batch.cursor:
                await _commit(shop, name, carrier.name, batch)

        cursor = await shop.db.read(cursors.get, name)
        watching = asyncio.create_task(_watch(shop, carrier.name, carrier.watched_numbers))
        try:
            await carrier.follow_texts(cursor or "", commit)
        finally:
            watching.cancel()
            await asyncio.wait([watching])

    return Watcher(name, follow)


async def _watch(shop: Shop, carrier: str, numbers: Collection[str]) -> None:
    """Have the numbers watched, also those that are added to the pool later."""
    while numbers:
        try:
            await shop.db.tx(pool.watch, numbers, carrier)
        except Unavailable as error:
            log.warning("the numbers of a phone are not watched", part=carrier, error=error.message)
        await asyncio.sleep(WATCH_EVERY_S)


async def _commit(shop: Shop, cursor: str, carrier: str, batch: InboundBatch) -> None:
    policy = shop.policies.receiving
    try:
        unknown = await shop.db.tx(_take, policy, cursor, carrier, batch)
    except Exception as error:
        if may_pass(error):
            raise
        unknown = await _take_each(shop, cursor, carrier, batch)
    if unknown:
        log.warning("texts came to numbers that are not in the pool", part=carrier, count=unknown)


async def _take_each(shop: Shop, cursor: str, carrier: str, batch: InboundBatch) -> int:
    """Store the texts one by one; those that cannot be stored become dead letters."""
    policy, unknown = shop.policies.receiving, 0
    for text in batch.texts:
        ours = await record_event(
            shop.db, cursor, text.event_id, receive_own_text, policy, _source(carrier), text
        )
        unknown += ours is False
    if batch.heard:
        await shop.db.tx(pool.heard, batch.heard, carrier)
    if batch.cursor:
        await shop.db.tx(cursors.set, cursor, batch.cursor)
    return unknown


def _take(tx: Tx, policy: ReceivingPolicy, cursor: str, carrier: str, batch: InboundBatch) -> int:
    """Returns how many of the texts came to numbers that are not ours."""
    unknown = sum(not receive_own_text(tx, policy, _source(carrier), text) for text in batch.texts)
    if batch.heard:
        pool.heard(tx, batch.heard, carrier)
    if batch.cursor:
        cursors.set(tx, cursor, batch.cursor)
    return unknown


def _source(carrier: str) -> str:
    return f"sms:{carrier}"
