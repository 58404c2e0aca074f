"""Invoices of strangers, which the shop is asked to pay: read and checked."""

from __future__ import annotations

import asyncio

from ringbolt.core.errors import InvalidInput
from ringbolt.core.lightning import bolt11


async def decode_invoice(text: str) -> bolt11.Bolt11:
    """Raises ``InvalidInput`` for what is no invoice."""
    try:
        # In a thread: checking the signature would block the event loop.
        return await asyncio.to_thread(bolt11.decode, text)
    except bolt11.Bolt11Error as error:
        raise InvalidInput(str(error)) from None


def check_invoice(invoice: bolt11.Bolt11, network: str, now_ms: int) -> None:
    """Raises ``InvalidInput`` for an invoice of another network, or one that has expired."""
    if invoice.network != network:
        raise InvalidInput(f"The invoice is for {invoice.network}; this shop is on {network}.")
    if now_ms >= (invoice.timestamp_s + invoice.expiry_s) * 1000:
        raise InvalidInput("The invoice has expired; make a fresh one.")
