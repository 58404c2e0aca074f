"""Withdraw a refund into a wallet (LUD-03), as steps of the client."""

from __future__ import annotations

from typing import Any, Final

import httpx

from ringbolt.cli.buyer.errors import WrongInput
from ringbolt.cli.buyer.purchases import note_of
from ringbolt.core.lightning.lnurl import LnurlError
from ringbolt.core.lightning.lnurl import decode as decode_lnurl
from ringbolt_client.answers import document_of
from ringbolt_client.errors import Refused
from ringbolt_client.following import read_document
from ringbolt_client.journal import Journal
from ringbolt_client.steps import Send, Sleep, Steps
from ringbolt_client.wallets import FullWallet

_LOOKS: Final = 25
_BETWEEN_LOOKS_S: Final = 0.2


def claim(link: str, wallet: FullWallet) -> Steps[int]:
    """Withdraw an LNURL-withdraw link into a wallet; the sats asked for. Raises ``ClientError``."""
    offer = yield from _asked(address_of(link))
    try:
        sats = int(offer["maxWithdrawable"]) // 1000
        callback, k1 = httpx.URL(str(offer["callback"])), str(offer["k1"])
    except (KeyError, TypeError, ValueError, httpx.InvalidURL):
        raise Refused(f"{link} is not a link to withdraw with.") from None
    invoice = yield from wallet.invoice(sats, "refund")
    # Merged: a callback may have a query of its own (LUD-03), which params= would replace.
    document = yield from _asked(str(callback.copy_merge_params({"k1": k1, "pr": invoice})))
    if document.get("status") != "OK":
        raise Refused("The server did not say that it pays the refund.")
    return sats


def forget_refunded(link: str, journal: Journal) -> Steps[None]:
    """Remove the purchase whose refund was claimed with ``link``, if it is paid in a few seconds. A
    refund that is paid later, or has to be claimed again, leaves it: 'call --resume' shows it."""
    links = {link, address_of(link)}
    for purchase in journal.all():
        if links.isdisjoint(note_of(purchase).links) or not purchase.status_url:
            continue
        for _ in range(_LOOKS):
            document = yield from read_document(purchase.status_url)
            if document.get("order_state") == "returned":
                journal.forget(purchase.key)
                break
            yield Sleep(_BETWEEN_LOOKS_S)


def address_of(link: str) -> str:
    """The http address of an LNURL, or of a link that is one. Raises ``WrongInput``."""
    if link.startswith(("http://", "https://")):
        return link
    try:
        return decode_lnurl(link, http_allowed=True)
    except LnurlError as error:
        raise WrongInput(str(error)) from None


def _asked(url: str) -> Steps[dict[str, Any]]:
    """The document at a URL of LUD-03. Raises ``ClientError`` with its reason."""
    answer: httpx.Response = yield Send("GET", url)
    document = document_of(answer)
    if document.get("status") == "ERROR":
        raise Refused(str(document.get("reason", "The link cannot be used.")))
    if answer.status_code != 200 or not document:
        raise Refused(f"The link cannot be used: HTTP {answer.status_code}.")
    return document
