"""Buy a request: ask, pay the invoice of the 402, ask again with the proof of payment.

Every state is on the disk before the next is begun (``journal``):

asked   a 402 came; within ``max_sats`` and the budget it is written down and counted
paying  the wallet pays; after a crash it is asked whether it has paid, before anything else
paid    the preimage is written down; the request is repeated with it until it is answered
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

import httpx

from ringbolt_client.answers import NOT_YET, document_of, refusal_of, retry_after_s
from ringbolt_client.challenge import read_challenge
from ringbolt_client.errors import (
    ClientError,
    NotPaid,
    NotReached,
    Refused,
    TooExpensive,
    Undelivered,
)
from ringbolt_client.file_lock import FileLock
from ringbolt_client.invoice import Invoice, read_invoice
from ringbolt_client.journal import Journal, Purchase, key_of, new_id
from ringbolt_client.steps import Send, Sleep, Steps
from ringbolt_client.wallets import Wallet, pay_or_find

_FIRST_DELAY_S: Final = 0.5
_LONGEST_DELAY_S: Final = 30.0
_TRIES: Final = 8
"""How often a paid request is repeated, within two minutes, before the caller is told."""
_FAULT, _FAULTS = 500, 5
"""How many faults of the server in a row are believed to last."""
_LEAST_FEE_SATS, _FEE_PART = 10, 20
_TURN_S: Final = 0.1
_MARGIN_S: Final = 5.0

Tell = Callable[[str], None]


def silent(_: str) -> None:
    """Tell nothing."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request that may have to be paid. ``name`` makes it a purchase of its own that is never
    made twice; without one, the same request is another purchase once the last is delivered.
    ``needs_document``: a success without a JSON object is not the server's own. ``note`` is kept
    with the purchase."""

    method: str
    url: str
    body: Any = None
    max_sats: int | None = None
    name: str = ""
    headers: Mapping[str, str] | None = None
    needs_document: bool = False
    note: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return key_of(self.method, self.url, self.body, self.name)


class Buyer:
    """Buys with ``wallet``; None: whatever has a price is refused. ``tell`` is given a line for a
    person at each step. ``tries``: how often a paid request that gets no answer is repeated, None
    for without end."""

    def __init__(
        self,
        wallet: Wallet | None,
        journal: Journal,
        now_s: Callable[[], float] = time.time,
        *,
        tell: Tell = silent,
        tries: int | None = _TRIES,
    ) -> None:
        self._wallet = wallet
        self._journal = journal
        self._now_s = now_s
        self._tell = tell
        self._tries = tries

    def buy(self, wanted: Wanted) -> Steps[dict[str, Any]]:
        """The document of the answer, which is a success. Raises ``ClientError``; of its kinds only
        ``Undelivered`` means that money may have left the wallet."""
        turn = yield from self._turn(wanted.key)
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
            return (yield from self._shown(purchase, wanted.headers or {}))
        finally:
            turn.release()

    def resume(self, purchase: Purchase, *, is_same_wallet: bool = True) -> Steps[dict[str, Any]]:
        """Go on with a purchase of this journal; the answer's document. Nothing is bought anew.

        ``is_same_wallet``: it was begun with this wallet, which can say that it has not paid.
        Raises as ``buy`` does, and ``NotPaid`` if nothing was paid and the invoice has expired."""
        turn = yield from self._turn(purchase.key)
        try:
            found = self._journal.find(purchase.key)
            if found is None:
                raise ClientError("This purchase is over.", code="NO_PURCHASE")
            if found.answer is not None:
                return found.answer
            paid = yield from self._resumed(found, is_same_wallet=is_same_wallet)
            if paid is None:
                raise NotPaid("Nothing was paid, and the invoice has expired.")
            return (yield from self._shown(paid, {}))
        finally:
            turn.release()

    def _turn(self, key: str) -> Steps[FileLock]:
        while (turn := self._journal.turn(key)) is None:
            yield Sleep(_TURN_S)
        return turn

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
        self._tell(f"402: the server asks for {sats} sats")
        if self._wallet is None:
            raise Refused(
                f"It costs {sats} sats, and the client has no wallet.",
                code="NO_WALLET",
                suggestion="Give the client a wallet.",
                status=402,
            )
        if wanted.max_sats is not None and sats > wanted.max_sats:
            raise TooExpensive(
                f"It costs {sats} sats, which is over the limit of {wanted.max_sats}; nothing was "
                "paid.",
                suggestion="Raise max_sats to allow it.",
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
            needs_document=wanted.needs_document,
            note=dict(wanted.note),
        )
        return self._journal.begin(purchase, sats + fee_limit(sats))

    def _resumed(
        self, purchase: Purchase, *, is_same_wallet: bool = True
    ) -> Steps[Purchase | None]:
        """A purchase of an earlier run, paid; None if nothing was paid for it, and nothing can be.

        The wallet is asked first. An invoice that it does not know is paid now: were the earlier
        payment still on its way, the invoice would be paid once all the same."""
        if purchase.preimage:
            return purchase
        invoice = read_invoice(purchase.invoice)
        try:
            preimage = yield from self._needed_wallet(purchase).find(invoice)
        except NotPaid as error:  # it failed, and the money is in the wallet
            if not is_same_wallet:
                raise _unknown(error) from error
            self._journal.unpaid(purchase)
            return None
        except NotReached as error:
            raise _unknown(error) from error
        if preimage is not None:
            return self._proven(purchase, preimage)
        if self._now_s() < invoice.expires_s - _MARGIN_S:
            return (yield from self._paid(purchase, is_same_wallet=is_same_wallet))
        if not is_same_wallet:
            raise _unknown(NotPaid("this wallet knows of no payment."))
        self._journal.unpaid(purchase)
        return None

    def _paid(self, purchase: Purchase, *, is_same_wallet: bool = True) -> Steps[Purchase]:
        invoice = read_invoice(purchase.invoice)
        try:
            preimage = yield from self._payment(purchase, invoice)
        except (NotPaid, NotReached, Refused) as error:
            if not is_same_wallet:
                raise _unknown(error) from error
            self._journal.unpaid(purchase)
            raise
        self._tell(f"paid {purchase.amount_sats} sats")
        return self._proven(purchase, preimage)

    def _payment(self, purchase: Purchase, invoice: Invoice) -> Steps[str]:
        """The preimage. Raises ``Undelivered`` if it is not known whether the wallet has paid, and
        another ``ClientError`` if it is certain that it has not."""
        wallet = self._needed_wallet(purchase)
        try:
            return (yield from pay_or_find(wallet, invoice, fee_limit(purchase.amount_sats)))
        except NotReached as error:
            if error.is_sent:
                raise _unknown(error) from error
            raise

    def _proven(self, purchase: Purchase, preimage: str) -> Purchase:
        if not purchase.challenge.is_proof(preimage):
            raise Undelivered(
                "The wallet's preimage does not belong to the invoice.", code="WRONG_PREIMAGE"
            )
        paid = replace(purchase, preimage=preimage)
        with self._a_full_disk_stops_nothing(paid):
            self._journal.keep(paid)
        return paid

    def _shown(self, purchase: Purchase, headers: Mapping[str, str]) -> Steps[dict[str, Any]]:
        """Repeat the request with its credential until it is answered: the server sells it once."""
        headers = {
            "Idempotency-Key": purchase.id,
            **headers,
            "Authorization": purchase.authorization,
        }
        delay_s, faults, why = _FIRST_DELAY_S, 0, ""
        for _ in itertools.count() if self._tries is None else range(self._tries):
            step = Send(purchase.method, purchase.url, headers, json=purchase.body)
            try:
                answer: httpx.Response = yield step
            except NotReached as error:
                why = error.message
            else:
                faults += answer.status_code == _FAULT
                if answer.status_code not in NOT_YET or faults == _FAULTS:
                    return self._answered(purchase, answer)
                why = str(refusal_of(answer))
                delay_s = max(delay_s, retry_after_s(answer, _LONGEST_DELAY_S))
            self._tell(f"not answered ({why}); asked again in {delay_s:g} s, nothing is lost")
            yield Sleep(delay_s)
            delay_s = min(delay_s * 2, _LONGEST_DELAY_S)
        raise Undelivered(
            f"Paid, and not answered yet: {why}",
            suggestion="Repeat the same request: it is not paid again.",
        )

    def _answered(self, purchase: Purchase, answer: httpx.Response) -> dict[str, Any]:
        document = document_of(answer)
        if answer.is_success and (document or not purchase.needs_document):
            return self._delivered(purchase, document)
        previous = document.get("previous")
        if isinstance(previous, dict) and previous.get("status_url"):
            # It was delivered before, and the answer to that was lost.
            return self._delivered(purchase, previous)
        refusal = refusal_of(answer)
        if document.get("refund") is not None and not purchase.is_kept:
            # It failed for good, and says where the money is.
            self._journal.forget(purchase.key)
            raise refusal
        raise Undelivered(
            f"Paid, and refused: {refusal.message}",
            code=refusal.code,
            suggestion=refusal.suggestion,
            status=refusal.status,
            document=document,
        )

    def _delivered(self, purchase: Purchase, document: dict[str, Any]) -> dict[str, Any]:
        with self._a_full_disk_stops_nothing(purchase):
            self._journal.delivered(purchase, document)
        return document

    @contextmanager
    def _a_full_disk_stops_nothing(self, paid: Purchase) -> Iterator[None]:
        """What was written before it was paid is enough to find the payment again."""
        try:
            yield
        except ClientError as error:
            self._tell(f"{error} Your credential: {paid.authorization}")

    def _needed_wallet(self, purchase: Purchase) -> Wallet:
        if self._wallet is None:
            raise Undelivered(
                f"A purchase of {purchase.amount_sats} sats is under way, and the client has no "
                "wallet to ask about it.",
                suggestion="Give the client the wallet that it had.",
            )
        return self._wallet


def fee_limit(sats: int) -> int:
    """What may be paid for routing, sats."""
    return max(_LEAST_FEE_SATS, sats // _FEE_PART)


def price_within(sats: int) -> int:
    """The highest price that ``sats`` pay together with its routing fee."""
    return min(sats - _LEAST_FEE_SATS, sats * _FEE_PART // (_FEE_PART + 1))


def _unknown(error: ClientError) -> Undelivered:
    return Undelivered(
        f"It is not known whether the invoice was paid: {error.message}",
        code="PAYMENT_UNKNOWN",
        suggestion="Repeat the same request when the wallet answers: it is not paid twice.",
    )
