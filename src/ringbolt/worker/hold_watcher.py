"""Watches the hold invoice of every undecided order, with one LND stream per invoice.

LND's stream of all invoices does not report payments that are held or cancelled, so each invoice
has its own stream. A new stream reports the current state first, so it also serves as the look-up
after a restart or an outage. Where thousands are to be opened, payments that arrived meanwhile are
first taken from the node's list of pending invoices, if it has one. New orders, of this or another
machine, are found by a wake-up, and once a minute by reading all undecided orders.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

import structlog

from ringbolt.app.payments.record_hold import record_hold
from ringbolt.app.payments.start_fulfilment import HOLDS
from ringbolt.app.shop import Shop
from ringbolt.core.errors import Unavailable
from ringbolt.lightning.node import (
    NODE_REFUSED,
    InvoiceState,
    InvoiceStatus,
    ListsPendingInvoices,
    SupportsHoldInvoices,
)
from ringbolt.store import holds
from ringbolt.store.engine.db import Subscription
from ringbolt.store.holds import WatchedHold
from ringbolt.worker.watchers import Watcher

log = structlog.get_logger("ringbolt.holds")

LOOK_UP_EVERY_S = 60.0
OVERLAP_MS = 2000
"""How far back each look for new orders goes: on PostgreSQL an order may be committed after one
that was created later."""
GATHER_S = 0.01
"""How long to wait after a wake-up, to read orders placed at the same time together."""
BREAK_S = 1.0
"""How long to wait before broken streams are opened again."""
_NO_NEWS = frozenset({InvoiceState.OPEN, InvoiceState.SETTLED})
"""States for which ``record_hold`` has nothing to do."""
OPENING_AT_ONCE = 64
"""Streams being opened at the same time: after an outage there may be thousands."""
PAID_AT_ONCE = 4
"""Of these, for payments that are recorded: their orders move without a stream, which is there to
report a payment that is lost, so it leaves the CPU to what they do next."""
LIST_S = 5.0
"""How long the node's list of pending invoices may take, before the streams are opened anyway."""
OPENING_S = 5.0
"""How long one stream may occupy a place while it is opened: for an invoice that LND does not
know, it never sends anything (invoiceregistry.go, deliverSingleBacklogEvents)."""


def hold_watcher(shop: Shop) -> Watcher | None:
    """The watcher for the node that makes the shop's invoices; None if it cannot hold payments."""
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
        self._opening_paid = asyncio.Semaphore(PAID_AT_ONCE)
        self._broken = False

    async def follow(self, watcher: Watcher) -> None:
        """Watch all holds until the node is lost (raises ``NodeUnavailable``)."""
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
                await self._shop.node.info()  # raises if the node is lost, not only a stream
            since_ms = await self._open_new(since_ms)
            while not await orders.wait(BREAK_S):
                if self._broken or loop.time() >= look_at_all:
                    break
            else:
                await asyncio.sleep(GATHER_S)

    async def _open_new(self, since_ms: int) -> int:
        """Open streams for holds without one; returns the time (ms UTC) from which to look next."""
        undecided = await self._shop.db.read(holds.undecided, since_ms)
        # This node never sends anything about invoices of another node.
        found = [hold for hold in undecided if hold.node in ("", self._shop.node_name)]
        if not since_ms:
            self._end_decided({hold.order_id for hold in found})
        new = [hold for hold in found if hold.order_id not in self._streams]
        if len(new) > OPENING_AT_ONCE:
            new = await self._record_listed(new)
        for hold in new:
            self._streams[hold.order_id] = asyncio.create_task(self._stream(hold))
        return max([since_ms, *(hold.created_ms - OVERLAP_MS for hold in found)])

    async def _record_listed(self, new: list[WatchedHold]) -> list[WatchedHold]:
        """Record the held payments that the node lists; returns the holds as they are then.

        Without it, the last of thousands of payments that arrived while no worker ran waits until
        all streams are open.
        """
        held = await self._list_held({hold.payment_hash for hold in new if not hold.is_paid})
        places = asyncio.Semaphore(OPENING_AT_ONCE)

        async def recorded(hold: WatchedHold) -> WatchedHold:
            status = held.get(hold.payment_hash)
            if status is None:
                return hold
            try:
                async with places:
                    await self._record(hold, status)
            except Exception:  # its stream reports the payment again
                log.exception("a listed payment cannot be recorded", order=hold.order_id)
                return hold
            return replace(hold, is_paid=True)

        return await asyncio.gather(*map(recorded, new))

    async def _list_held(self, unpaid: set[str]) -> dict[str, InvoiceStatus]:
        """The held payments by payment hash (hex), of those in ``unpaid``."""
        held: dict[str, InvoiceStatus] = {}
        if not unpaid or not isinstance(self._node, ListsPendingInvoices):
            return held
        try:
            async with asyncio.timeout(LIST_S), aclosing(self._node.list_pending()) as pending:
                async for status in pending:
                    name = status.payment_hash.hex()
                    if name in unpaid and status.state is InvoiceState.ACCEPTED:
                        held[name] = status
        except (Unavailable, TimeoutError) as error:
            log.info("pending invoices cannot be listed", error=str(error))
        return held

    async def _record(self, hold: WatchedHold, status: InvoiceStatus) -> None:
        await self._shop.db.tx(record_hold, hold.order_id, status, self._shop.policies.holds)

    def _end_decided(self, undecided: set[str]) -> None:
        """End the streams of orders that are decided; LND would keep some of them open forever."""
        for order_id, stream in self._streams.items():
            if order_id not in undecided:
                stream.cancel()

    async def _stream(self, hold: WatchedHold) -> None:
        try:
            await self._follow_invoice(hold)
        except Unavailable as error:
            if error.code != NODE_REFUSED:  # unknown to the node: tried again within a minute
                self._broken = True
            log.debug("stream lost", order=hold.order_id, error=error.message)
        except Exception:  # opened again within a minute; the log is for the operator
            log.exception("a hold cannot be followed", order=hold.order_id)
        finally:
            self._streams.pop(hold.order_id, None)

    async def _follow_invoice(self, hold: WatchedHold) -> None:
        payment_hash, is_known = bytes.fromhex(hold.payment_hash), hold.is_paid
        async with aclosing(self._node.watch_invoice(payment_hash)) as states:
            async with self._turn(self._opening_paid if is_known else self._opening):
                status = await anext(states)
            while True:
                is_known = is_known and status.state is InvoiceState.ACCEPTED
                if status.state not in _NO_NEWS and not is_known:
                    await self._record(hold, status)
                try:
                    status = await anext(states)
                except StopAsyncIteration:
                    return

    @asynccontextmanager
    async def _turn(self, places: asyncio.Semaphore) -> AsyncIterator[None]:
        """Hold one of the places for opening a stream, for at most ``opening_s``."""
        await places.acquire()
        place = [places]

        def release() -> None:
            if place:
                place.pop().release()

        late = asyncio.get_running_loop().call_later(self._opening_s, release)
        try:
            yield
        finally:
            late.cancel()
            release()
