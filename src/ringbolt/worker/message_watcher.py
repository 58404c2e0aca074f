"""Follow what an SMS carrier tells of texts.

The receipts of each text are applied in a transaction of their own and in their order, several
texts at once. The cursor is moved, and the carrier told, when all of a batch is in effect: if we
end before that, the same receipts come again, which is harmless.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ringbolt.app.dead_letters import record_event
from ringbolt.app.messages.record_receipt import record_receipt, record_receipts
from ringbolt.app.shop import Shop
from ringbolt.sms.carrier import DeliveryReceipt, ReceiptBatch, SmsCarrier
from ringbolt.store import cursors
from ringbolt.store.engine.db import may_pass
from ringbolt.worker.watchers import Watcher

AT_ONCE = 8
"""Texts in whose transactions we are at a time: fewer than PostgreSQL has sessions."""


def sms_watcher(shop: Shop, carrier: SmsCarrier) -> Watcher:
    """Applies the receipts of the texts that ``carrier`` has of us."""
    name = f"sms:{carrier.name}"
    places = asyncio.Semaphore(AT_ONCE)

    async def follow(watcher: Watcher) -> None:
        async def commit(batch: ReceiptBatch) -> None:
            watcher.alive()
            if not batch.receipts:
                return
            await _apply(shop, carrier.name, batch.receipts, places)
            if batch.cursor:
                await shop.db.tx(cursors.set, name, batch.cursor)

        cursor = await shop.db.read(cursors.get, name)
        await carrier.follow(cursor or "", commit)

    return Watcher(name, follow)


async def _apply(
    shop: Shop, source: str, receipts: Sequence[DeliveryReceipt], places: asyncio.Semaphore
) -> None:
    """All of them, or an error after which they have to come again."""
    settle_on = shop.policies.messages.settle_on

    async def apply(told: Sequence[DeliveryReceipt]) -> None:
        async with places:
            try:
                await shop.db.tx(record_receipts, source, told, settle_on)
            except Exception as error:
                if may_pass(error):
                    raise
                await _apply_each(shop, source, told)

    done = await asyncio.gather(*map(apply, _by_text(receipts)), return_exceptions=True)
    for error in done:
        if error is not None:
            raise error


async def _apply_each(shop: Shop, source: str, told: Sequence[DeliveryReceipt]) -> None:
    """One of them cannot be taken: the others are."""
    settle_on = shop.policies.messages.settle_on
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
