"""What a Ringbolt shop sells, as steps: bodies in, results out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypedDict, TypeVar

import httpx

from ringbolt_client.buying import Buyer, Wanted, refusal_of
from ringbolt_client.challenge import document_of
from ringbolt_client.errors import NotReached, Undelivered
from ringbolt_client.journal import Journal
from ringbolt_client.results import CallResult, MessageResult
from ringbolt_client.steps import Send, Sleep, Steps

R = TypeVar("R")
_FINAL: Final = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})
_MESSAGE_FINAL: Final = frozenset({"delivered", "failed"})
_NUMBER_FINAL: Final = frozenset({"fulfilled", "settled", "failed", "returned", "expired"})
_UNPAID: Final = frozenset({"failed", "returned", "expired"})
_LOOK_S: Final = 0.5
_WAIT_S: Final = 25
_SILENT: Final = 20
_NOT_YET: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
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


@dataclass(frozen=True, slots=True)
class Bought(Generic[R]):
    """A purchase that the shop has taken. ``look`` are the steps that read its state."""

    id: str
    price_sats: int
    status_url: str
    document: Mapping[str, Any]
    read: Callable[[Mapping[str, Any]], R]
    final: frozenset[str]


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

    def call(
        self, phone_number: str, message: str, name: str, options: CallOptions
    ) -> Steps[Bought[CallResult]]:
        body = {
            "phone_number": phone_number,
            **({"message": message} if message else {}),
            **options,
        }
        document = yield from self.buy("/api/l402/call", body, name)
        return _bought(document, "call_id", CallResult.of, _FINAL)

    def text(
        self, phone_number: str, message: str, name: str, options: MessageOptions
    ) -> Steps[Bought[MessageResult]]:
        body = {"phone_number": phone_number, "message": message, **options}
        document = yield from self.buy("/api/l402/send-sms", body, name)
        return _bought(document, "order_id", MessageResult.of, _MESSAGE_FINAL)

    def mail(
        self, to: str, body: str, name: str, options: MailOptions
    ) -> Steps[Bought[MessageResult]]:
        fields = {"to": to, "body": body, **options}
        document = yield from self.buy("/api/l402/send-email", fields, name)
        # No later state of an e-mail is known than that a mail server took it.
        return _bought(document, "order_id", MessageResult.of, _MESSAGE_FINAL | {"sent"})

    def result(self, bought: Bought[R], wait_s: float) -> Steps[R]:
        """What was bought once it is over, or as it is after ``wait_s``. Raises ``NotReached`` if
        the shop stays away."""
        until, silent = self._now_s() + wait_s, 0
        while True:
            try:
                document = yield from self._read(bought.status_url, {})
            except NotReached:
                silent += 1
                if silent == _SILENT:
                    raise
            else:
                silent = 0
                if document["status"] in bought.final or self._now_s() >= until:
                    return bought.read(document)
            yield Sleep(min(_LOOK_S * 2 ** min(silent, 5), max(0.0, until - self._now_s()) + 0.01))

    def _read(self, url: str, headers: Mapping[str, str]) -> Steps[dict[str, Any]]:
        answer: httpx.Response = yield Send("GET", url, headers)
        if answer.status_code in _NOT_YET:
            raise NotReached(f"The shop cannot answer now: HTTP {answer.status_code}")
        if not answer.is_success:
            raise refusal_of(answer)
        return document_of(answer)


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
