"""Follow what the SMS carrier tells of texts; receipts and cursor are stored together."""

from __future__ import annotations

from ringbolt.app.shop import Shop
from ringbolt.app.take_receipt import SettleOn, take_receipts
from ringbolt.sms.carrier import ReceiptBatch
from ringbolt.store import cursors
from ringbolt.store.db import Tx
from ringbolt.worker.watchers import Watcher


def sms_watcher(shop: Shop) -> Watcher:
    """Applies the receipts of the texts that a carrier has of us."""
    name = f"sms:{shop.sms.name}"

    async def follow(watcher: Watcher) -> None:
        cursor = await shop.db.read(cursors.get, name) or ""
        async for batch in shop.sms.events(cursor):
            watcher.alive()
            if batch.receipts:
                await shop.db.tx(_take, name, shop.sms.name, batch, shop.settings.sms.settle_on)

    return Watcher(name, follow)


def _take(tx: Tx, cursor: str, carrier: str, batch: ReceiptBatch, settle_on: SettleOn) -> None:
    take_receipts(tx, carrier, batch, settle_on)
    cursors.set(tx, cursor, batch.cursor)
