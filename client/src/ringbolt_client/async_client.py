"""The client for asyncio: as ``client``, with ``await``."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, Unpack

import httpx

from ringbolt_client.buying import Buyer
from ringbolt_client.client import LONG_S
from ringbolt_client.journal import Journal, Purchase, default_folder
from ringbolt_client.results import CallResult, MessageResult
from ringbolt_client.shop import (
    Bought,
    CallOptions,
    MailOptions,
    MessageOptions,
    Shop,
)
from ringbolt_client.steps import Steps, run_async
from ringbolt_client.wallets import Wallet

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

    async def wait(self, timeout_s: float = LONG_S) -> R:
        """The result once it is over, or as it is after ``timeout_s``."""
        return await self._client._do(self._client._shop.result(self._bought, timeout_s))


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
        **http_options: Any,
    ) -> None:
        folder = default_folder() if state_dir is None else Path(state_dir)
        self._wallet = wallet
        self._options = http_options
        self._journal = Journal(folder, budget_sats_per_day)
        buyer = Buyer(wallet, self._journal)
        self._shop = Shop(url, buyer, self._journal, api_key=api_key, max_sats=max_sats)
        self._http = self._new_http()

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

    async def _do(self, steps: Steps[T]) -> T:
        return await run_async(steps, self._http)
