"""Buy over L402: ask, pay the invoice from a wallet, ask again with the proof of payment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import httpx

from ringbolt.cli.buyer.challenge import read_challenge
from ringbolt.cli.buyer.errors import PurchaseError
from ringbolt.cli.buyer.wallet import Wallet

_FINAL = {"completed", "busy", "no-answer", "failed", "canceled"}
_PAUSE_S: Final = 0.1
PATIENCE_S: Final = 60.0
"""For how long a shop that does not answer, e.g. while it is restarted, is asked for a status."""


@dataclass(frozen=True, slots=True)
class Bought:
    """The server's answer to the paid request, and what was paid."""

    answer: dict[str, Any]
    paid_sats: int
    authorization: str


async def buy(
    http: httpx.AsyncClient,
    url: str,
    body: dict[str, Any],
    wallet: Wallet,
    max_sats: int,
    tell: Callable[[str], None],
) -> Bought:
    """Buy what ``POST url`` sells, for at most ``max_sats``. Raises ``PurchaseError``."""
    asked = await _post(http, url, body, {})
    if asked.status_code != 402:
        raise PurchaseError(_reason(asked))
    challenge = read_challenge(asked)
    tell(f"402: the server asks for {challenge.amount_sats} sats")
    if challenge.amount_sats > max_sats:
        raise PurchaseError(
            f"It costs {challenge.amount_sats} sats, which is over your limit of {max_sats}; "
            "nothing was paid. Raise --max-sats to allow it."
        )
    preimage = await wallet.pay(
        challenge.invoice, fee_limit_sats=max(10, challenge.amount_sats // 20)
    )
    tell(f"paid {challenge.amount_sats} sats")
    authorization = f"L402 {challenge.macaroon}:{preimage}"
    try:
        answer = await _post(http, url, body, {"Authorization": authorization})
    except PurchaseError as error:  # the money is paid: the buyer needs the proof to ask again
        raise PurchaseError(f"{error}\nYour credential: {authorization}") from None
    if answer.status_code not in (200, 201, 202):
        raise PurchaseError(f"{_reason(answer)}\nYour credential: {authorization}")
    return Bought(answer.json(), challenge.amount_sats, authorization)


async def _post(
    http: httpx.AsyncClient, url: str, body: dict[str, Any], headers: dict[str, str]
) -> httpx.Response:
    try:
        return await http.post(url, json=body, headers=headers)
    except httpx.HTTPError as error:
        raise PurchaseError(f"{url} does not answer: {str(error) or repr(error)}") from None


def _reason(answer: httpx.Response) -> str:
    try:
        document = answer.json()
    except ValueError:
        document = None
    if not isinstance(document, dict):
        return f"The server answered {answer.status_code}: {answer.text[:200]}"
    text = f"{document.get('error', answer.text[:200])}"
    if document.get("suggestion"):
        text += f" {document['suggestion']}"
    refund = document.get("refund")
    if isinstance(refund, dict) and refund.get("lnurl_withdraw"):
        text += f"\nThe money can be withdrawn: {refund['lnurl_withdraw']}"
    return f"{answer.status_code} {text}"


async def follow(
    http: httpx.AsyncClient,
    status_url: str,
    tell: Callable[[dict[str, Any]], None],
    patience_s: float = PATIENCE_S,
) -> dict[str, Any]:
    """Read a call's status until it is over; ``tell`` is given every document that differs.

    Raises ``PurchaseError`` if the shop does not answer for ``patience_s``; the call goes on.
    """
    last: tuple[Any, ...] = ()
    while True:
        document = await _document(http, status_url, patience_s)
        seen = (document["status"], document["order_state"], document["digits"])
        if seen != last:
            tell(document)
            last = seen
        if document["status"] in _FINAL:
            return document
        await asyncio.sleep(_PAUSE_S)


async def _document(http: httpx.AsyncClient, status_url: str, patience_s: float) -> dict[str, Any]:
    give_up = time.monotonic() + patience_s
    while True:
        try:
            answer = await http.get(status_url)
        except httpx.TransportError as error:
            reason = f"The shop does not answer: {str(error) or type(error).__name__}."
            may_change = True
        else:
            if answer.is_success:
                document: dict[str, Any] = answer.json()
                return document
            reason, may_change = _reason(answer), answer.status_code >= 500
        if not may_change or time.monotonic() >= give_up:
            raise PurchaseError(f"{reason}\nThe call is paid. Its status: {status_url}")
        await asyncio.sleep(_PAUSE_S)
