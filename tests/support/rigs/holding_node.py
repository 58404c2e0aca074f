"""A node in memory whose hold invoices can be paid, settled, cancelled and lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ringbolt.app.payments.start_fulfilment import MEMO
from ringbolt.clock import SystemClock
from ringbolt.core.errors import NodeUnavailable
from ringbolt.core.lightning.hold import payment_hash_of
from ringbolt.lightning.node import NODE_REFUSED, Invoice, InvoiceState, InvoiceStatus
from support.memory_world import MemoryNode, wallet_invoice


class HoldingNode(MemoryNode):
    """A node that holds payments, as strict as LND: what is settled is never cancelled."""

    def __init__(self, clock: SystemClock) -> None:
        super().__init__(clock)
        self.holds: dict[bytes, InvoiceStatus] = {}

    async def create_hold_invoice(
        self, payment_hash: bytes, amount_msat: int, memo: str, expiry_s: int, cltv_blocks: int
    ) -> Invoice:
        self._check()
        now_ms = self._clock.now_ms()
        text = wallet_invoice(amount_msat, payment_hash, now_ms // 1000)
        self.holds[payment_hash] = InvoiceStatus(
            payment_hash, InvoiceState.OPEN, amount_msat, 0, memo, text, now_ms
        )
        return Invoice(payment_hash, text, amount_msat, now_ms + expiry_s * 1000)

    def accept(self, payment_hash: bytes) -> InvoiceStatus:
        """Somebody pays: the payment is held."""
        invoice = self.holds[payment_hash]
        assert invoice.state is InvoiceState.OPEN, "only an open invoice can be paid"
        held = replace(
            invoice,
            state=InvoiceState.ACCEPTED,
            amount_paid_msat=invoice.amount_msat,
            expiry_height=800_080,
        )
        self.holds[payment_hash] = held
        return held

    def take_hold(self, payment_hash: bytes, amount_msat: int) -> None:
        """Somebody paid an invoice that was made elsewhere: the payment is held."""
        self.holds[payment_hash] = InvoiceStatus(
            payment_hash,
            InvoiceState.ACCEPTED,
            amount_msat,
            amount_msat,
            MEMO,
            "",
            self._clock.now_ms(),
        )

    def lose(self, payment_hash: bytes) -> None:
        """The held payment falls back to the payer, near its last block."""
        self.holds[payment_hash] = replace(self.holds[payment_hash], state=InvoiceState.CANCELED)

    async def settle_invoice(self, preimage: bytes) -> None:
        self._end(payment_hash_of(preimage), InvoiceState.SETTLED)

    async def cancel_invoice(self, payment_hash: bytes) -> None:
        self._end(payment_hash, InvoiceState.CANCELED)

    def watch_invoice(self, payment_hash: bytes) -> Any:
        raise AssertionError("tests tell what the node said")

    def _end(self, payment_hash: bytes, state: InvoiceState) -> None:
        self._check()
        invoice = self.holds[payment_hash]
        may_settle = invoice.state in (InvoiceState.ACCEPTED, InvoiceState.SETTLED)
        may_cancel = invoice.state is not InvoiceState.SETTLED
        if not (may_settle if state is InvoiceState.SETTLED else may_cancel):
            raise NodeUnavailable(f"The invoice is {invoice.state}.", code=NODE_REFUSED)
        settled_ms = self._clock.now_ms() if state is InvoiceState.SETTLED else None
        self.holds[payment_hash] = replace(invoice, state=state, settled_at_ms=settled_ms)

    async def lookup_invoice(self, payment_hash: bytes) -> InvoiceStatus | None:
        self._check()
        return self.holds.get(payment_hash)

    async def list_settled(self) -> Any:
        self._check()
        for invoice in self.holds.values():
            if invoice.state is InvoiceState.SETTLED:
                yield invoice
