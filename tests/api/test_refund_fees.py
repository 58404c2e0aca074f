"""Routing fees of refunds: the shop bears its budget, the refund what is beyond."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from api.conftest import OpenShop
from ringbolt.core.chart_of_accounts import ROUTING_FEE
from ringbolt.lightning.node import PaymentOutcome, PaymentSucceeded
from support.clients.l402 import say
from support.numbers import BUSY
from support.servers.shop import ShopServer

PRICE = 50
CLIENT_BUDGET, SHOP_BUDGET = 5, 9


class GreedyRoute:
    """Every payment of the shop's node goes by a channel that takes the highest fee allowed."""

    def __init__(self, shop: ShopServer, monkeypatch: pytest.MonkeyPatch) -> None:
        payer = shop.shop.payer
        assert payer is not None
        self.taken_msat = 0
        self._fees: dict[bytes, int] = {}
        pay, look_up = payer.pay, payer.lookup_payment

        async def paid(text: str, max_fee_msat: int, timeout_s: int) -> PaymentOutcome:
            outcome = await pay(text, max_fee_msat, timeout_s)
            assert isinstance(outcome, PaymentSucceeded)
            self.taken_msat += max_fee_msat
            self._fees[outcome.preimage] = max_fee_msat
            return replace(outcome, fee_msat=max_fee_msat)

        async def looked_up(payment_hash: bytes) -> PaymentOutcome | None:
            outcome = await look_up(payment_hash)
            if isinstance(outcome, PaymentSucceeded):
                return replace(outcome, fee_msat=self._fees[outcome.preimage])
            return outcome

        monkeypatch.setattr(payer, "pay", paid)
        monkeypatch.setattr(payer, "lookup_payment", looked_up)


async def failed_call(shop: ShopServer, n: int, client: str) -> dict[str, Any]:
    """The answer to a paid request of ``client`` whose call failed."""
    paid = await shop.buy_credential(say(BUSY, n=n))
    answer = await shop.post(say(BUSY, n=n), paid.authorization, X_Forwarded_For=client)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    await shop.until(document, lambda status: status["refund"])
    return document


async def offer(shop: ShopServer, document: dict[str, Any]) -> dict[str, Any]:
    refund = (await shop.status(document))["refund"]
    found: dict[str, Any] = (await shop.http.get(refund["withdraw_url"])).json()
    return found


async def claim(shop: ShopServer, document: dict[str, Any], sats: int) -> dict[str, Any]:
    k1 = (await offer(shop, document))["k1"]
    invoice = await shop.wallet_invoice(sats)
    answer = await shop.http.get("/lnurl/callback", params={"k1": k1, "pr": invoice})
    reported: dict[str, Any] = answer.json()
    return reported


async def withdraw(shop: ShopServer, document: dict[str, Any], sats: int) -> None:
    assert await claim(shop, document, sats) == {"status": "OK"}
    await shop.until(document, lambda status: status["order_state"] == "returned")


@pytest.fixture
async def shop(open_shop: OpenShop) -> ShopServer:
    return await open_shop(
        payouts={"client_fee_budget_sats": CLIENT_BUDGET, "fee_budget_sats": SHOP_BUDGET}
    )


async def test_twelve_cycles_cost_the_shop_the_budget_and_no_more(
    shop: ShopServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given refunds whose routes take all that they may, from one client and then from others,
    withdrawn as offered or in full, then the shop bears its budgets, and the books say so."""
    route = GreedyRoute(shop, monkeypatch)
    for n in range(6):
        document = await failed_call(shop, n, "192.0.2.1")
        most = (await offer(shop, document))["maxWithdrawable"] // 1000
        await withdraw(shop, document, most if n % 2 else PRICE)
    assert await shop.balance_sats(ROUTING_FEE) == -CLIENT_BUDGET
    for n in range(6, 12):
        document = await failed_call(shop, n, f"192.0.2.{n}")
        await withdraw(shop, document, (await offer(shop, document))["maxWithdrawable"] // 1000)

    assert await shop.balance_sats(ROUTING_FEE) == -SHOP_BUDGET
    report = await shop.audit()
    assert report.differences == []
    books = report.books
    assert books.fees == route.taken_msat == SHOP_BUDGET * 1000 + books.routes
    assert books.returned + books.routes == 12 * PRICE * 1000


async def test_the_next_day_has_a_new_budget(
    shop: ShopServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    GreedyRoute(shop, monkeypatch)
    for n in range(2):
        await withdraw(shop, await failed_call(shop, n, "192.0.2.1"), PRICE)
    document = await failed_call(shop, 2, "192.0.2.1")
    today = await offer(shop, document)
    await shop.advance(86_400)
    tomorrow = await offer(shop, document)

    assert (today["minWithdrawable"], today["maxWithdrawable"]) == (47_000, 47_000)
    assert (tomorrow["minWithdrawable"], tomorrow["maxWithdrawable"]) == (50_000, 50_000)


async def test_a_route_without_a_fee_takes_nothing_of_the_budget(shop: ShopServer) -> None:
    for n in range(4):
        document = await failed_call(shop, n, "192.0.2.1")
        assert (await offer(shop, document))["minWithdrawable"] == PRICE * 1000
        await withdraw(shop, document, PRICE)

    assert await shop.balance_sats(ROUTING_FEE) == 0


async def test_less_than_is_offered_is_refused(
    shop: ShopServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    GreedyRoute(shop, monkeypatch)
    document = await failed_call(shop, 0, "192.0.2.1")
    whole = await claim(shop, document, PRICE - 1)
    for n in (1, 2):
        await withdraw(shop, await failed_call(shop, n, "192.0.2.1"), PRICE)
    less = [await claim(shop, document, sats) for sats in (46, 51)]

    assert whole["reason"] == "The refund is 50 sats; make an invoice for exactly that."
    wanted = "The refund is 50 sats; make an invoice for 47 sats."
    assert [reported["reason"] for reported in less] == [wanted, wanted]
    await withdraw(shop, document, 47)
    assert (await shop.status(document))["refund"]["refund_amount"] == 47
    assert await shop.balance_sats(ROUTING_FEE) == -CLIENT_BUDGET
