"""Asks an SMS carrier again and again what became of the texts that it has, if it must be asked."""

from __future__ import annotations

import asyncio
from typing import Final

from ringbolt.app.shop import Shop
from ringbolt.sms.carrier import OpenText, SupportsSmsPolling
from ringbolt.store import messages
from ringbolt.worker.message_watcher import apply_receipts
from ringbolt.worker.watchers import Watcher

MOST: Final = 500
"""Parts of texts that are asked about at a time, the oldest first."""


def sms_poller(shop: Shop, name: str, carrier: SupportsSmsPolling) -> Watcher:
    """The watcher that asks the carrier ``name`` for the states of open texts."""

    async def follow(watcher: Watcher) -> None:
        while True:
            await poll_once(shop, name, carrier)
            watcher.alive()
            await asyncio.sleep(carrier.poll_every_s)

    return Watcher(f"sms-poll:{name}", follow)


async def poll_once(shop: Shop, name: str, carrier: SupportsSmsPolling) -> None:
    """Ask once for every open text, and apply what is told. Raises ``Unavailable``."""
    texts = await shop.db.read(messages.open_texts, name, MOST)
    if texts:
        receipts = await carrier.poll([OpenText(ref, part_ids) for ref, part_ids in texts])
        await apply_receipts(shop, name, receipts)
