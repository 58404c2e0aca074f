"""The simulated Lightning network by itself, with a shop and a wallet that pays it."""

from __future__ import annotations

import secrets
from hashlib import sha256
from pathlib import Path

from ringbolt.lightning.node import InvoiceState
from ringbolt.simulator.clock.world_clock import WorldClock
from ringbolt.simulator.file.store import WorldStore
from ringbolt.simulator.lightning.invoice import InvoiceRequest, SimulatedInvoice
from ringbolt.simulator.lightning.network import WALLET_BALANCE_MSAT, LightningNetwork
from ringbolt.simulator.lightning.node import PaymentStatus


class SimulatedNetwork:
    """A simulated Lightning network with its clock and file. ``reopen`` acts like a crash and a
    restart."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open()

    def _open(self) -> None:
        self.store = WorldStore.open(self._path)
        self.clock = WorldClock(self.store)
        self.network = LightningNetwork(self.store, self.clock)
        self.shop, self.wallet = self.network.shop, self.network.wallet

    def close(self) -> None:
        self.network.close()
        self.store.close()

    def reopen(self) -> None:
        self.close()
        self._open()

    async def invoice(self, amount_msat: int = 1000, expiry_s: int = 600) -> SimulatedInvoice:
        preimage = secrets.token_bytes(32)
        request = InvoiceRequest(amount_msat=amount_msat, expiry_s=expiry_s, preimage=preimage)
        return await self.network.add_invoice(self.shop, request)

    async def held(self, amount_msat: int = 1000, cltv_blocks: int = 80) -> tuple[bytes, bytes]:
        """Preimage and hash of a hold invoice that the wallet has paid."""
        preimage = secrets.token_bytes(32)
        payment_hash = sha256(preimage).digest()
        request = InvoiceRequest(
            amount_msat=amount_msat, payment_hash=payment_hash, cltv_blocks=cltv_blocks
        )
        invoice = await self.network.add_invoice(self.shop, request)
        payment = await self.network.send_payment(self.wallet, invoice.bolt11)
        assert payment.status is PaymentStatus.IN_FLIGHT
        return preimage, payment_hash

    async def state(self, payment_hash: bytes) -> InvoiceState:
        invoice = await self.network.find_invoice(self.shop, payment_hash)
        assert invoice is not None
        return invoice.state

    async def balances(self) -> tuple[int, int]:
        """What the shop has, and what the wallet has spent, msat."""
        shop = await self.network.book(self.shop)
        wallet = await self.network.book(self.wallet)
        return shop.balance_msat, WALLET_BALANCE_MSAT - wallet.balance_msat
