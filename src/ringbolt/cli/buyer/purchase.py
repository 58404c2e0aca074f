"""Buy over L402: ask, pay the invoice from a wallet, ask again with the proof of payment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final

import httpx
from msgspec.structs import replace

from ringbolt.cli.buyer.answers import document_of, links_of, reason_of
from ringbolt.cli.buyer.challenge import read_challenge
from ringbolt.cli.buyer.errors import (
    NotPaid,
    NotReached,
    PurchaseError,
    Undelivered,
    WrongInput,
)
from ringbolt.cli.buyer.purchase_file import Purchase, PurchaseFolder
from ringbolt.cli.buyer.wallet import Wallet, WalletAddress

FIRST_DELAY_S: Final = 0.5
LONGEST_DELAY_S: Final = 30.0
_FINAL: Final = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})
_NOT_YET: Final = frozenset({408, 425, 429, 502, 503, 504})
"""Answers of a server, or of a proxy before it, that is not able to answer now."""
_FAULT: Final = 500
_FAULTS: Final = 5
"""How many faults of the server in a row are believed to last."""
_SILENT: Final = 20
"""How often, within eight minutes, a server may fail to tell a status before it is given up."""


class Began(Enum):
    """When the purchase was begun with the wallet that is asked now."""

    NOW = "now"
    EARLIER = "earlier"
    WITH_ANOTHER = "with another"


Tell = Callable[[str], None]
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Buyer:
    """Buys with a wallet, and keeps every step on the disk before the next. ``tell`` is given a
    line for a person at each."""

    http: httpx.AsyncClient
    wallet: Wallet
    folder: PurchaseFolder
    tell: Tell
    sleep: Sleep = asyncio.sleep

    async def ask(
        self, url: str, body: dict[str, Any], max_sats: int, wallet: WalletAddress
    ) -> Purchase:
        """What ``POST url`` asks for, for at most ``max_sats``; nothing is paid yet. Raises
        ``PurchaseError``."""
        try:
            asked = await self.http.post(url, json=body)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise WrongInput(f"{url} is not an address: {error}") from None
        except httpx.HTTPError as error:
            raise NotReached(f"{url} does not answer: {str(error) or repr(error)}") from None
        if asked.status_code != 402:
            raise PurchaseError(reason_of(asked))
        challenge = read_challenge(asked)
        self.tell(f"402: the server asks for {challenge.amount_sats} sats")
        if challenge.amount_sats > max_sats:
            raise PurchaseError(
                f"It costs {challenge.amount_sats} sats, which is over your limit of {max_sats}; "
                "nothing was paid. Raise --max-sats to allow it."
            )
        return Purchase(
            url=url,
            body=body,
            macaroon=challenge.macaroon,
            invoice=challenge.invoice,
            amount_sats=challenge.amount_sats,
            asked_at=datetime.now(UTC).isoformat(timespec="seconds"),
            wallet=wallet.to_be_kept(),
        )

    async def go_on(self, purchase: Purchase, wallet: Began = Began.EARLIER) -> Purchase:
        """Do what is left of a purchase until the server has taken the credential.

        ``wallet``: what the wallet can know of it. Raises ``NotPaid``, ``NotReached`` and
        ``WrongInput`` if nothing was paid (the purchase is removed then), ``Undelivered`` if it was
        or may have been.
        """
        if purchase.is_delivered:
            return purchase
        self.folder.keep(purchase)
        if not purchase.preimage:
            purchase = await self._pay(purchase, wallet)
        return await self._show(purchase)

    async def _pay(self, purchase: Purchase, wallet: Began) -> Purchase:
        fee_limit_sats = max(10, purchase.amount_sats // 20)
        try:
            preimage = await self.wallet.pay(purchase.invoice, fee_limit_sats)
        except PurchaseError as error:
            if not _is_unpaid(error, wallet):
                unknown = "It is not known whether the invoice was paid."
                raise Undelivered(f"{error}\n{unknown}") from None
            self.folder.remove(purchase)
            raise
        self.tell(f"paid {purchase.amount_sats} sats")
        return self._keep(replace(purchase, preimage=preimage))

    async def _show(self, purchase: Purchase) -> Purchase:
        """Repeat the request with its credential until it is answered: the server sells it once."""
        faults, delay_s = 0, FIRST_DELAY_S
        while True:
            answer = await self._post(purchase)
            if isinstance(answer, httpx.Response):
                faults += answer.status_code == _FAULT
                if answer.status_code not in _NOT_YET | {_FAULT} or faults == _FAULTS:
                    return self._answered(purchase, answer)
                delay_s = max(delay_s, _retry_after_s(answer))
                answer = reason_of(answer)
            self.tell(f"not answered ({answer}); asked again in {delay_s:g} s, nothing is lost")
            await self.sleep(delay_s)
            delay_s = min(delay_s * 2, LONGEST_DELAY_S)

    async def _post(self, purchase: Purchase) -> httpx.Response | str:
        """The answer, or why there is none."""
        headers = {"Authorization": purchase.authorization, "Idempotency-Key": purchase.id}
        try:
            return await self.http.post(purchase.url, json=purchase.body, headers=headers)
        except httpx.HTTPError as error:
            return str(error) or repr(error)

    def _answered(self, purchase: Purchase, answer: httpx.Response) -> Purchase:
        """The server's answer to the credential. Raises ``PurchaseError`` for a refusal."""
        document = document_of(answer)
        if answer.status_code in (200, 201, 202) and document:
            return self._keep(replace(purchase, answer=document, is_failed=False))
        previous = document.get("previous")
        if isinstance(previous, dict) and previous.get("status_url"):
            # It was placed before, and the answer to that was lost.
            return self._keep(replace(purchase, answer=previous, is_failed=False))
        self._keep(replace(purchase, links=links_of(document)))
        raise Undelivered(reason_of(answer))

    def _keep(self, purchase: Purchase) -> Purchase:
        """Keep a purchase that is paid. A disk that is full now does not stop it: what was kept
        before it was paid is enough to find the payment again."""
        try:
            return self.folder.keep(purchase)
        except PurchaseError as error:
            self.tell(f"{error} Your credential: {purchase.authorization}")
            return purchase

    async def follow(
        self, purchase: Purchase, told: Callable[[dict[str, Any]], None]
    ) -> dict[str, Any]:
        """Read a call's status until it is over; ``told`` is given every document that differs.
        Raises ``PurchaseError`` if there is no such call, ``NotReached`` if the server stays away.
        """
        last: tuple[Any, ...] = ()
        silent = 0
        while True:
            document = await self.status(purchase)
            if document is None:
                delay_s = min(FIRST_DELAY_S * 2**silent, LONGEST_DELAY_S)
                silent += 1
                if silent == _SILENT:
                    raise NotReached(f"{purchase.status_url} does not answer.")
                self.tell(f"the server does not answer; asked again in {delay_s:g} s")
                await self.sleep(delay_s)
                continue
            silent = 0
            seen = (document["status"], document["order_state"], document["digits"])
            if seen != last:
                told(document)
                last = seen
            if document["status"] in _FINAL:
                return document
            await self.sleep(0.1)

    async def status(self, purchase: Purchase) -> dict[str, Any] | None:
        """The call as it is now; None if the server does not answer. Raises ``PurchaseError``."""
        try:
            answer = await self.http.get(purchase.status_url)
        except httpx.HTTPError:
            return None
        if answer.status_code in _NOT_YET or answer.status_code >= _FAULT:
            return None
        document = document_of(answer)
        if answer.status_code != 200 or not {"status", "order_state", "digits"} <= document.keys():
            raise PurchaseError(f"The status cannot be read: {reason_of(answer)}")
        return document


def _is_unpaid(error: PurchaseError, wallet: Began) -> bool:
    """Whether it is certain that the invoice was not paid."""
    match wallet:
        case Began.NOW:
            return not (isinstance(error, NotReached) and error.is_sent)
        case Began.EARLIER:
            return isinstance(error, NotPaid)
        case Began.WITH_ANOTHER:
            return False


def _retry_after_s(answer: httpx.Response) -> float:
    """Seconds to wait as the answer says, within reason; 0 if it does not say."""
    said = answer.headers.get("retry-after", "")
    return min(float(said), LONGEST_DELAY_S) if said.isdecimal() else 0.0
