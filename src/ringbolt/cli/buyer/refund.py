"""Withdraw a refund into a wallet (LUD-03)."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import httpx

from ringbolt.cli.buyer.answers import document_of
from ringbolt.cli.buyer.errors import NotReached, PurchaseError, WrongInput
from ringbolt.cli.buyer.purchase_file import PurchaseFolder
from ringbolt.cli.buyer.wallet import Wallet
from ringbolt.core.lightning.lnurl import LnurlError
from ringbolt.core.lightning.lnurl import decode as decode_lnurl

_LOOKS: Final = 25
_BETWEEN_LOOKS_S: Final = 0.2


async def claim(http: httpx.AsyncClient, link: str, wallet: Wallet) -> int:
    """Withdraw an LNURL-withdraw link into a wallet; the sats asked for. Raises
    ``PurchaseError``."""
    offer = await _asked(http, httpx.URL(address_of(link)))
    try:
        sats = int(offer["maxWithdrawable"]) // 1000
        callback, k1 = httpx.URL(str(offer["callback"])), str(offer["k1"])
    except (KeyError, TypeError, ValueError, httpx.InvalidURL):
        raise PurchaseError(f"{link} is not a link to withdraw with.") from None
    invoice = await wallet.create_invoice(sats, "refund")
    # Merged: a callback may have a query of its own (LUD-03), which params= would replace.
    document = await _asked(http, callback.copy_merge_params({"k1": k1, "pr": invoice}))
    if document.get("status") != "OK":
        raise PurchaseError("The server did not say that it pays the refund.")
    return sats


async def forget_refunded(http: httpx.AsyncClient, link: str, folder: PurchaseFolder) -> None:
    """Remove the purchase whose refund was claimed with ``link``, if it is paid in a few seconds. A
    refund that is paid later, or has to be claimed again, leaves it: 'call --resume' shows it."""
    links = {link, address_of(link)}
    for purchase in folder.all():
        if links.isdisjoint(purchase.links) or not purchase.status_url:
            continue
        for _ in range(_LOOKS):
            answer = await http.get(purchase.status_url)
            if document_of(answer).get("order_state") == "returned":
                folder.remove(purchase)
                break
            await asyncio.sleep(_BETWEEN_LOOKS_S)


def address_of(link: str) -> str:
    """The http address of an LNURL, or of a link that is one. Raises ``WrongInput``."""
    if link.startswith(("http://", "https://")):
        return link
    try:
        return decode_lnurl(link, http_allowed=True)
    except LnurlError as error:
        raise WrongInput(str(error)) from None


async def _asked(http: httpx.AsyncClient, url: httpx.URL) -> dict[str, Any]:
    """The document at a URL of LUD-03. Raises ``PurchaseError`` with its reason."""
    try:
        answer = await http.get(url)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise WrongInput(f"The link cannot be used: {error}") from None
    except httpx.HTTPError as error:
        said = str(error) or repr(error)
        raise NotReached(f"The server of the link does not answer: {said}") from None
    document = document_of(answer)
    if document.get("status") == "ERROR":
        raise PurchaseError(str(document.get("reason", "The link cannot be used.")))
    if answer.status_code != 200 or not document:
        raise PurchaseError(f"The link cannot be used: HTTP {answer.status_code}.")
    return document
