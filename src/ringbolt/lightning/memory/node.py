"""A Lightning node in memory with LND's rules: a settled invoice cannot be cancelled, and an
invoice is paid only once. Its invoices have valid signatures, but no money moves."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Final

from ringbolt.clock import Clock
from ringbolt.core.errors import NodeUnavailable
from ringbolt.core.lightning import bolt11
from ringbolt.lightning.node import (
    NODE_REFUSED,
    Invoice,
    InvoiceState,
    InvoiceStatus,
    NodeInfo,
    PaymentFailed,
    PaymentMade,
    PaymentOutcome,
    PaymentSucceeded,
    PaymentUnknown,
)

NETWORK: Final = "regtest"
WALLET_KEY: Final = b"\x77" * 32
REFUSED_HTLC: Final = "FAILURE_REASON_INCORRECT_PAYMENT_DETAILS"
_CLTV_MARGIN: Final = 3
"""Blocks that a payer adds to what the invoice asks for."""
_FINAL: Final = frozenset({InvoiceState.SETTLED, InvoiceState.CANCELED})


class MemoryNode:
    """Implements ``LightningNode``, ``SupportsHoldInvoices``, ``SupportsPayments``,
    ``ListsPayments`` and ``ListsPendingInvoices``.

    ``peers``: the nodes whose invoices it pays for real; any other invoice is simply paid.
    ``invoices`` are all of its own, ``settled`` those that settled, in order. ``paid_out`` counts
    what left the node, in msat by payment hash; ``known`` are the payments, begun at ``begun_ms``.
    ``outcomes`` are given to the next payments instead of a success. ``down`` makes everything
    ``NodeUnavailable``. ``height``: the last block. ``stays_connected``: if False, the stream of
    settled invoices ends after the last one.
    """

    def __init__(self, clock: Clock, name: str = "memory") -> None:
        self.name = name
        self.peers: list[MemoryNode] = []
        self.invoices: dict[bytes, InvoiceStatus] = {}
        self.settled: list[InvoiceStatus] = []
        self.paid_out: dict[bytes, int] = {}
        self.known: dict[bytes, PaymentOutcome] = {}
        self.begun_ms: dict[bytes, int] = {}
        self.outcomes: deque[PaymentOutcome] = deque()
        self.down = False
        self.height = 800_000
        self.stays_connected = True
        self._clock = clock
        self._key = hashlib.sha256(f"memory node {name}".encode()).digest()
        self._preimages: dict[bytes, bytes] = {}
        self._cltv: dict[bytes, int] = {}
        self._news = asyncio.Event()

    # What the world does

    def receive(self, payment_hash: bytes, amount_msat: int, memo: str) -> None:
        """Somebody pays an invoice of ours, wherever it was made."""
        self.invoices[payment_hash] = self._status(payment_hash, amount_msat, memo, "")
        self._settle(payment_hash)

    def accept(self, payment_hash: bytes) -> InvoiceStatus:
        """Somebody pays a hold invoice: the payment is held. Raises ``ValueError`` if it cannot be
        paid."""
        if self.invoices[payment_hash].state is not InvoiceState.OPEN:
            raise ValueError("only an open invoice can be paid")
        blocks = self._cltv.get(payment_hash, 80) + _CLTV_MARGIN
        return self._change(
            payment_hash, state=InvoiceState.ACCEPTED, expiry_height=self.height + blocks
        )

    def hold(self, payment_hash: bytes, amount_msat: int, memo: str) -> None:
        """Somebody pays a hold invoice that was made elsewhere."""
        self.invoices[payment_hash] = self._status(payment_hash, amount_msat, memo, "")
        self.accept(payment_hash)

    def lose(self, payment_hash: bytes) -> None:
        """A held payment falls back to the payer, near its last block."""
        self._cancel(payment_hash)

    # What the shop asks

    def _check(self) -> None:
        if self.down:
            raise NodeUnavailable("The node is down.")

    async def info(self) -> NodeInfo:
        self._check()
        pubkey = bolt11.payee(self._key).hex()
        return NodeInfo(self.name, pubkey, "1", NETWORK, True, self.height)

    async def create_invoice(
        self, amount_msat: int, memo: str, expiry_s: int, preimage: bytes
    ) -> Invoice:
        payment_hash = hashlib.sha256(preimage).digest()
        self._preimages.setdefault(payment_hash, preimage)
        return self._create(payment_hash, amount_msat, memo, expiry_s)

    async def create_hold_invoice(
        self, payment_hash: bytes, amount_msat: int, memo: str, expiry_s: int, cltv_blocks: int
    ) -> Invoice:
        self._cltv.setdefault(payment_hash, cltv_blocks)
        return self._create(payment_hash, amount_msat, memo, expiry_s)

    def _create(self, payment_hash: bytes, amount_msat: int, memo: str, expiry_s: int) -> Invoice:
        self._check()
        found = self.invoices.get(payment_hash)
        if found is None:
            now_s = self._clock.now_ms() // 1000
            text = invoice_of(self._key, payment_hash, amount_msat, memo, now_s, expiry_s)
            found = self._status(payment_hash, amount_msat, memo, text)
            self.invoices[payment_hash] = found
        elif (found.amount_msat, found.memo) != (amount_msat, memo):
            raise _refusal("invoice with payment hash already exists")
        made = bolt11.decode(found.bolt11)
        return Invoice(payment_hash, found.bolt11, amount_msat, made.expires_at_s * 1000)

    async def lookup_invoice(self, payment_hash: bytes) -> InvoiceStatus | None:
        self._check()
        return self.invoices.get(payment_hash)

    async def list_settled(self) -> AsyncGenerator[InvoiceStatus, None]:
        self._check()
        for invoice in self.settled:
            yield invoice

    async def list_pending(self) -> AsyncGenerator[InvoiceStatus, None]:
        self._check()
        for invoice in [*self.invoices.values()]:
            if invoice.state not in _FINAL:
                yield invoice

    async def settled_invoices(self, after: int) -> AsyncGenerator[InvoiceStatus, None]:
        while True:
            news = self._news
            for invoice in self.settled[after:]:
                self._check()
                yield invoice
                after = invoice.settle_index
            if len(self.settled) > after:
                continue
            if not self.stays_connected:
                raise NodeUnavailable("the stream ended")
            await news.wait()

    async def watch_invoice(self, payment_hash: bytes) -> AsyncGenerator[InvoiceStatus, None]:
        reported: InvoiceStatus | None = None
        while reported is None or reported.state not in _FINAL:
            self._check()
            news = self._news
            found = self._found(payment_hash)
            if found != reported:
                reported = found
                yield found
            else:
                await news.wait()

    async def settle_invoice(self, preimage: bytes) -> None:
        self._check()
        payment_hash = hashlib.sha256(preimage).digest()
        match self._found(payment_hash).state:
            case InvoiceState.OPEN:
                raise _refusal("invoice still open")
            case InvoiceState.CANCELED:
                raise _refusal("invoice already canceled")
            case InvoiceState.ACCEPTED:
                self._preimages[payment_hash] = preimage
                self._settle(payment_hash)

    async def cancel_invoice(self, payment_hash: bytes) -> None:
        self._check()
        match self._found(payment_hash).state:
            case InvoiceState.SETTLED:
                raise _refusal("invoice already settled")
            case InvoiceState.OPEN | InvoiceState.ACCEPTED:
                self._cancel(payment_hash)

    async def pay(self, bolt11: str, max_fee_msat: int, timeout_s: int) -> PaymentOutcome:
        self._check()
        try:
            invoice = _decode(bolt11)
        except ValueError as error:
            return PaymentFailed(f"invalid payment request: {error}")
        if invoice.payment_hash in self.invoices:
            return PaymentFailed("self-payments not allowed")
        before = self.known.get(invoice.payment_hash)
        if before is None or isinstance(before, PaymentFailed):
            self._send(invoice.payment_hash, invoice.amount_msat or 0)
        return await self._outcome(invoice.payment_hash, timeout_s)

    async def lookup_payment(self, payment_hash: bytes) -> PaymentOutcome | None:
        self._check()
        return self._look(payment_hash)

    async def list_payments(self, since_ms: int) -> AsyncGenerator[PaymentMade, None]:
        self._check()
        for payment_hash, begun_ms in self.begun_ms.items():
            outcome = self._look(payment_hash)
            if isinstance(outcome, PaymentSucceeded) and begun_ms >= since_ms:
                amount_msat = self.paid_out[payment_hash] - outcome.fee_msat
                yield PaymentMade(payment_hash, amount_msat, outcome.fee_msat, begun_ms)

    async def close(self) -> None: ...

    # Payments

    def _send(self, payment_hash: bytes, amount_msat: int) -> None:
        payee = self._payee(payment_hash)
        if self.outcomes:
            outcome = self.outcomes.popleft()
        elif payee is None:
            outcome = PaymentSucceeded(b"\1" * 32, 0)
        elif payee.invoices[payment_hash].state is not InvoiceState.OPEN:
            outcome = PaymentFailed(REFUSED_HTLC)
        else:
            outcome = PaymentUnknown("in flight")
            payee.accept(payment_hash)
            if payment_hash in payee._preimages:
                payee._settle(payment_hash)
        self.known[payment_hash] = outcome
        self.begun_ms[payment_hash] = self._clock.now_ms()
        if isinstance(outcome, PaymentSucceeded):
            self._count(payment_hash, amount_msat + outcome.fee_msat)

    def _look(self, payment_hash: bytes) -> PaymentOutcome | None:
        """What became of a payment; one in flight is as far as its payee's invoice."""
        payee = self._payee(payment_hash)
        if payee is None or not isinstance(self.known.get(payment_hash), PaymentUnknown):
            return self.known.get(payment_hash)
        invoice = payee.invoices[payment_hash]
        if invoice.state is InvoiceState.CANCELED:
            self.known[payment_hash] = PaymentFailed(REFUSED_HTLC)
        elif invoice.state is InvoiceState.SETTLED:
            self.known[payment_hash] = PaymentSucceeded(payee._preimages[payment_hash], 0)
            self._count(payment_hash, invoice.amount_msat)
        return self.known[payment_hash]

    async def _outcome(self, payment_hash: bytes, timeout_s: int) -> PaymentOutcome:
        """How it ended, or that it is in flight still."""
        payee = self._payee(payment_hash)
        if payee is None:
            return self.known[payment_hash]
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    news, outcome = payee._news, self._look(payment_hash)
                    is_held = payee.invoices[payment_hash].state is InvoiceState.ACCEPTED
                    if outcome is not None and not (is_held and _is_open(outcome)):
                        return outcome
                    await news.wait()
        except TimeoutError:
            return PaymentUnknown("still in flight")

    def _payee(self, payment_hash: bytes) -> MemoryNode | None:
        return next((peer for peer in self.peers if payment_hash in peer.invoices), None)

    def _count(self, payment_hash: bytes, amount_msat: int) -> None:
        self.paid_out[payment_hash] = self.paid_out.get(payment_hash, 0) + amount_msat

    # Invoices

    def _status(self, payment_hash: bytes, amount_msat: int, memo: str, text: str) -> InvoiceStatus:
        now_ms = self._clock.now_ms()
        return InvoiceStatus(payment_hash, InvoiceState.OPEN, amount_msat, 0, memo, text, now_ms)

    def _found(self, payment_hash: bytes) -> InvoiceStatus:
        found = self.invoices.get(payment_hash)
        if found is None:
            raise _refusal("unable to locate invoice")
        return found

    def _settle(self, payment_hash: bytes) -> None:
        settled = self._change(
            payment_hash,
            state=InvoiceState.SETTLED,
            settled_at_ms=self._clock.now_ms(),
            settle_index=len(self.settled) + 1,
            preimage=self._preimages.get(payment_hash),
            expiry_height=None,
        )
        self.settled.append(settled)

    def _cancel(self, payment_hash: bytes) -> None:
        self._change(payment_hash, state=InvoiceState.CANCELED, expiry_height=None)

    def _change(self, payment_hash: bytes, **changes: object) -> InvoiceStatus:
        invoice = self.invoices[payment_hash]
        paid = changes["state"] is not InvoiceState.CANCELED or invoice.amount_paid_msat
        amount_paid_msat = invoice.amount_msat if paid else 0
        changed = replace(invoice, amount_paid_msat=amount_paid_msat, **changes)  # type: ignore[arg-type]
        self.invoices[payment_hash] = changed
        self._news.set()
        self._news = asyncio.Event()
        return changed


def connect(*nodes: MemoryNode) -> None:
    """Let every node pay the invoices of every other."""
    for node in nodes:
        node.peers = [other for other in nodes if other is not node]


def wallet_invoice(amount_msat: int, preimage: bytes, now_s: int) -> str:
    """An invoice of somebody's wallet that no node here knows."""
    payment_hash = hashlib.sha256(preimage).digest()
    return invoice_of(WALLET_KEY, payment_hash, amount_msat, "refund", now_s, 86_400 * 7)


def invoice_of(
    key: bytes, payment_hash: bytes, amount_msat: int, memo: str, now_s: int, expiry_s: int
) -> str:
    return bolt11.encode(
        network=NETWORK,
        amount_msat=amount_msat,
        timestamp_s=now_s,
        payment_hash=payment_hash,
        payment_secret=hashlib.sha256(b"secret" + payment_hash).digest(),
        private_key=key,
        description=memo,
        expiry_s=expiry_s,
    )


def _is_open(outcome: PaymentOutcome) -> bool:
    return isinstance(outcome, PaymentUnknown)


def _decode(text: str) -> bolt11.Bolt11:
    return bolt11.decode(text)


def _refusal(words: str) -> NodeUnavailable:
    return NodeUnavailable(f"The Lightning node refused: {words}.", code=NODE_REFUSED)
