"""The client for asyncio: as ``client``, with ``await``."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, Unpack

import httpx

from ringbolt_client.buying import Buyer, Tell, fee_limit, silent
from ringbolt_client.client import LONG_S
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
from ringbolt_client.steps import Steps, run_async
from ringbolt_client.wallets import Wallet, pay_or_find

T = TypeVar("T")
R = TypeVar("R")


class AsyncOrder(Generic[R]):
    """A call, text or e-mail that the shop has taken."""

    def __init__(self, client: AsyncRingbolt, bought: Bought[R]) -> None:
        self._client = client
        self._bought = bought
        self.id = bought.id
        self.price_sats = bought.price_sats
        self.status_url = bought.status_url

    async def wait(self, timeout_s: float = LONG_S, *, told: Told | None = None) -> R:
        """The result once it is over, or as it is after ``timeout_s``. ``told`` is given the status
        document whenever it has changed."""
        return await self._client._do(self._client._shop.result(self._bought, timeout_s, told))


class AsyncNumberOrder:
    """An order of a number. Its payment is held by the wallet, and taken on delivery only."""

    def __init__(self, client: AsyncRingbolt, ordered: Ordered) -> None:
        self._client = client
        self._ordered = ordered
        self.id = ordered.id
        self.price_sats = ordered.price_sats
        self._fault: ClientError | None = None
        if ordered.invoice is not None and client._wallet is not None:
            client._pay_in_background(self._pay())

    async def wait(self, timeout_s: float = LONG_S) -> NumberResult:
        """The order once its code has come or it is over, or as it is after ``timeout_s``. A rental
        is answered when it has its number. Raises what the wallet said if it did not pay."""
        result = await self._client._do(self._client._shop.number(self._ordered, timeout_s))
        if result.state in ("awaiting_payment", "expired") and self._fault is not None:
            raise self._fault
        return result

    async def cancel(self) -> NumberResult:
        """Cancel it, as long as no code came; the money returns by itself."""
        return await self._client._do(self._client._shop.cancel(self._ordered))

    async def _pay(self) -> None:
        assert self._ordered.invoice is not None
        assert self._client._wallet is not None
        invoice, limit = self._ordered.invoice, fee_limit(self._ordered.price_sats)
        try:
            # A client of its own: the payment lasts until the order is decided.
            async with self._client._new_http() as http:
                await run_async(pay_or_find(self._client._wallet, invoice, limit), http)
        except ClientError as error:
            self._fault = error


class AsyncRingbolt:
    """As ``Ringbolt``; ``http_options`` are those of ``httpx.AsyncClient``."""

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
        self._payments: set[asyncio.Task[None]] = set()

    async def call(
        self,
        phone_number: str,
        message: str = "",
        *,
        name: str = "",
        **options: Unpack[CallOptions],
    ) -> AsyncOrder[CallResult]:
        """Call a number and speak ``message`` (or play ``audio_url``). ``name`` makes it a purchase
        that is never made twice, whatever crashes."""
        return AsyncOrder(
            self, await self._do(self._shop.call(phone_number, message, name, options))
        )

    async def send_sms(
        self, phone_number: str, message: str, *, name: str = "", **options: Unpack[MessageOptions]
    ) -> AsyncOrder[MessageResult]:
        """Send a text."""
        return AsyncOrder(
            self, await self._do(self._shop.text(phone_number, message, name, options))
        )

    async def send_email(
        self, to: str, body: str, *, name: str = "", **options: Unpack[MailOptions]
    ) -> AsyncOrder[MessageResult]:
        """Send an e-mail in plain text."""
        return AsyncOrder(self, await self._do(self._shop.mail(to, body, name, options)))

    async def speak(
        self, text: str, *, name: str = "", **options: Unpack[SpeechOptions]
    ) -> AsyncOrder[SpeechResult]:
        """Speak a text into an audio file, an MP3 unless ``format`` says otherwise."""
        return AsyncOrder(self, await self._do(self._shop.speech(text, name, options)))

    async def audio(self, spoken: SpeechResult) -> bytes:
        """The audio file of a spoken text."""
        return await self._do(self._shop.audio(spoken))

    async def receive_code(
        self, service: str, country: str | int = 999, *, name: str = ""
    ) -> AsyncNumberOrder:
        """A fresh number, and the code that ``service`` texts to it. ``country`` 999 is any."""
        body = {"service": service, "country": country}
        return AsyncNumberOrder(self, await self._do(self._shop.order(body, name)))

    async def rent(
        self, country: str | int, hours: int = 4, *, service: str = "full", name: str = ""
    ) -> AsyncNumberOrder:
        """A number for ``hours``, and every text to it."""
        body = {"country": country, "service": service, "isRental": True, "rentalHours": hours}
        return AsyncNumberOrder(self, await self._do(self._shop.order(body, name)))

    async def request(
        self, method: str, url: str, json: Any = None, *, name: str = ""
    ) -> dict[str, Any]:
        """Any request, here (a path) or at another server (a URL), paid if it has to be."""
        return await self._do(self._shop.buy(url, json, name, method))

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

    async def close(self) -> None:
        """Payments that are held stay with the wallet; nothing waits for them here any more."""
        for payment in self._payments:
            payment.cancel()
        await asyncio.gather(*self._payments, return_exceptions=True)
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def _new_http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(**self._options)

    def _pay_in_background(self, payment: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(payment)
        self._payments.add(task)
        task.add_done_callback(self._payments.discard)

    async def _do(self, steps: Steps[T]) -> T:
        return await run_async(steps, self._http)
