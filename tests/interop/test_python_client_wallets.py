"""The client pays from LNbits and phoenixd, as their documents describe them: paid, failed, and an
answer that is lost."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from ringbolt_client import AsyncRingbolt, LNbitsWallet, NotPaid, PhoenixdWallet, Wallet
from ringbolt_client.errors import Undelivered
from ringbolt_client.invoice import read_invoice
from support.numbers import ANSWERS
from support.servers.shop import ShopServer, running_shop, settings_for

HOST = "http://wallet.test"
PRICE = 50
WALLETS: dict[str, Wallet] = {
    "lnbits": LNbitsWallet(HOST, "admin"),
    "phoenixd": PhoenixdWallet(HOST, "secret"),
}


@pytest.fixture
async def shop(tmp_path: Path, speech_dir: Path) -> AsyncIterator[ShopServer]:
    async with running_shop(settings_for(tmp_path / "shop", speech_dir)) as running:
        yield running


class Far(httpx.AsyncHTTPTransport):
    """A wallet's server, which pays with the shop's play money; all other hosts are the network's.
    ``loses``: the answer to the payment is lost. ``fails``: no payment succeeds."""

    def __init__(self, shop: ShopServer, *, loses: bool = False, fails: bool = False) -> None:
        super().__init__()
        self._shop = shop
        self.loses = loses
        self.fails = fails
        self.asked_to_pay = 0
        self.preimages: dict[str, str] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host != "wallet.test":
            return await super().handle_async_request(request)
        if request.method == "GET":
            return self._shown(request)
        body = await request.aread()
        is_lnbits = request.url.path == "/api/v1/payments"
        if is_lnbits:
            assert request.headers["x-api-key"] == "admin"
            document = json.loads(body)
            assert document["out"] is True
            invoice = document["bolt11"]
        else:
            assert request.url.path == "/payinvoice"
            assert request.headers["authorization"] == "Basic OnNlY3JldA=="
            (invoice,) = parse_qs(body.decode())["invoice"]
        self.asked_to_pay += 1
        preimage = "" if self.fails else await self._paid(invoice)
        if self.loses:
            raise httpx.ReadError("the connection broke", request=request)
        return self._answered(read_invoice(invoice).payment_hash, preimage, is_lnbits)

    async def _paid(self, invoice: str) -> str:
        known = self.preimages.get(read_invoice(invoice).payment_hash)
        assert known is None, "an invoice is paid once"
        url = f"{self._shop.url}/simulator/wallet/v2/router/send"
        body = {"payment_request": invoice, "timeout_seconds": 60}
        ended = (await self._shop.http.post(url, json=body)).json()["result"]
        self.preimages[ended["payment_hash"]] = str(ended["payment_preimage"])
        return str(ended["payment_preimage"])

    def _answered(self, name: str, preimage: str, is_lnbits: bool) -> httpx.Response:
        if is_lnbits and preimage:
            return httpx.Response(201, json={"payment_hash": name, "checking_id": name})
        if is_lnbits:
            return httpx.Response(520, json={"detail": "Insufficient balance.", "status": "failed"})
        if preimage:
            return httpx.Response(200, json={"paymentHash": name, "paymentPreimage": preimage})
        return httpx.Response(200, json={"paymentHash": name, "reason": "not enough funds"})

    def _shown(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.rpartition("/")[2]
        preimage = self.preimages.get(name)
        if preimage is None:
            return httpx.Response(404, json={"detail": "Payment does not exist."})
        shown: dict[str, Any] = {"paid": True, "preimage": preimage, "details": {}}
        if "outgoingbyhash" in request.url.path:
            shown = {"isPaid": True, "preimage": preimage, "completedAt": 1}
        return httpx.Response(200, json=shown)


@pytest.mark.parametrize("wallet", WALLETS.values(), ids=WALLETS.keys())
async def test_it_pays_once_whatever_is_lost(
    shop: ShopServer, tmp_path: Path, wallet: Wallet
) -> None:
    before, far = await shop.wallet_sats(), Far(shop, loses=True)
    async with AsyncRingbolt(
        shop.url, wallet=wallet, state_dir=tmp_path / "state", transport=far
    ) as client:
        order = await client.call(ANSWERS, "Hello.")
        assert (await order.wait()).or_fail().charged_sats == PRICE
        far.loses = False
        again = await client.call(ANSWERS, "Hello.")
        assert again.id != order.id
        assert client.unfinished() == []
    assert far.asked_to_pay == 2
    assert before - await shop.wallet_sats() == 2 * PRICE


@pytest.mark.parametrize("wallet", WALLETS.values(), ids=WALLETS.keys())
async def test_a_failed_payment_costs_nothing_and_is_forgotten(
    shop: ShopServer, tmp_path: Path, wallet: Wallet
) -> None:
    far = Far(shop, fails=True)
    async with AsyncRingbolt(
        shop.url,
        wallet=wallet,
        state_dir=tmp_path / "state",
        budget_sats_per_day=200,
        transport=far,
    ) as client:
        with pytest.raises(NotPaid):
            await client.call(ANSWERS, "Hello.")
        assert (client.unfinished(), client.budget_left_sats) == ([], 200)
        far.fails = False
        order = await client.call(ANSWERS, "Hello.")
        assert (await order.wait()).or_fail().charged_sats == PRICE
        far.fails = True
        with pytest.raises(NotPaid):
            await client.call(ANSWERS, "Hello.")
        assert client.budget_left_sats == 200 - PRICE - 10, "the one that was paid stays counted"


@pytest.mark.parametrize("wallet", WALLETS.values(), ids=WALLETS.keys())
async def test_a_silent_wallet_keeps_the_purchase(
    shop: ShopServer, tmp_path: Path, wallet: Wallet
) -> None:
    class Silent(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.host == "wallet.test":
                raise httpx.ReadTimeout("nothing came", request=request)
            return await super().handle_async_request(request)

    async with AsyncRingbolt(
        shop.url, wallet=wallet, state_dir=tmp_path / "state", transport=Silent()
    ) as client:
        with pytest.raises(Undelivered) as unknown:
            await client.call(ANSWERS, "Hello.")
        assert unknown.value.code == "PAYMENT_UNKNOWN"
        assert [each.amount_sats for each in client.unfinished()] == [PRICE]
