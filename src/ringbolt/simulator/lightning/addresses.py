"""The Lightning Addresses of the world: every one belongs to the play-money wallet.

Names with two prefixes are scripted: ``nobody...`` does not exist, and ``poor...`` accepts no
payment below 1,000 sats.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Final

from ringbolt.core.lightning.lnurl import LightningAddress, LnurlError, parse_lightning_address
from ringbolt.lightning.node import InvoiceState
from ringbolt.simulator.file.world_file import WorldFile
from ringbolt.simulator.lightning.invoice import InvoiceRequest
from ringbolt.simulator.lightning.network import LightningNetwork

NOBODY: Final = "nobody"
POOR: Final = "poor"
MIN_MSAT: Final = 1_000
POOR_MIN_MSAT: Final = 1_000_000
MAX_MSAT: Final = 10_000_000_000
_EXPIRY_S: Final = 600
_LOG: Final = "address:"
"""``address:NAME@HOST`` holds the payment hashes of the invoices that were made there."""
_PAGE: Final = 1000


class LightningAddresses:
    """Invoices for addresses, and what was paid to each."""

    def __init__(self, store: WorldFile, network: LightningNetwork) -> None:
        self._store = store
        self._network = network

    async def invoice(self, address: LightningAddress, amount_msat: int) -> str:
        """A BOLT11 invoice of the wallet's for a payment to ``address``."""
        invoice = await self._network.add_invoice(
            self._network.wallet,
            InvoiceRequest(
                amount_msat=amount_msat,
                description_hash=hashlib.sha256(metadata(address).encode()).digest(),
                expiry_s=_EXPIRY_S,
                preimage=secrets.token_bytes(32),
            ),
        )
        # Before anybody can pay it: ``received_msat`` counts the invoices of this log.
        entry = {"payment_hash": invoice.payment_hash.hex()}
        await self._store.submit((), [(f"{_LOG}{address}", entry)])
        return invoice.bolt11

    async def received_msat(self, address: LightningAddress) -> int:
        """All that was paid to ``address``."""
        total_msat, after = 0, 0
        while page := self._store.scan(f"{_LOG}{address}", after, _PAGE):
            after = page[-1][0]
            for _, document in page:
                payment_hash = bytes.fromhex(document["payment_hash"])
                invoice = await self._network.find_invoice(self._network.wallet, payment_hash)
                if invoice is not None and invoice.state is InvoiceState.SETTLED:
                    total_msat += invoice.amount_paid_msat
        return total_msat


def find_address(text: str) -> LightningAddress | None:
    """The address of that name; None if there is none."""
    try:
        address = parse_lightning_address(text)
    except LnurlError:
        return None
    return None if address.name.startswith(NOBODY) else address


def min_msat(address: LightningAddress) -> int:
    """The least that ``address`` takes."""
    return POOR_MIN_MSAT if address.name.startswith(POOR) else MIN_MSAT


def metadata(address: LightningAddress) -> str:
    """What a payer is shown (LUD-06); the invoice commits to its hash."""
    return json.dumps(
        [["text/plain", f"Play money for {address}"], ["text/identifier", str(address)]]
    )
