"""Follows an SMS carrier's delivery receipts.

The receipts of each text are applied in order, in one transaction per text, several texts at once.
The cursor is stored, and the batch acknowledged to the carrier, after the whole batch is committed.
If the process ends before that, the same receipts come again, which is harmless.
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
"""Concurrent transactions: fewer than the sessions of the PostgreSQL pool."""


def sms_watcher(shop: Shop, carrier: SmsCarrier) -> Watcher:
    """The watcher that applies the receipts of ``carrier``."""
    name = f"sms:{carrier.name}"
    places = asyncio.Semaphore(AT_ONCE)

    async def follow(watcher: Watcher) -> None:
        async def commit(batch: ReceiptBatch) -> None:
            watcher.alive()
            if not batch.receipts:
                return
            await apply_receipts(shop, carrier.name, batch.receipts, places)
            if batch.cursor:
                await shop.db.tx(cursors.set, name, batch.cursor)

        cursor = await shop.db.read(cursors.get, name)
        await carrier.follow(cursor or "", commit)

    return Watcher(name, follow)


async def apply_receipts(
    shop: Shop,
    source: str,
    receipts: Sequence[DeliveryReceipt],
    places: asyncio.Semaphore | None = None,
) -> None:
    """Apply all receipts of the carrier ``source``, in as many transactions at once as ``places``
    allows. After an exception, the carrier must send them again."""
    places = places or asyncio.Semaphore(AT_ONCE)
    settle_on = shop.policies.messages.settles_on(source)

    async def apply(of_text: Sequence[DeliveryReceipt]) -> None:
        async with places:
            try:
                await shop.db.tx(record_receipts, source, of_text, settle_on)
            except Exception as error:
                if may_pass(error):
                    raise
                await _apply_each(shop, source, of_text)

    done = await asyncio.gather(*map(apply, _by_text(receipts)), return_exceptions=True)
    for error in done:
        if error is not None:
            raise error


async def _apply_each(shop: Shop, source: str, receipts: Sequence[DeliveryReceipt]) -> None:
    """Apply the receipts one by one; those that cannot be applied become dead letters."""
    settle_on = shop.policies.messages.settles_on(source)
    for receipt in receipts:
        name = f"sms:{source}"
        await record_event(
            shop.db, name, receipt.event_id, record_receipt, source, receipt, settle_on
        )


def _by_text(receipts: Sequence[DeliveryReceipt]) -> list[list[DeliveryReceipt]]:
    """The receipts grouped by text (our reference, or the part's id if the carrier omits it)."""
    texts: dict[str, list[DeliveryReceipt]] = {}
    for receipt in receipts:
        texts.setdefault(receipt.ref or receipt.part_id, []).append(receipt)
    return list(texts.values())
