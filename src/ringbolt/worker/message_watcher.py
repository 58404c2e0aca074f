"""Follow what the SMS carrier tells of texts.

What has come meanwhile is applied together, the receipts of each text in a transaction of their
own and in their order, several texts at once. The cursor is moved when all of it is in effect: if
we end before that, the same receipts come again, which is harmless.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from ringbolt.app.dead_letters import record_event
from ringbolt.app.messages.record_receipt import record_receipt, record_receipts
from ringbolt.app.shop import Shop
from ringbolt.sms.carrier import DeliveryReceipt, ReceiptBatch
from ringbolt.store import cursors
from ringbolt.store.engine.db import may_pass
from ringbolt.worker.watchers import Watcher

AHEAD = 64
"""Batches heard that are not in effect yet; the carrier waits while there are as many."""
AT_ONCE = 8
"""Texts in whose transactions we are at a time: fewer than PostgreSQL has sessions."""


def sms_watcher(shop: Shop) -> Watcher:
    """Applies the receipts of the texts that a carrier has of us."""
    name = f"sms:{shop.sms.name}"

    async def follow(watcher: Watcher) -> None:
        cursor = await shop.db.read(cursors.get, name) or ""
        async with aclosing(_heard(shop, watcher, cursor)) as rounds:
            async for batches in rounds:
                await _apply(shop, [one for batch in batches for one in batch.receipts])
                await shop.db.tx(cursors.set, name, batches[-1].cursor)

    return Watcher(name, follow)


async def _heard(
    shop: Shop, watcher: Watcher, cursor: str
) -> AsyncGenerator[list[ReceiptBatch], None]:
    """What came since the last look, one batch or several; goes on listening meanwhile."""
    queue: asyncio.Queue[ReceiptBatch | None] = asyncio.Queue(AHEAD)
    listening = asyncio.create_task(_listen(shop, watcher, cursor, queue))
    try:
        ended = False
        while not ended:
            found = [await queue.get()]
            while not queue.empty():
                found.append(queue.get_nowait())
            ended = found[-1] is None
            batches = [batch for batch in found if batch is not None]
            if batches:
                yield batches
        await listening  # raises what ended it
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def _listen(
    shop: Shop, watcher: Watcher, cursor: str, queue: asyncio.Queue[ReceiptBatch | None]
) -> None:
    """Until the carrier is lost; the last that is put says that nothing more comes."""
    try:
        async with aclosing(shop.sms.events(cursor)) as events:
            async for batch in events:
                watcher.alive()
                if batch.receipts:
                    await queue.put(batch)
    except asyncio.CancelledError:  # nobody takes from the queue any more
        raise
    except BaseException:
        await queue.put(None)
        raise
    await queue.put(None)


async def _apply(shop: Shop, receipts: Sequence[DeliveryReceipt]) -> None:
    """All of them, or an error after which they have to come again."""
    places = asyncio.Semaphore(AT_ONCE)
    settle_on = shop.settings.sms.settle_on

    async def apply(told: Sequence[DeliveryReceipt]) -> None:
        async with places:
            try:
                await shop.db.tx(record_receipts, shop.sms.name, told, settle_on)
            except Exception as error:
                if may_pass(error):
                    raise
                await _apply_each(shop, told)

    done = await asyncio.gather(*map(apply, _by_text(receipts)), return_exceptions=True)
    for error in done:
        if error is not None:
            raise error


async def _apply_each(shop: Shop, told: Sequence[DeliveryReceipt]) -> None:
    """One of them cannot be taken: the others are."""
    source, settle_on = shop.sms.name, shop.settings.sms.settle_on
    for receipt in told:
        name = f"sms:{source}"
        await record_event(
            shop.db, name, receipt.event_id, record_receipt, source, receipt, settle_on
        )


def _by_text(receipts: Sequence[DeliveryReceipt]) -> list[list[DeliveryReceipt]]:
    """The receipts of each text, as far as the carrier says which they belong to."""
    texts: dict[str, list[DeliveryReceipt]] = {}
    for receipt in receipts:
        texts.setdefault(receipt.ref or receipt.part_id, []).append(receipt)
    return list(texts.values())
