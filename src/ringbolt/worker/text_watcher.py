"""Follows a provider's texts to leased numbers; texts and cursor are stored in one transaction."""

from __future__ import annotations

from ringbolt.app.dead_letters import record_event
from ringbolt.app.numbers.receive_text import receive_texts
from ringbolt.app.policies import ReceivingPolicy
from ringbolt.app.shop import Shop
from ringbolt.numbers.provider import NumberProvider, TextBatch
from ringbolt.store import cursors
from ringbolt.store.engine.db import Tx, may_pass
from ringbolt.worker.watchers import Watcher


def text_watcher(shop: Shop, provider: NumberProvider) -> Watcher:
    """The watcher that stores the texts to numbers of ``provider``."""
    name = f"texts:{provider.name}"

    async def follow(watcher: Watcher) -> None:
        async def commit(batch: TextBatch) -> None:
            watcher.alive()
            if batch.texts:
                await _commit(shop, name, provider.name, batch)

        cursor = await shop.db.read(cursors.get, name)
        await provider.follow(cursor or "", commit)

    return Watcher(name, follow)


async def _commit(shop: Shop, cursor: str, source: str, batch: TextBatch) -> None:
    try:
        await shop.db.tx(_take, shop.policies.receiving, cursor, source, batch)
    except Exception as error:
        if may_pass(error):
            raise
        await _take_each(shop, cursor, source, batch)


async def _take_each(shop: Shop, cursor: str, source: str, batch: TextBatch) -> None:
    """Store the texts one by one; those that cannot be stored become dead letters."""
    policy = shop.policies.receiving
    for text in batch.texts:
        await record_event(shop.db, cursor, text.event_id, receive_texts, policy, source, (text,))
    if batch.cursor:
        await shop.db.tx(cursors.set, cursor, batch.cursor)


def _take(tx: Tx, policy: ReceivingPolicy, cursor: str, source: str, batch: TextBatch) -> None:
    receive_texts(tx, policy, source, batch.texts)
    if batch.cursor:
        cursors.set(tx, cursor, batch.cursor)
