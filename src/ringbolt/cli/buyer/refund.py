"""Withdraw a refund into a wallet (LUD-03)."""

from __future__ import annotations

import httpx

from ringbolt.cli.buyer.errors import PurchaseError
from ringbolt.cli.buyer.wallet import Wallet
from ringbolt.core.lightning.lnurl import LnurlError
from ringbolt.core.lightning.lnurl import decode as decode_lnurl


async def claim(http: httpx.AsyncClient, link: str, wallet: Wallet) -> int:
    """Withdraw an LNURL-withdraw link into a wallet; the sats asked for. Raises
    ``PurchaseError``."""
    try:
        url = link if link.startswith("http") else decode_lnurl(link, http_allowed=True)
    except LnurlError as error:
        raise PurchaseError(str(error)) from None
    offer = (await http.get(url)).json()
    if offer.get("status") == "ERROR":
        raise PurchaseError(offer.get("reason", "the link cannot be used"))
    sats = int(offer["maxWithdrawable"]) // 1000
    invoice = await wallet.create_invoice(sats, "refund")
    # Merged: a callback may have a query of its own (LUD-03), which params= would replace.
    callback = httpx.URL(offer["callback"]).copy_merge_params({"k1": offer["k1"], "pr": invoice})
    answer = await http.get(callback)
    document = answer.json()
    if document.get("status") != "OK":
        raise PurchaseError(document.get("reason", "the refund was refused"))
    return sats
