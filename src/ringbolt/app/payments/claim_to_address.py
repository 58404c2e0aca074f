"""Claim a refund to a Lightning Address, by the invoice that the address gives for it."""

from __future__ import annotations

from typing import Final

from ringbolt.app.payments.refund import claim_refund, offered_refund
from ringbolt.app.shop import Shop
from ringbolt.core.errors import Conflict, InvalidInput, Role
from ringbolt.core.lightning.lnurl import LnurlError, parse_lightning_address

COMMENT: Final = "Ringbolt refund"


async def claim_to_address(shop: Shop, k1: str, written: str) -> None:
    """Have all that may be withdrawn paid to the address. Of two claims at once, the invoice of one
    is paid.

    Raises ``InvalidInput``, ``AddressRefused`` and ``Unavailable`` for the address, and what
    ``claim_refund`` does.
    """
    if shop.addresses is None:
        raise Conflict("This shop cannot pay to Lightning Addresses.", code="NO_ADDRESSES")
    try:
        address = str(parse_lightning_address(written))
    except LnurlError as error:
        raise InvalidInput(str(error), role=Role.PAYEE, code="INVALID_ADDRESS") from None
    _, allowed = await offered_refund(shop, k1)
    invoice = await shop.addresses.invoice_for(address, allowed.max_msat, COMMENT)
    await claim_refund(shop, k1, invoice)
