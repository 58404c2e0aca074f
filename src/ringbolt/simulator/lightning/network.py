"""A Lightning network of two: the shop's node and a payer's wallet, in play money.

It signs real BOLT11 invoices (``lnbcrt``), moves money between the two, holds, settles, cancels
and expires as LND does, on the world's clock, with a block every ten minutes. Every change is on
the disk before it is answered. The rules are in ``invoice`` and ``transfer``, each node's state in
``node``.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncGenerator
from functools import partial
from heapq import heappop, heappush
from typing import Final

import msgspec

from ringbolt.core.lightning import bolt11
from ringbolt.lightning.node import InvoiceState
from ringbolt.simulator.clock.world_time import WorldTime
from ringbolt.simulator.file.world_file import WorldFile
from ringbolt.simulator.lightning import invoice as rules
from ringbolt.simulator.lightning import transfer
from ringbolt.simulator.lightning.invoice import (
    BLOCK_MS,
    InvoiceRequest,
    RpcError,
    SimulatedInvoice,
)
from ringbolt.simulator.lightning.node import (
    Book,
    PaymentStatus,
    SimulatedNode,
    SimulatedPayment,
    derived,
)
from ringbolt.simulator.lightning.transfer import Change, Moment

WALLET_BALANCE_MSAT: Final = 10_000_000_000
"""What the wallet starts with: 10,000,000 sats. The shop starts with nothing."""
FIRST_HEIGHT: Final = 500
PAGE: Final = 100
_RANK = {
    InvoiceState.OPEN: 0,
    InvoiceState.ACCEPTED: 1,
    InvoiceState.SETTLED: 2,
    InvoiceState.CANCELED: 2,
}


class LightningNetwork:
    """All methods take the node that acts: ``network.shop`` or ``network.wallet``.

    Refusals raise ``RpcError`` with LND's code and message. Every change is made in memory at
    once, so that one of two that race wins, and is answered when it is on the disk.
    """

    def __init__(self, store: WorldFile, clock: WorldTime) -> None:
        self._store = store
        self._clock = clock
        self._secret = derived(store, "payment secrets")
        self._created_at_ms: int = store.genesis["created_at_ms"]
        self.shop = SimulatedNode("shop", store, 0)
        self.wallet = SimulatedNode("wallet", store, WALLET_BALANCE_MSAT)
        self._nodes = {node.name: node for node in (self.shop, self.wallet)}
        self._due: list[tuple[int, str, bytes]] = []
        self._last: asyncio.Future[list[int]] | None = None
        self._timers: asyncio.Task[None] | None = None
        self._closed = False
        self._unannounced: list[Change] = []
        store.on_recovery.append(self._announce_late)
        for node in self._nodes.values():
            for invoice in node.invoices.values():
                self._schedule(node, invoice)

    @property
    def block_height(self) -> int:
        return FIRST_HEIGHT + (self._clock.now_ms() - self._created_at_ms) // BLOCK_MS

    @property
    def now_s(self) -> int:
        return self._clock.now_ms() // 1000

    async def add_invoice(self, node: SimulatedNode, request: InvoiceRequest) -> SimulatedInvoice:
        """A new invoice; its payment hash must be new to the node."""
        self._pass_time()
        request = rules.checked(request)
        if node.find_invoice(request.payment_hash) is not None:
            raise RpcError(rules.UNKNOWN, "invoice with payment hash already exists")
        invoice = self._signed(node, request)
        change = Change()
        node.book.add_index = invoice.add_index
        change.invoice(node, invoice)
        change.books(node)
        self._schedule(node, invoice)
        await self._commit(change)
        return invoice

    def _signed(self, node: SimulatedNode, request: InvoiceRequest) -> SimulatedInvoice:
        now_s = self.now_s
        secret = hmac.digest(self._secret, request.payment_hash, "sha256")
        try:
            text = bolt11.encode(
                network=rules.NETWORK,
                amount_msat=request.amount_msat or None,
                timestamp_s=now_s,
                payment_hash=request.payment_hash,
                payment_secret=secret,
                private_key=node.private_key,
                description=None if request.description_hash else request.memo,
                description_hash=request.description_hash or None,
                expiry_s=request.expiry_s,
                min_final_cltv=request.cltv_blocks,
            )
        except bolt11.Bolt11Error as error:
            raise RpcError(rules.UNKNOWN, str(error)) from None
        return SimulatedInvoice(
            payment_hash=request.payment_hash,
            preimage=request.preimage,
            payment_secret=secret,
            bolt11=text,
            memo=request.memo,
            description_hash=request.description_hash,
            amount_msat=request.amount_msat,
            created_at_s=now_s,
            expiry_s=request.expiry_s,
            cltv_blocks=request.cltv_blocks,
            add_index=node.book.add_index + 1,
        )

    async def settle_invoice(self, node: SimulatedNode, preimage: bytes) -> None:
        """Settle a held payment; nothing happens if it is settled already."""
        self._pass_time()
        if len(preimage) != 32:
            raise RpcError(rules.UNKNOWN, f"invalid preimage length of {len(preimage)}, want 32")
        before = node.find_invoice(hashlib.sha256(preimage).digest())
        after = rules.settled(before, preimage, node.book.settle_index + 1, self.now_s)
        if after is before:
            await self._flush()
            return
        change = Change()
        transfer.settle(change, self._payer(after), node, after)
        await self._commit(change)

    async def cancel_invoice(self, node: SimulatedNode, payment_hash: bytes) -> None:
        """Cancel an invoice and return what it holds; nothing happens the second time."""
        self._pass_time()
        before = node.find_invoice(payment_hash)
        after = rules.canceled(before, self.now_s)
        if after is before:
            await self._flush()
            return
        assert before is not None
        change = Change()
        transfer.cancel(change, self._payer(before), node, before, after)
        await self._commit(change)

    async def find_invoice(
        self, node: SimulatedNode, payment_hash: bytes
    ) -> SimulatedInvoice | None:
        self._pass_time()
        invoice = node.find_invoice(payment_hash)
        await self._flush()
        return invoice

    async def list_invoices(
        self, node: SimulatedNode, after: int, limit: int, pending_only: bool
    ) -> list[SimulatedInvoice]:
        """Invoices by add index, from the first above ``after``."""
        self._pass_time()
        await self._flush()
        if not pending_only:
            return [invoice for _, invoice in node.added_after(after, limit)]
        pending = (
            invoice
            for invoice in node.invoices.values()
            if not invoice.is_final and invoice.add_index > after
        )
        return sorted(pending, key=lambda invoice: invoice.add_index)[:limit]

    async def list_payments(
        self, node: SimulatedNode, *, after: int, limit: int, since_s: int, incomplete: bool
    ) -> list[SimulatedPayment]:
        """Payments by index, from the first above ``after``; without ``incomplete`` only those that
        succeeded."""
        self._pass_time()
        await self._flush()
        found = (
            payment
            for payment in node.all_payments()
            if payment.payment_index > after
            and payment.created_at_ms >= since_s * 1000
            and (incomplete or payment.status is PaymentStatus.SUCCEEDED)
        )
        return sorted(found, key=lambda payment: payment.payment_index)[:limit]

    async def watch_invoice(
        self, node: SimulatedNode, payment_hash: bytes
    ) -> AsyncGenerator[SimulatedInvoice, None]:
        """The invoice now and at every change; waits for one that does not exist yet.

        It ends when the invoice is final, as LND's does (invoices_server.go: IsFinal).
        """
        with node.invoice_news.listen(payment_hash) as queue:
            invoice = await self.find_invoice(node, payment_hash)
            rank = -1
            if invoice is not None:
                rank = _RANK[invoice.state]
                yield invoice
            while not (invoice and invoice.is_final) and (news := await queue.get()) is not None:
                if _RANK[news.state] > rank:
                    rank = _RANK[news.state]
                    yield (invoice := news)

    async def subscribe_invoices(
        self, node: SimulatedNode, add_index: int, settle_index: int
    ) -> AsyncGenerator[SimulatedInvoice, None]:
        """Invoices added and settled from now on; an index above 0 includes those after it.

        As with LND, held and cancelled ones are never reported, and index 0 means "from now on",
        not "from the beginning".
        """
        with node.invoice_news.listen(b"") as queue:
            self._pass_time()
            await self._flush()
            while add_index > 0 and (added := node.added_after(add_index, PAGE)):
                for _, invoice in added:
                    yield invoice
                add_index = added[-1][0]
            while settle_index > 0 and (settled := node.settled_after(settle_index, PAGE)):
                for _, invoice in settled:
                    yield invoice
                settle_index = settled[-1][0]
            while (news := await queue.get()) is not None:
                is_added = news.state is InvoiceState.OPEN and news.add_index > add_index
                is_settled = news.state is InvoiceState.SETTLED and news.settle_index > settle_index
                if is_added or is_settled:
                    yield news

    async def send_payment(
        self, payer: SimulatedNode, text: str, amount_msat: int = 0
    ) -> SimulatedPayment:
        """Pay an invoice; IN_FLIGHT if it is held. ``amount_msat`` only for amountless ones.

        Raises ``RpcError`` for what the payer's own node refuses; what fails on the way or at
        the payee is a FAILED payment.
        """
        self._pass_time()
        terms = transfer.payable(payer, text, amount_msat, self.now_s)
        payer.book.payment_index += 1
        payment = SimulatedPayment(
            payment_hash=terms.payment_hash,
            bolt11=text,
            amount_msat=terms.amount_msat or amount_msat,
            payment_index=payer.book.payment_index,
            created_at_ms=self._clock.now_ms(),
        )
        payee = next((node for node in self._nodes.values() if node.pubkey == terms.payee), None)
        change = Change()
        moment = Moment(self.now_s, self.block_height)
        sent = transfer.send(change, payer, payee, terms, payment, moment)
        if sent.status is PaymentStatus.IN_FLIGHT and payee is not None:
            self._schedule(payee, payee.invoices[sent.payment_hash])
        await self._commit(change)
        return sent

    async def find_payment(
        self, node: SimulatedNode, payment_hash: bytes
    ) -> SimulatedPayment | None:
        self._pass_time()
        payment = node.find_payment(payment_hash)
        await self._flush()
        return payment

    async def track_payment(
        self, node: SimulatedNode, payment_hash: bytes
    ) -> AsyncGenerator[SimulatedPayment, None]:
        """The payment now, and once more when it is final. Raises ``RpcError`` if unknown."""
        with node.payment_news.listen(payment_hash) as queue:
            payment = await self.find_payment(node, payment_hash)
            if payment is None:
                raise RpcError(rules.NOT_FOUND, "payment isn't initiated")
            yield payment
            while payment.status is PaymentStatus.IN_FLIGHT:
                payment = await queue.get()
                if payment is None:
                    return
                if payment.status is not PaymentStatus.IN_FLIGHT:
                    yield payment

    async def book(self, node: SimulatedNode) -> Book:
        """The node's balances now."""
        self._pass_time()
        book = msgspec.structs.replace(node.book)
        await self._flush()
        return book

    async def refill(self) -> None:
        """Give the wallet as much play money as it had at first, once half of it is spent."""
        self._pass_time()
        book = self.wallet.book
        if book.balance_msat + book.held_out_msat > WALLET_BALANCE_MSAT // 2:
            return
        book.balance_msat = WALLET_BALANCE_MSAT - book.held_out_msat
        change = Change()
        change.books(self.wallet)
        await self._commit(change)

    def close(self) -> None:
        """Stop the timers and end every stream; calls are refused from now on."""
        self._closed = True
        if self._timers is not None and not self._timers.get_loop().is_closed():
            self._timers.cancel()
        for node in self._nodes.values():
            node.stop()

    def _pass_time(self) -> None:
        """Run what is due. Every call begins with it, so that none sees a late timer."""
        if self._closed:
            raise RpcError(rules.UNAVAILABLE, "the node is shutting down")
        if self._timers is None or self._timers.done():
            self._timers = asyncio.create_task(self._keep_time())
        while self._due and self._due[0][0] <= self._clock.now_ms():
            _, name, payment_hash = heappop(self._due)
            self._expire(self._nodes[name], payment_hash)

    def _expire(self, node: SimulatedNode, payment_hash: bytes) -> None:
        before = node.invoices.get(payment_hash)
        if before is None or before.is_final or self._due_at(before) > self._clock.now_ms():
            return
        change = Change()
        after = rules.canceled(before, self.now_s)
        transfer.cancel(change, self._payer(before), node, before, after)
        self._submit(change)

    def _payer(self, invoice: SimulatedInvoice) -> SimulatedNode | None:
        return None if invoice.htlc is None else self._nodes[invoice.htlc.payer]

    def _due_at(self, invoice: SimulatedInvoice) -> int:
        if invoice.state is InvoiceState.OPEN:
            return invoice.expires_at_s * 1000
        return self._created_at_ms + (invoice.give_up_height - FIRST_HEIGHT) * BLOCK_MS

    def _schedule(self, node: SimulatedNode, invoice: SimulatedInvoice) -> None:
        heappush(self._due, (self._due_at(invoice), node.name, invoice.payment_hash))

    async def _keep_time(self) -> None:
        while True:
            # At least once a second: an invoice added meanwhile may be due before the next.
            latest_ms = self._clock.now_ms() + 1000
            next_ms = min(self._due[0][0], latest_ms) if self._due else latest_ms
            await self._clock.sleep_until(next_ms)
            self._pass_time()

    def _submit(self, change: Change) -> asyncio.Future[list[int]]:
        self._last = self._store.submit(change.puts)
        self._last.add_done_callback(partial(self._announce, change))
        return self._last

    def _announce(self, change: Change, written: asyncio.Future[list[int]]) -> None:
        if written.cancelled():
            return
        if written.exception() is not None:  # it is written later, if at all
            self._unannounced.append(change)
            return
        for node, news in change.news:
            node.announce(news)

    def _announce_late(self) -> None:
        """The file took what it had refused."""
        late, self._unannounced = self._unannounced, []
        for change in late:
            for node, news in change.news:
                node.announce(news)

    async def _commit(self, change: Change) -> None:
        # Shielded: a caller that disconnects must not stop the announcement to the others.
        await asyncio.shield(self._submit(change))

    async def _flush(self) -> None:
        """Return once everything seen so far is on the disk."""
        if self._last is not None and not self._last.done():
            await asyncio.shield(self._last)
