"""Watch the hold invoice of every undecided order: one stream each, as LND has it.

LND's stream of all invoices says nothing of payments that are held or let go, so each is watched
by itself; a new stream tells the present state first, which is the look-up after a restart or an
outage. Orders placed meanwhile, here or on another machine, are found by a wake-up, and once a
minute by looking at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import structlog

from ringbolt.app.payments.record_hold import record_hold
from ringbolt.app.payments.start_fulfilment import HOLDS
from ringbolt.app.shop import Shop
from ringbolt.core.errors import Unavailable
from ringbolt.lightning.node import NODE_REFUSED, InvoiceState, SupportsHoldInvoices
from ringbolt.store import holds
from ringbolt.store.engine.db import Subscription
from ringbolt.store.holds import WatchedHold
from ringbolt.worker.watchers import Watcher

log = structlog.get_logger("ringbolt.holds")

LOOK_UP_EVERY_S = 60.0
OVERLAP_MS = 2000
"""On PostgreSQL an order may be committed after one that was created later."""
GATHER_S = 0.01
"""Orders that are placed in the same moment are looked for together."""
BREAK_S = 1.0
"""Before what broke is opened again."""
_NO_NEWS = frozenset({InvoiceState.OPEN, InvoiceState.SETTLED})
"""What ``take_invoice`` has nothing to do for."""
OPENING_AT_ONCE = 64
"""Streams being opened at the same time: after an outage there may be thousands."""
OPENING_S = 5.0
"""How long one may keep others from being opened: of an invoice that it does not know, LND says
nothing, for ever (invoiceregistry.go, deliverSingleBacklogEvents)."""


def hold_watcher(shop: Shop) -> Watcher | None:
    """Of the node that makes the shop's invoices; None if it cannot hold payments."""
    if not isinstance(shop.node, SupportsHoldInvoices):
        return None
    return Watcher("holds", _HoldStreams(shop, shop.node).follow)


class _HoldStreams:
    def __init__(
        self,
        shop: Shop,
        node: SupportsHoldInvoices,
        *,
        opening_s: float = OPENING_S,
        look_up_every_s: float = LOOK_UP_EVERY_S,
    ) -> None:
        self._opening_s = opening_s
        self._look_up_every_s = look_up_every_s
        self._shop = shop
        self._node = node
        self._streams: dict[str, asyncio.Task[None]] = {}
        self._opening = asyncio.Semaphore(OPENING_AT_ONCE)
        self._broken = False

    async def follow(self, watcher: Watcher) -> None:
        """Until the node is lost (``NodeUnavailable``); all is looked at anew then."""
        subscription = self._shop.db.listen(HOLDS)
        try:
            await self._shop.node.info()
            watcher.alive()
            await self._watch_all(subscription)
        finally:
            subscription.close()
            streams = list(self._streams.values())
            for stream in streams:
                stream.cancel()
            await asyncio.gather(*streams, return_exceptions=True)
            self._streams.clear()

    async def _watch_all(self, orders: Subscription) -> None:
        loop = asyncio.get_running_loop()
        since_ms, look_at_all = 0, 0.0
        while True:
            if loop.time() >= look_at_all or self._broken:
                self._broken, since_ms = False, 0
                look_at_all = loop.time() + self._look_up_every_s
                await self._shop.node.info()  # is it the node, or one stream?
            since_ms = await self._open_new(since_ms)
            while not await orders.wait(BREAK_S):
                if self._broken or loop.time() >= look_at_all:
                    break
            else:
                await asyncio.sleep(GATHER_S)

    async def _open_new(self, since_ms: int) -> int:
        """Watch what is not watched yet; from when on to look the next time, ms UTC."""
        undecided = await self._shop.db.read(holds.undecided, since_ms)
        # Of an invoice of another node this one would never say a word.
        found = [hold for hold in undecided if hold.node in ("", self._shop.node_name)]
        if not since_ms:
            self._end_decided({hold.order_id for hold in found})
        for hold in found:
            since_ms = max(since_ms, hold.created_ms - OVERLAP_MS)
            if hold.order_id not in self._streams:
                self._streams[hold.order_id] = asyncio.create_task(self._stream(hold))
        return since_ms

    def _end_decided(self, undecided: set[str]) -> None:
        """Nothing more is to be heard of these, and of some nothing ever would be."""
        for order_id, stream in self._streams.items():
            if order_id not in undecided:
                stream.cancel()

    async def _stream(self, hold: WatchedHold) -> None:
        try:
            await self._follow_invoice(hold)
        except Unavailable as error:
            if error.code != NODE_REFUSED:  # an invoice that the node does not know waits a minute
                self._broken = True
            log.debug("stream lost", order=hold.order_id, error=error.message)
        except Exception:  # it is opened again within a minute, and somebody should look
            log.exception("a hold cannot be followed", order=hold.order_id)
        finally:
            self._streams.pop(hold.order_id, None)

    async def _follow_invoice(self, hold: WatchedHold) -> None:
        payment_hash, policy = bytes.fromhex(hold.payment_hash), self._shop.policies.holds
        async with aclosing(self._node.watch_invoice(payment_hash)) as states:
            async with self._turn():
                status = await anext(states)
            while True:
                if status.state not in _NO_NEWS:
                    await self._shop.db.tx(record_hold, hold.order_id, status, policy)
                try:
                    status = await anext(states)
                except StopAsyncIteration:
                    return

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """One of the places to open a stream; others get it after ``opening_s`` at the latest."""
        await self._opening.acquire()
        place = [self._opening]

        def give_back() -> None:
            if place:
                place.pop().release()

        late = asyncio.get_running_loop().call_later(self._opening_s, give_back)
        try:
            yield
        finally:
            late.cancel()
            give_back()
