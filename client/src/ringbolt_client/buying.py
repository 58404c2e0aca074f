"""Buy a request: ask, pay the invoice of the 402, ask again with the proof of payment.

Every state is on the disk before the next is begun (``journal``):

asked   a 402 came; within ``max_sats`` and the budget it is written down and counted
paying  the wallet pays; after a crash it is asked whether it has paid, before anything else
paid    the preimage is written down; the request is repeated with it until it is answered
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from ringbolt_client.challenge import Challenge, document_of, read_challenge
from ringbolt_client.errors import (
    ClientError,
    NotPaid,
    NotReached,
    Refused,
    TooExpensive,
    Undelivered,
)
from ringbolt_client.invoice import read_invoice
from ringbolt_client.journal import Journal, Purchase, key_of, new_id
from ringbolt_client.steps import Send, Sleep, Steps
from ringbolt_client.wallets import Wallet

_FIRST_DELAY_S: Final = 0.5
_LONGEST_DELAY_S: Final = 30.0
_TRIES: Final = 8
"""How often a paid request is repeated, within two minutes, before the caller is told."""
_NOT_YET: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_LEAST_FEE_SATS, _FEE_PART = 10, 20
_TURN_S: Final = 0.1
_MARGIN_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request that may have to be paid. ``name`` makes it a purchase of its own that is never
    made twice; without one, the same request is another purchase once the last is delivered."""

    method: str
    url: str
    body: Any = None
    max_sats: int | None = None
    name: str = ""
    headers: Mapping[str, str] | None = None

    @property
    def key(self) -> str:
        return key_of(self.method, self.url, self.body, self.name)


class Buyer:
    """Buys with ``wallet``; None: whatever has a price is refused."""

    def __init__(
        self, wallet: Wallet | None, journal: Journal, now_s: Callable[[], float] = time.time
    ) -> None:
        self._wallet = wallet
        self._journal = journal
        self._now_s = now_s

    def buy(self, wanted: Wanted) -> Steps[dict[str, Any]]:
        """The document of the answer, which is a success. Raises ``ClientError``; of its kinds only
        ``Undelivered`` means that money may have left the wallet."""
        while (turn := self._journal.turn(wanted.key)) is None:
            yield Sleep(_TURN_S)
        try:
            purchase = self._journal.find(wanted.key)
            if purchase is not None and purchase.answer is not None:
                return purchase.answer
            if purchase is not None:
                purchase = yield from self._resumed(purchase)
            if purchase is None:
                asked = yield from self._asked(wanted)
                if isinstance(asked, dict):
                    return asked
                purchase = yield from self._paid(asked)
            return (yield from self._shown(purchase, wanted))
        finally:
            turn.release()

    def _asked(self, wanted: Wanted) -> Steps[Purchase | dict[str, Any]]:
        """The purchase as it is written down, or the answer to what costs nothing."""
        answer: httpx.Response = yield Send(
            wanted.method, wanted.url, wanted.headers or {}, json=wanted.body
        )
        if answer.is_success:
            return document_of(answer)
        if answer.status_code != 402:
            raise refusal_of(answer)
        challenge = read_challenge(answer)
        sats = challenge.invoice.sats
        if self._wallet is None:
            raise Refused(
                f"It costs {sats} sats, and the client has no wallet.",
                code="NO_WALLET",
                suggestion="Give the client a wallet.",
                status=402,
            )
        if wanted.max_sats is not None and sats > wanted.max_sats:
            raise TooExpensive(
                f"It costs {sats} sats, which is over max_sats ({wanted.max_sats}); nothing was "
                "paid.",
                document=document_of(answer),
            )
        purchase = Purchase(
            key=wanted.key,
            id=new_id(),
            method=wanted.method,
            url=wanted.url,
            body=wanted.body,
            scheme=challenge.scheme,
            parameters=dict(challenge.parameters),
            invoice=challenge.invoice.text,
            amount_sats=sats,
            asked_at=self._now_s(),
            is_kept=bool(wanted.name),
        )
        return self._journal.begin(purchase, sats + fee_limit(sats))

    def _resumed(self, purchase: Purchase) -> Steps[Purchase | None]:
        """A purchase of an earlier run, paid; None if nothing was paid for it, and nothing can be.

        The wallet is asked first. An invoice that it does not know is paid now: were the earlier
        payment still on its way, the invoice would be paid once all the same."""
        if purchase.preimage:
            return purchase
        invoice = read_invoice(purchase.invoice)
        try:
            preimage = yield from self._needed_wallet(purchase).find(invoice)
        except NotPaid:  # it failed, and the money is in the wallet
            self._journal.unpaid(purchase)
            return None
        except NotReached as error:
            raise _unknown(error) from error
        if preimage is not None:
            return self._proven(purchase, preimage)
        if self._now_s() < invoice.expires_s - _MARGIN_S:
            return (yield from self._paid(purchase))
        self._journal.unpaid(purchase)
        return None

    def _paid(self, purchase: Purchase) -> Steps[Purchase]:
        invoice = read_invoice(purchase.invoice)
        wallet = self._needed_wallet(purchase)
        try:
            preimage = yield from wallet.pay(invoice, fee_limit(purchase.amount_sats))
        except NotPaid:
            self._journal.unpaid(purchase)
            raise
        except NotReached as error:
            if not error.is_sent:  # the wallet has not heard of it
                self._journal.unpaid(purchase)
                raise
            try:
                found = yield from wallet.find(invoice)
            except NotReached:
                found = None
            if found is None:
                raise _unknown(error) from error
            preimage = found
        return self._proven(purchase, preimage)

    def _proven(self, purchase: Purchase, preimage: str) -> Purchase:
        if not _challenge_of(purchase).is_proof(preimage):
            raise Undelivered(
                "The wallet's preimage does not belong to the invoice.", code="WRONG_PREIMAGE"
            )
        return self._journal.paid(purchase, preimage)

    def _shown(self, purchase: Purchase, wanted: Wanted) -> Steps[dict[str, Any]]:
        """Repeat the request with its credential until it is answered: the server sells it once."""
        headers = {
            **(wanted.headers or {}),
            "Authorization": _challenge_of(purchase).authorization(purchase.preimage),
        }
        delay_s, why = _FIRST_DELAY_S, ""
        for _ in range(_TRIES):
            step = Send(purchase.method, purchase.url, headers, json=purchase.body)
            try:
                answer: httpx.Response = yield step
            except NotReached as error:
                why = error.message
            else:
                if answer.status_code not in _NOT_YET:
                    return self._answered(purchase, answer)
                why = str(refusal_of(answer))
                delay_s = max(delay_s, _retry_after_s(answer))
            yield Sleep(delay_s)
            delay_s = min(delay_s * 2, _LONGEST_DELAY_S)
        raise Undelivered(
            f"Paid, and not answered yet: {why}",
            suggestion="Repeat the same request: it is not paid again.",
        )

    def _answered(self, purchase: Purchase, answer: httpx.Response) -> dict[str, Any]:
        document = document_of(answer)
        if answer.is_success:
            self._journal.delivered(purchase, document)
            return document
        previous = document.get("previous")
        if isinstance(previous, dict) and previous.get("status_url"):
            # It was delivered before, and the answer to that was lost.
            self._journal.delivered(purchase, previous)
            return previous
        if document.get("refund") is not None:
            # It failed for good, and says where the money is.
            self._journal.forget(purchase.key)
            raise refusal_of(answer)
        raise Undelivered(
            f"Paid, and refused: {refusal_of(answer)}",
            code=answer.headers.get("x-error-code", ""),
            status=answer.status_code,
            document=document,
        )

    def _needed_wallet(self, purchase: Purchase) -> Wallet:
        if self._wallet is None:
            raise Undelivered(
                f"A purchase of {purchase.amount_sats} sats is under way, and the client has no "
                "wallet to ask about it.",
                suggestion="Give the client the wallet that it had.",
            )
        return self._wallet


def refusal_of(answer: httpx.Response) -> ClientError:
    """A refusal, in the words of the server."""
    document = document_of(answer)
    said = document.get("error") or document.get("detail") or document.get("reason")
    words = said if isinstance(said, str) else f"The server answered HTTP {answer.status_code}."
    code = answer.headers.get("x-error-code") or document.get("error_code") or ""
    suggestion = document.get("suggestion")
    return Refused(
        words,
        code=code if isinstance(code, str) else "",
        suggestion=suggestion if isinstance(suggestion, str) else "",
        status=answer.status_code,
        document=document,
    )


def _challenge_of(purchase: Purchase) -> Challenge:
    return Challenge(purchase.scheme, purchase.parameters, read_invoice(purchase.invoice))


def fee_limit(sats: int) -> int:
    """What may be paid for routing, sats."""
    return max(_LEAST_FEE_SATS, sats // _FEE_PART)


def _unknown(error: NotReached) -> Undelivered:
    return Undelivered(
        f"It is not known whether the invoice was paid: {error.message}",
        code="PAYMENT_UNKNOWN",
        suggestion="Repeat the same request when the wallet answers: it is not paid twice.",
    )


def _retry_after_s(answer: httpx.Response) -> float:
    said = answer.headers.get("retry-after", "")
    return min(float(said), _LONGEST_DELAY_S) if said.isdecimal() else 0.0
