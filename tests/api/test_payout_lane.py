"""Payments to strangers wait for nobody's top-up, and nobody's top-up waits for them."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from typing import Any

import pytest

from api.conftest import OpenShop
from ringbolt.app.payments import send_payment
from ringbolt.lightning.node import InvoiceState
from ringbolt.simulator.lightning.invoice import InvoiceRequest
from support.clients.l402 import say
from support.clients.orders import OrderClient
from support.numbers import BUSY
from support.servers.shop import ShopServer
from support.waiting import eventually

PRICE = 50
STRANGERS = 20


async def refund_of_a_failed_call(shop: ShopServer, n: int) -> tuple[dict[str, Any], str]:
    """The answer to a paid request, and the secret of its refund's link."""
    _, answer = await shop.buy(say(BUSY, n=n))
    status = await shop.until(answer, lambda status: status["refund"])
    return answer, status["refund"]["withdraw_url"].rsplit("/", 1)[1]


async def claim(shop: ShopServer, k1: str, invoice: str) -> None:
    answer = await shop.http.get("/lnurl/callback", params={"k1": k1, "pr": invoice})
    assert answer.json() == {"status": "OK"}


class Strangers:
    """Wallets that claim refunds with hold invoices, and hold the payments."""

    def __init__(self, shop: ShopServer) -> None:
        assert shop.opened.world is not None
        self.network = shop.opened.world.lightning
        self.preimages: list[bytes] = []

    async def invoice(self) -> str:
        preimage = secrets.token_bytes(32)
        self.preimages.append(preimage)
        asked = InvoiceRequest(
            amount_msat=PRICE * 1000, payment_hash=hashlib.sha256(preimage).digest()
        )
        return (await self.network.add_invoice(self.network.wallet, asked)).bolt11

    async def all_hold(self) -> bool:
        hashes = [hashlib.sha256(preimage).digest() for preimage in self.preimages]
        found = [self.network.wallet.find_invoice(each) for each in hashes]
        return all(each is not None and each.state is InvoiceState.ACCEPTED for each in found)

    async def settle(self) -> None:
        for preimage in self.preimages:
            await self.network.settle_invoice(self.network.wallet, preimage)


async def test_payments_that_strangers_hold_occupy_nothing(
    open_shop: OpenShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given one slot for each kind of payment and 20 refunds whose payments are held, then a
    top-up is credited and another refund is paid; and the 20 end when their owners settle."""
    monkeypatch.setattr(send_payment, "WAIT_S", 0.05)
    shop = await open_shop(worker={"money_slots": 1, "payout_slots": 1})
    calls = await asyncio.gather(*(refund_of_a_failed_call(shop, n) for n in range(STRANGERS)))
    mine, k1 = await refund_of_a_failed_call(shop, STRANGERS)
    strangers = Strangers(shop)
    for _, their_k1 in calls:
        await claim(shop, their_k1, await strangers.invoice())
    await eventually(strangers.all_hold)

    await OrderClient(shop).new_key(sats=5000)
    await claim(shop, k1, await shop.wallet_invoice(PRICE))
    await shop.until(mine, lambda status: status["order_state"] == "returned")
    assert await strangers.all_hold()

    await strangers.settle()
    await shop.advance(60)  # the longest time between two look-ups
    for answer, _ in calls:
        await shop.until(answer, lambda status: status["order_state"] == "returned")
    report = await shop.audit()
    assert report.differences == []
    assert report.books.returned == (STRANGERS + 1) * PRICE * 1000
