"""What a Ringbolt shop sells, as steps: bodies in, results out."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypedDict, TypeVar

import httpx

from ringbolt_client.answers import NOT_YET, document_of, refusal_of
from ringbolt_client.buying import Buyer, Wanted, fee_limit
from ringbolt_client.errors import ClientError, NotReached, TooExpensive, Undelivered
from ringbolt_client.following import LOOK_S, SILENT, Told, follow, read_document
from ringbolt_client.invoice import Invoice, read_invoice
from ringbolt_client.journal import Journal, Purchase, key_of, new_id
from ringbolt_client.results import CallResult, MessageResult, NumberResult, SpeechResult
from ringbolt_client.steps import Send, Sleep, Steps

R = TypeVar("R")
CALL_FINAL: Final = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})
_MESSAGE_FINAL: Final = frozenset({"delivered", "failed"})
_SPEECH_FINAL: Final = frozenset({"ready", "failed", "removed"})
_NUMBER_FINAL: Final = frozenset({"fulfilled", "settled", "failed", "returned", "expired"})
_UNPAID: Final = frozenset({"failed", "returned", "expired"})
_WAIT_S: Final = 25
HOLD: Final = "hold"
"""The scheme of purchases whose invoice is held until they are delivered."""


class Gather(TypedDict, total=False):
    """Which keys are collected."""

    max_digits: int
    finish_key: str
    timeout_s: int


class CallOptions(TypedDict, total=False):
    """What a call may have beside its number and text."""

    audio_url: str
    duration_minutes: float
    voice: str
    language: str
    neural: bool
    repeat: int
    gather: bool | Gather
    refund_address: str
    callback_url: str


class MessageOptions(TypedDict, total=False):
    """What a text may have beside its number and words."""

    refund_address: str
    callback_url: str


class MailOptions(MessageOptions, total=False):
    """What an e-mail may have beside its address and words. ``replyTo``: where answers go."""

    subject: str
    replyTo: str


class SpeechOptions(MessageOptions, total=False):
    """What a text to be spoken may have beside its words. ``format``: mp3, opus or wav."""

    voice: str
    language: str
    neural: bool
    format: str


@dataclass(frozen=True, slots=True)
class Bought(Generic[R]):
    """A purchase that the shop has taken. ``read`` makes a result of its status document, which is
    over in one of the states ``final``."""

    id: str
    price_sats: int
    status_url: str
    document: Mapping[str, Any]
    read: Callable[[Mapping[str, Any]], R]
    final: frozenset[str]


@dataclass(frozen=True, slots=True)
class Ordered:
    """An order of a number. ``invoice``: what is still to be paid, and held; None if nothing is."""

    id: str
    price_sats: int
    purchase: Purchase
    invoice: Invoice | None


class Shop:
    """``api_key`` pays for numbers from its balance; without one, the wallet's payment is held
    until the order is delivered."""

    def __init__(
        self,
        url: str,
        buyer: Buyer,
        journal: Journal,
        *,
        api_key: str = "",
        max_sats: int | None = None,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self.url = url.rstrip("/")
        self._buyer = buyer
        self._journal = journal
        self._api_key = api_key
        self._max_sats = max_sats
        self._now_s = now_s

    def buy(self, path: str, body: Any, name: str, method: str = "POST") -> Steps[dict[str, Any]]:
        """Any request, here or at a full URL of another server; paid if it has to be."""
        url = path if "://" in path else f"{self.url}{path}"
        return self._buyer.buy(Wanted(method, url, body, self._max_sats, name))

    def _service(self, path: str, body: Any, name: str) -> Steps[dict[str, Any]]:
        """A service of the shop, which answers with a document."""
        url = f"{self.url}{path}"
        wanted = Wanted("POST", url, body, self._max_sats, name, needs_document=True)
        return self._buyer.buy(wanted)

    def call(
        self, phone_number: str, message: str, name: str, options: CallOptions
    ) -> Steps[Bought[CallResult]]:
        body = {
            "phone_number": phone_number,
            **({"message": message} if message else {}),
            **options,
        }
        document = yield from self._service("/api/l402/call", body, name)
        return _bought(document, "call_id", CallResult.of, CALL_FINAL)

    def text(
        self, phone_number: str, message: str, name: str, options: MessageOptions
    ) -> Steps[Bought[MessageResult]]:
        body = {"phone_number": phone_number, "message": message, **options}
        document = yield from self._service("/api/l402/send-sms", body, name)
        return _bought(document, "order_id", MessageResult.of, _MESSAGE_FINAL)

    def mail(
        self, to: str, body: str, name: str, options: MailOptions
    ) -> Steps[Bought[MessageResult]]:
        fields = {"to": to, "body": body, **options}
        document = yield from self._service("/api/l402/send-email", fields, name)
        # No later state of an e-mail is known than that a mail server took it.
        return _bought(document, "order_id", MessageResult.of, _MESSAGE_FINAL | {"sent"})

    def speech(self, text: str, name: str, options: SpeechOptions) -> Steps[Bought[SpeechResult]]:
        body = {"text": text, **options}
        document = yield from self._service("/api/l402/text-to-speech", body, name)
        return _bought(document, "order_id", SpeechResult.of, _SPEECH_FINAL)

    def audio(self, spoken: SpeechResult) -> Steps[bytes]:
        """The audio file of a spoken text. Raises ``Failed`` if there is none, ``Refused`` if it
        was removed."""
        spoken.or_fail()
        answer: httpx.Response = yield Send("GET", spoken.audio_url)
        if not answer.is_success:
            raise refusal_of(answer)
        return answer.content

    def result(self, bought: Bought[R], wait_s: float, told: Told | None = None) -> Steps[R]:
        """What was bought once it is over, or as it is after ``wait_s``. Raises ``NotReached`` if
        the shop stays away."""
        document = yield from follow(
            bought.status_url, bought.final, wait_s, told=told, now_s=self._now_s
        )
        return bought.read(document)

    def order(self, body: Mapping[str, Any], name: str) -> Steps[Ordered]:
        """Order a number. The same order that is not over is found again, and not placed twice."""
        url = f"{self.url}/createorder"
        key = key_of("POST", url, dict(body), name)
        while (turn := self._journal.turn(key)) is None:
            yield Sleep(LOOK_S)
        try:
            purchase = self._journal.find(key)
            if purchase is None:
                purchase = self._journal.begin(self._wish(key, url, body, name), self._most())
            if not purchase.parameters.get("orderId"):
                purchase = yield from self._placed(purchase)
            return _ordered(purchase)
        finally:
            turn.release()

    def _wish(self, key: str, url: str, body: Mapping[str, Any], name: str) -> Purchase:
        return Purchase(
            key=key,
            id=new_id(),
            method="POST",
            url=url,
            body=dict(body),
            scheme=HOLD,
            # The same after a crash: the order is found, and not placed or paid for again.
            parameters={"idempotencyKey": secrets.token_hex(16)},
            invoice="",
            amount_sats=0,
            asked_at=self._now_s(),
            is_kept=bool(name),
        )

    def _most(self) -> int:
        """What is counted before an order is placed, because placing it pays from the balance."""
        left = self._journal.left_sats()
        if not self._api_key or left is None:
            return 0
        return max(1, left if self._max_sats is None else min(self._max_sats, left))

    def _placed(self, purchase: Purchase) -> Steps[Purchase]:
        """Place the order of a purchase. What was asked for before is found by its key."""
        fields = dict(purchase.body)
        headers = {"Idempotency-Key": purchase.parameters["idempotencyKey"]}
        if self._api_key:
            fields["immediate"] = True
            headers["X-API-Key"] = self._api_key
        most = self._most_price(purchase)
        if most is not None:
            fields["maxPrice"] = most
        try:
            answer: httpx.Response = yield Send("POST", purchase.url, headers, json=fields)
        except NotReached as error:
            if self._api_key and error.is_sent:
                raise Undelivered(
                    f"It is not known whether the order was placed: {error.message}",
                    suggestion="Repeat the same request: it is not paid twice.",
                ) from error
            self._journal.unpaid(purchase)
            raise
        if answer.status_code in NOT_YET and self._api_key:
            raise Undelivered(f"The order may have been placed: {refusal_of(answer)}")
        if not answer.is_success:
            self._journal.unpaid(purchase)
            raise refusal_of(answer)
        return self._begun(purchase, document_of(answer), most)

    def _most_price(self, purchase: Purchase) -> int | None:
        """The highest price that the shop may sell it for; None for any."""
        if self._api_key:
            counted = self._journal.counted_sats(purchase)
            return counted or self._max_sats
        return self._max_sats

    def _begun(self, purchase: Purchase, answer: Mapping[str, Any], most: int | None) -> Purchase:
        sats, payreq = int(answer["price"]), str(answer["payreq"])
        is_to_pay = payreq != "paid"
        if is_to_pay and (read_invoice(payreq).sats > sats or (most is not None and sats > most)):
            self._journal.unpaid(purchase)
            raise TooExpensive(
                f"The shop asks for {read_invoice(payreq).sats} sats; nothing was paid.",
                document=answer,
            )
        purchase = replace(
            purchase,
            parameters={**purchase.parameters, "orderId": str(answer["orderId"])},
            invoice=payreq if is_to_pay else "",
            amount_sats=sats,
        )
        return self._journal.priced(purchase, sats + (fee_limit(sats) if is_to_pay else 0))

    def number(self, order: Ordered, wait_s: float) -> Steps[NumberResult]:
        """The order once its code has come or it is over, or as it is after ``wait_s``. A rental is
        there as soon as it has its number."""
        until, silent, since = self._now_s() + wait_s, 0, 0
        while True:
            left = max(0, min(_WAIT_S, int(until - self._now_s())))
            query = f"orderId={order.id}&wait={left}&since={since}"
            try:
                document = yield from read_document(f"{self.url}/orderstatus?{query}")
            except NotReached:
                silent += 1
                if silent == SILENT:
                    raise
                yield Sleep(LOOK_S)
                continue
            silent, since = 0, int(document.get("timestamp") or 0)
            if self._is_over(order, document) or self._now_s() >= until:
                return NumberResult.of(document)
            yield Sleep(0.05)  # a shop that does not wait is not asked in a loop

    def _is_over(self, order: Ordered, document: Mapping[str, Any]) -> bool:
        state = str(document["state"])
        if state in _UNPAID:
            self._journal.unpaid(order.purchase)
            return True
        if state in ("fulfilled", "settled"):
            if not document.get("isRental") or state == "settled":
                self._journal.delivered(order.purchase, dict(document))
            return True
        return bool(
            document.get("textMasked") or (document.get("isRental") and "number" in document)
        )

    def cancel(self, order: Ordered) -> Steps[NumberResult]:
        """Cancel an order whose code has not come; the money returns by itself. Raises ``Refused``
        where that is not possible (yet)."""
        answer: httpx.Response = yield Send(
            "POST", f"{self.url}/cancelorder", json={"orderId": order.id}
        )
        if not answer.is_success:
            raise refusal_of(answer)
        return (yield from self.number(order, 0))


def _ordered(purchase: Purchase) -> Ordered:
    order_id = purchase.parameters.get("orderId", "")
    if purchase.scheme != HOLD or not order_id:
        raise ClientError("This purchase is no order.")
    invoice = read_invoice(purchase.invoice) if purchase.invoice and not purchase.answer else None
    return Ordered(order_id, purchase.amount_sats, purchase, invoice)


def _bought(
    document: Mapping[str, Any],
    id_name: str,
    read: Callable[[Mapping[str, Any]], R],
    final: frozenset[str],
) -> Bought[R]:
    try:
        return Bought(
            str(document[id_name]),
            int(document.get("price_sats") or 0),
            str(document["status_url"]),
            document,
            read,
            final,
        )
    except KeyError as error:
        raise Undelivered(
            f"The shop's answer has no {error}; it is not one of Ringbolt.", document=document
        ) from None
