"""The client for programs that wait."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, Unpack

import httpx

from ringbolt_client.buying import Buyer, Tell, fee_limit, silent
from ringbolt_client.errors import ClientError
from ringbolt_client.following import Told
from ringbolt_client.journal import Journal, Purchase, default_folder
from ringbolt_client.results import CallResult, MessageResult, NumberResult, SpeechResult
from ringbolt_client.shop import (
    Bought,
    CallOptions,
    MailOptions,
    MessageOptions,
    Ordered,
    Shop,
    SpeechOptions,
)
from ringbolt_client.steps import Steps, run
from ringbolt_client.wallets import Wallet, pay_or_find

T = TypeVar("T")
R = TypeVar("R")
LONG_S = 600.0
"""How long a result is waited for, unless told otherwise."""


class Order(Generic[R]):
    """A call, text or e-mail that the shop has taken."""

    def __init__(self, client: Ringbolt, bought: Bought[R]) -> None:
        self._client = client
        self._bought = bought
        self.id = bought.id
        self.price_sats = bought.price_sats
        self.status_url = bought.status_url

    def wait(self, timeout_s: float = LONG_S, *, told: Told | None = None) -> R:
        """The result once it is over, or as it is after ``timeout_s``. ``told`` is given the status
        document whenever it has changed."""
        return self._client._do(self._client._shop.result(self._bought, timeout_s, told))


class NumberOrder:
    """An order of a number. Its payment is held by the wallet, and taken on delivery only."""

    def __init__(self, client: Ringbolt, ordered: Ordered) -> None:
        self._client = client
        self._ordered = ordered
        self.id = ordered.id
        self.price_sats = ordered.price_sats
        self._fault: ClientError | None = None
        if ordered.invoice is not None and client._wallet is not None:
            threading.Thread(target=self._pay, daemon=True).start()

    def wait(self, timeout_s: float = LONG_S) -> NumberResult:
        """The order once its code has come or it is over, or as it is after ``timeout_s``. A rental
        is answered when it has its number. Raises what the wallet said if it did not pay."""
        result = self._client._do(self._client._shop.number(self._ordered, timeout_s))
        if result.state in ("awaiting_payment", "expired") and self._fault is not None:
            raise self._fault
        return result

    def cancel(self) -> NumberResult:
        """Cancel it, as long as no code came; the money returns by itself."""
        return self._client._do(self._client._shop.cancel(self._ordered))

    def _pay(self) -> None:
        assert self._ordered.invoice is not None
        assert self._client._wallet is not None
        invoice, limit = self._ordered.invoice, fee_limit(self._ordered.price_sats)
        try:
            # A client of its own: the payment lasts until the order is decided.
            with self._client._new_http() as http:
                run(pay_or_find(self._client._wallet, invoice, limit), http)
        except ClientError as error:
            self._fault = error


class Ringbolt:
    """A shop at ``url``, and any other server that asks for payment by L402 or MPP.

    ``wallet`` pays; ``api_key`` pays for numbers from a prepaid balance instead. ``max_sats``
    bounds each price, ``budget_sats_per_day`` all that is spent in 24 hours by every process with
    the same ``state_dir``, where purchases are kept until they are delivered. ``tell`` is
    given a line for a person at each step, ``http_options`` are those of ``httpx.Client``.
    """

    def __init__(
        self,
        url: str,
        *,
        wallet: Wallet | None = None,
        api_key: str = "",
        max_sats: int | None = None,
        budget_sats_per_day: int | None = None,
        state_dir: Path | str | None = None,
        tell: Tell = silent,
        **http_options: Any,
    ) -> None:
        folder = default_folder() if state_dir is None else Path(state_dir)
        self._wallet = wallet
        self._options = http_options
        self._journal = Journal(folder, budget_sats_per_day)
        buyer = Buyer(wallet, self._journal, tell=tell)
        self._shop = Shop(url, buyer, self._journal, api_key=api_key, max_sats=max_sats)
        self._http = self._new_http()

    def call(
        self,
        phone_number: str,
        message: str = "",
        *,
        name: str = "",
        **options: Unpack[CallOptions],
    ) -> Order[CallResult]:
        """Call a number and speak ``message`` (or play ``audio_url``). ``name`` makes it a purchase
        that is never made twice, whatever crashes."""
        return Order(self, self._do(self._shop.call(phone_number, message, name, options)))

    def send_sms(
        self, phone_number: str, message: str, *, name: str = "", **options: Unpack[MessageOptions]
    ) -> Order[MessageResult]:
        """Send a text."""
        return Order(self, self._do(self._shop.text(phone_number, message, name, options)))

    def send_email(
        self, to: str, body: str, *, name: str = "", **options: Unpack[MailOptions]
    ) -> Order[MessageResult]:
        """Send an e-mail in plain text."""
        return Order(self, self._do(self._shop.mail(to, body, name, options)))

    def speak(
        self, text: str, *, name: str = "", **options: Unpack[SpeechOptions]
    ) -> Order[SpeechResult]:
        """Speak a text into an audio file, an MP3 unless ``format`` says otherwise."""
        return Order(self, self._do(self._shop.speech(text, name, options)))

    def audio(self, spoken: SpeechResult) -> bytes:
        """The audio file of a spoken text."""
        return self._do(self._shop.audio(spoken))

    def receive_code(
        self, service: str, country: str | int = 999, *, name: str = ""
    ) -> NumberOrder:
        """A fresh number, and the code that ``service`` texts to it. ``country`` 999 is any."""
        body = {"service": service, "country": country}
        return NumberOrder(self, self._do(self._shop.order(body, name)))

    def rent(
        self, country: str | int, hours: int = 4, *, service: str = "full", name: str = ""
    ) -> NumberOrder:
        """A number for ``hours``, and every text to it."""
        body = {"country": country, "service": service, "isRental": True, "rentalHours": hours}
        return NumberOrder(self, self._do(self._shop.order(body, name)))

    def request(self, method: str, url: str, json: Any = None, *, name: str = "") -> dict[str, Any]:
        """Any request, here (a path) or at another server (a URL), paid if it has to be."""
        return self._do(self._shop.buy(url, json, name, method))

    def unfinished(self) -> list[Purchase]:
        """Purchases that are paid, or may be, and not delivered: the same request goes on."""
        return self._journal.unfinished()

    def forget(self, purchase: Purchase) -> None:
        """Give a purchase up: the same request buys anew."""
        self._journal.forget(purchase.key)

    @property
    def budget_left_sats(self) -> int | None:
        """What may still be spent now; None without a budget."""
        return self._journal.left_sats()

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _new_http(self) -> httpx.Client:
        return httpx.Client(**self._options)

    def _do(self, steps: Steps[T]) -> T:
        return run(steps, self._http)
