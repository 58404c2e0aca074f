"""The port to Lightning Addresses: from a name such as ``alice@example.com`` to an invoice.

LUD-16 defines where the address' document is, LUD-06 its content and how to request an invoice for
an amount. The answer is untrusted, so it is checked before it is paid.
"""

from __future__ import annotations

import asyncio
from typing import Protocol, runtime_checkable

from ringbolt.core.errors import RingboltError
from ringbolt.core.lightning import bolt11

MIN_TIME_TO_PAY_S = 30
"""An invoice that expires sooner is not paid."""


class AddressRefused(RingboltError):
    """The address gives no invoice for this amount; asking again would not help.

    ``min_msat`` and ``max_msat``: its limits, if the amount was the reason.
    """

    status = 422
    title = "This Lightning Address cannot be paid"
    default_code = "ADDRESS_REFUSED"

    def __init__(
        self, message: str, *, min_msat: int | None = None, max_msat: int | None = None
    ) -> None:
        super().__init__(message)
        self.min_msat = min_msat
        self.max_msat = max_msat


class AddressResolver(Protocol):
    async def invoice_for(self, address: str, amount_msat: int, comment: str) -> str:
        """A BOLT11 invoice of the address' owner for exactly ``amount_msat``, checked.

        ``comment`` is sent as far as the address takes comments (LUD-12). Every call makes another
        invoice: store one before it is paid. Raises ``AddressRefused``, and
        ``Unavailable`` if it cannot be asked now.
        """
        ...

    async def close(self) -> None: ...


@runtime_checkable
class SupportsAddresses(Protocol):
    """A node with a resolver of Lightning Addresses, whose invoices it can pay."""

    @property
    def addresses(self) -> AddressResolver: ...


async def check_invoice(
    text: str, *, amount_msat: int, network: str, now_ms: int, metadata_hash: bytes
) -> bolt11.Bolt11:
    """Check that the invoice is the one that was requested (LUD-06).

    ``metadata_hash`` is the SHA-256 of the metadata that the address showed. Raises
    ``AddressRefused``.
    """
    try:
        # In a thread: checking the signature would block the event loop.
        invoice = await asyncio.to_thread(bolt11.decode, text)
    except bolt11.Bolt11Error as error:
        raise AddressRefused(f"The address answered with no invoice: {error}") from None
    if invoice.amount_msat != amount_msat:
        raise AddressRefused(
            f"The address answered with an invoice for {invoice.amount_msat or 'any number of'}"
            f" msat instead of {amount_msat}."
        )
    if invoice.network != network:
        raise AddressRefused(f"The address' invoice is for {invoice.network}, not {network}.")
    if invoice.description_hash != metadata_hash:
        raise AddressRefused("The address' invoice does not belong to what the address says.")
    if now_ms >= (invoice.expires_at_s - MIN_TIME_TO_PAY_S) * 1000:
        raise AddressRefused("The address answered with an invoice that has all but expired.")
    return invoice
