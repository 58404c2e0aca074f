"""Watch the node and the carriers; apply what they tell, each event once.

A watcher gives its part a sink that commits, and follows it again for ever: from the cursor that
was stored with the last event, so that nothing is missed while either side was away.
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
    """Runs ``follow`` for ever; ``connected`` says whether it is at it."""

    def __init__(self, name: str, follow: Callable[[Watcher], Awaitable[None]]) -> None:
        self.name = name
        self.connected = False
        self.last_error = ""
        self._follow = follow
        self._delay_s = _FIRST_DELAY_S

    def alive(self) -> None:
        """The far end answered."""
        self.connected = True
        self.last_error = ""
        self._delay_s = _FIRST_DELAY_S

    async def follow(self) -> None:
        """Follow from where we stopped, until the far end is lost (``Unavailable``)."""
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
            else:  # it ended by itself, and begins anew
                await asyncio.sleep(_FIRST_DELAY_S)
                continue
            self.connected = False
            await asyncio.sleep(self._delay_s)
            self._delay_s = min(_LAST_DELAY_S, self._delay_s * 2)


def node_watcher(shop: Shop) -> Watcher:
    """Books every settled invoice of ours, also those settled while nobody was looking."""

    async def follow(watcher: Watcher) -> None:
        cursor = settled_cursor((await shop.node.info()).pubkey)
        after = int(await shop.db.read(cursors.get, cursor) or 0)
        watcher.alive()
        # A stream may fall silent without breaking. Asking anew, from the stored cursor, is the
        # look-up of everything that may have been missed.
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
    if booked is None:  # the audit tells of it, as of all that is settled and not in the books
        await shop.db.tx(cursors.set, cursor, str(invoice.settle_index))


def carrier_watcher(shop: Shop, carrier: VoiceCarrier) -> Watcher:
    """Applies what happens to the calls that ``carrier`` has of us."""
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
    """Returns when all events are in effect, those too that were missing before them."""
    gaps = await _apply_batch(shop, carrier, name, batch)
    for ref in gaps:
        await _fill(shop, carrier, ref)
    if gaps and batch.cursor:
        await shop.db.tx(cursors.set, name, batch.cursor)


async def _apply_batch(shop: Shop, carrier: VoiceCarrier, name: str, batch: EventBatch) -> set[str]:
    """The calls of which events are missing; with them, the cursor stays."""
    gaps_allowed = not isinstance(carrier, SupportsCallLookup)
    charge_on = shop.policies.calls.charge_on
    try:
        return await shop.db.tx(_apply, name, batch, charge_on, gaps_allowed=gaps_allowed)
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
    batch: EventBatch,
    charge_on: ChargeOn,
    *,
    gaps_allowed: bool,
) -> set[str]:
    """Events and cursor in one transaction; returns the calls of which events are missing.

    With gaps the cursor stays, so that the batch comes again if we end before they are filled.
    """
    gaps: set[str] = set()
    for event in batch.events:
        if not apply_event(tx, event, charge_on, gaps_allowed=gaps_allowed):
            gaps.add(event.ref)
    if not gaps and batch.cursor:
        cursors.set(tx, cursor_name, batch.cursor)
    return gaps


async def _fill(shop: Shop, carrier: VoiceCarrier, ref: str) -> None:
    assert isinstance(carrier, SupportsCallLookup)
    found = await carrier.find(ref)
    if found is not None:
        await apply_all(shop, carrier.name, found.events)
