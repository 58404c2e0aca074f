"""The state of one simulated node: its key, its balances, its invoices and payments.

Memory holds what can still change and what is not yet on the disk; everything else is read from
the world's file on demand, so that a long history costs no memory.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

import msgspec

from ringbolt.core.lightning import bolt11
from ringbolt.lightning.node import InvoiceState
from ringbolt.simulator.file.world_file import Put, WorldFile
from ringbolt.simulator.lightning.invoice import SimulatedInvoice


class PaymentStatus(StrEnum):
    IN_FLIGHT = "IN_FLIGHT"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


class FailureReason(StrEnum):
    """LND's ``PaymentFailureReason``, those that can happen here."""

    NONE = "FAILURE_REASON_NONE"
    NO_ROUTE = "FAILURE_REASON_NO_ROUTE"
    INCORRECT_PAYMENT_DETAILS = "FAILURE_REASON_INCORRECT_PAYMENT_DETAILS"
    INSUFFICIENT_BALANCE = "FAILURE_REASON_INSUFFICIENT_BALANCE"


class SimulatedPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that a node sent. There are no fees: payer and payee share a channel."""

    payment_hash: bytes
    bolt11: str
    amount_msat: int
    payment_index: int
    created_at_ms: int
    status: PaymentStatus = PaymentStatus.IN_FLIGHT
    failure_reason: FailureReason = FailureReason.NONE
    preimage: bytes = bytes(32)


class Book(msgspec.Struct, kw_only=True):
    """A node's balances (msat) and counters. ``held_out_msat`` was sent but is not settled yet."""

    balance_msat: int
    held_out_msat: int = 0
    held_in_msat: int = 0
    add_index: int = 0
    settle_index: int = 0
    payment_index: int = 0
    htlc_index: int = 0


class Listeners:
    """The queues of listeners, by key. ``None`` in a queue means that the node has stopped."""

    def __init__(self) -> None:
        self._queues: defaultdict[bytes, set[asyncio.Queue[Any]]] = defaultdict(set)

    @contextmanager
    def listen(self, key: bytes) -> Iterator[asyncio.Queue[Any]]:
        queue: asyncio.Queue[Any] = asyncio.Queue()
        self._queues[key].add(queue)
        try:
            yield queue
        finally:
            self._queues[key].discard(queue)
            if not self._queues[key]:
                del self._queues[key]

    def tell(self, key: bytes, news: object) -> None:
        for queue in self._queues.get(key, ()):
            queue.put_nowait(news)

    def close(self) -> None:
        for key in self._queues:
            self.tell(key, None)


class SimulatedNode:
    """State only: the caller writes the returned documents to the store."""

    def __init__(self, name: str, store: WorldFile, opening_balance_msat: int) -> None:
        self.name = name
        self._store = store
        self.private_key = derived(store, f"{name} node key")
        self.pubkey = bolt11.payee(self.private_key)
        self.book = msgspec.convert(
            store.get("node", name) or {"balance_msat": opening_balance_msat}, Book
        )
        self.invoices = {
            invoice.payment_hash: invoice
            for doc in store.load(f"{name}.open").values()
            for invoice in (msgspec.convert(doc, SimulatedInvoice),)
        }
        self.payments = {
            payment.payment_hash: payment
            for doc in store.load(f"{name}.in_flight").values()
            for payment in (msgspec.convert(doc, SimulatedPayment),)
        }
        self.invoice_news = Listeners()
        self.payment_news = Listeners()

    def find_invoice(self, payment_hash: bytes) -> SimulatedInvoice | None:
        invoice = self.invoices.get(payment_hash)
        if invoice is not None:
            return invoice
        doc = self._store.get(f"{self.name}.closed", payment_hash.hex())
        return None if doc is None else msgspec.convert(doc, SimulatedInvoice)

    def find_payment(self, payment_hash: bytes) -> SimulatedPayment | None:
        payment = self.payments.get(payment_hash)
        if payment is not None:
            return payment
        doc = self._store.get(f"{self.name}.payment", payment_hash.hex())
        return None if doc is None else msgspec.convert(doc, SimulatedPayment)

    def all_payments(self) -> list[SimulatedPayment]:
        """Every payment, in no order."""
        final = self._store.load(f"{self.name}.payment").values()
        return [*self.payments.values(), *(msgspec.convert(doc, SimulatedPayment) for doc in final)]

    def added_after(self, add_index: int, limit: int) -> list[tuple[int, SimulatedInvoice]]:
        """Invoices by add index, as they are now."""
        return self._listed(f"{self.name}.added", add_index, limit)

    def settled_after(self, settle_index: int, limit: int) -> list[tuple[int, SimulatedInvoice]]:
        """Invoices by settle index."""
        return self._listed(f"{self.name}.settled", settle_index, limit)

    def _listed(self, kind: str, after: int, limit: int) -> list[tuple[int, SimulatedInvoice]]:
        listed = []
        for key, doc in self._store.page(kind, _index_key(after), limit):
            invoice = self.find_invoice(bytes.fromhex(doc["payment_hash"]))
            assert invoice is not None
            listed.append((int(key), invoice))
        return listed

    def keep_invoice(self, invoice: SimulatedInvoice) -> list[Put]:
        """Make ``invoice`` the current state; returns the documents to store."""
        self.invoices[invoice.payment_hash] = invoice
        key = invoice.payment_hash.hex()
        link = {"payment_hash": key}
        if not invoice.is_final:
            puts: list[Put] = [(f"{self.name}.open", key, invoice)]
            if invoice.state is InvoiceState.OPEN:
                puts.append((f"{self.name}.added", _index_key(invoice.add_index), link))
            return puts
        puts = [(f"{self.name}.open", key, None), (f"{self.name}.closed", key, invoice)]
        if invoice.state is InvoiceState.SETTLED:
            puts.append((f"{self.name}.settled", _index_key(invoice.settle_index), link))
        return puts

    def keep_payment(self, payment: SimulatedPayment) -> list[Put]:
        """Make ``payment`` the current state; returns the documents to store."""
        self.payments[payment.payment_hash] = payment
        key = payment.payment_hash.hex()
        if payment.status is PaymentStatus.IN_FLIGHT:
            return [(f"{self.name}.in_flight", key, payment)]
        return [(f"{self.name}.in_flight", key, None), (f"{self.name}.payment", key, payment)]

    def announce(self, news: SimulatedInvoice | SimulatedPayment) -> None:
        """Called when ``news`` is on disk: notify listeners, and free it from memory if final."""
        key = news.payment_hash
        if isinstance(news, SimulatedPayment):
            if news.status is not PaymentStatus.IN_FLIGHT and self.payments.get(key) is news:
                del self.payments[key]
            self.payment_news.tell(key, news)
            return
        if news.is_final and self.invoices.get(key) is news:
            del self.invoices[key]
        self.invoice_news.tell(key, news)
        self.invoice_news.tell(b"", news)

    def stop(self) -> None:
        self.invoice_news.close()
        self.payment_news.close()


def derived(store: WorldFile, label: str) -> bytes:
    """A secret of 32 bytes derived from this world's seed, the same at every start."""
    seed = bytes.fromhex(store.genesis["seed"])
    return hashlib.sha256(seed + label.encode()).digest()


def _index_key(index: int) -> str:
    return f"{index:020d}"
