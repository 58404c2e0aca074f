"""Watch the node and the carriers, and apply each of their events once.

A watcher passes its part a sink that commits events. When the part is lost, the watcher follows it
again from the cursor that was stored with the last event, so that no event is missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress

import structlog

from ringbolt.app.calls.check_call import apply_all
from ringbolt.app.calls.record_outcome import apply_event
from ringbolt.app.dead_letters import record_event
from ringbolt.app.payments.record_settlement import record_settlement, settled_cursor
from ringbolt.app.policies import ChargeOn
from ringbolt.app.shop import Shop
from ringbolt.core.errors import Unavailable
from ringbolt.lightning.node import InvoiceStatus
from ringbolt.store import cursors
from ringbolt.store.engine.db import Tx, may_pass
from ringbolt.voice.carrier import EventBatch, SupportsCallLookup, VoiceCarrier

log = structlog.get_logger("ringbolt.watch")

_FIRST_DELAY_S = 0.25
_LAST_DELAY_S = 15.0
LOOK_UP_EVERY_S = 60.0


class Watcher:
    """Runs ``follow`` again and again; ``connected``: whether the far end answers."""

    def __init__(self, name: str, follow: Callable[[Watcher], Awaitable[None]]) -> None:
        self.name = name
        self.connected = False
        self.last_error = ""
        self._follow = follow
        self._delay_s = _FIRST_DELAY_S

    def alive(self) -> None:
        """Record that the far end answered."""
        self.connected = True
        self.last_error = ""
        self._delay_s = _FIRST_DELAY_S

    async def follow(self) -> None:
        """Follow from the stored cursor until the far end is lost (raises ``Unavailable``)."""
        await self._follow(self)

    async def run(self) -> None:
        while True:
            try:
                await self.follow()
            except Unavailable as error:
                if self.last_error != error.message:
                    log.warning("lost", watching=self.name, error=error.message)
                self.last_error = error.message
            except Exception:
                log.exception("watcher failed", watching=self.name)
                self.last_error = "internal fault, see the log"
            else:  # it ended without an error: follow again
                await asyncio.sleep(_FIRST_DELAY_S)
                continue
            self.connected = False
            await asyncio.sleep(self._delay_s)
            self._delay_s = min(_LAST_DELAY_S, self._delay_s * 2)


def node_watcher(shop: Shop) -> Watcher:
    """The watcher that books our settled invoices, also those settled while no process ran."""

    async def follow(watcher: Watcher) -> None:
        cursor = settled_cursor((await shop.node.info()).pubkey)
        after = int(await shop.db.read(cursors.get, cursor) or 0)
        watcher.alive()
        # A stream may become silent without an error. So follow again every LOOK_UP_EVERY_S, from
        # the stored cursor: that finds everything that the stream may have missed.
        async with aclosing(shop.node.settled_invoices(after)) as settled:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_UP_EVERY_S):
                    async for invoice in settled:
                        await _book(shop, cursor, invoice)

    return Watcher("node", follow)


async def _book(shop: Shop, cursor: str, invoice: InvoiceStatus) -> None:
    name = invoice.payment_hash.hex()
    booked = await record_event(
        shop.db, "node", name, record_settlement, shop.keyring, cursor, invoice
    )
    if booked is None:  # not applicable; the audit reports settled invoices that are not booked
        await shop.db.tx(cursors.set, cursor, str(invoice.settle_index))


def carrier_watcher(shop: Shop, carrier: VoiceCarrier) -> Watcher:
    """The watcher that applies the events of our calls at ``carrier``."""
    name = f"carrier:{carrier.name}"

    async def follow(watcher: Watcher) -> None:
        async def commit(batch: EventBatch) -> None:
            watcher.alive()
            if batch.events:
                await _commit_events(shop, carrier, name, batch)

        cursor = await shop.db.read(cursors.get, name)
        await carrier.follow(cursor or "", commit)

    return Watcher(name, follow)


async def _commit_events(shop: Shop, carrier: VoiceCarrier, name: str, batch: EventBatch) -> None:
    """Apply a batch, and look up events that are missing before it."""
    gaps = await _apply_batch(shop, carrier, name, batch)
    for ref in gaps:
        await _fill(shop, carrier, ref)
    if gaps and batch.cursor:
        await shop.db.tx(cursors.set, name, batch.cursor)


async def _apply_batch(shop: Shop, carrier: VoiceCarrier, name: str, batch: EventBatch) -> set[str]:
    """Apply a batch; returns the calls with missing events (then the cursor is not stored)."""
    gaps_allowed = not isinstance(carrier, SupportsCallLookup)
    charge_on = shop.policies.calls.charge_on
    try:
        return await shop.db.tx(
            _apply, name, carrier.name, batch, charge_on, gaps_allowed=gaps_allowed
        )
    except Exception as error:
        if may_pass(error):
            raise
    gaps = await apply_all(shop, carrier.name, batch.events, gaps_allowed=gaps_allowed)
    if not gaps and batch.cursor:
        await shop.db.tx(cursors.set, name, batch.cursor)
    return gaps


def _apply(
    tx: Tx,
    cursor_name: str,
    carrier: str,
    batch: EventBatch,
    charge_on: ChargeOn,
    *,
    gaps_allowed: bool,
) -> set[str]:
    """Apply events and store the cursor in one transaction; returns the calls with missing events.

    With gaps the cursor is not stored, so that the batch comes again if the process ends before
    the gaps are filled.
    """
    gaps: set[str] = set()
    for event in batch.events:
        if not apply_event(tx, event, charge_on, carrier=carrier, gaps_allowed=gaps_allowed):
            gaps.add(event.ref)
    if not gaps and batch.cursor:
        cursors.set(tx, cursor_name, batch.cursor)
    return gaps


async def _fill(shop: Shop, carrier: VoiceCarrier, ref: str) -> None:
    assert isinstance(carrier, SupportsCallLookup)
    found = await carrier.find(ref)
    if found is not None:
        await apply_all(shop, carrier.name, found.events)
