"""What a buyer has paid for keeps its worth when the shop's rules, or the luck, change."""

from __future__ import annotations

import pytest

from ringbolt.core.pricing.rates import RateCard
from support.clients.l402 import say
from support.numbers import ANSWERS
from support.servers.shop import ShopServer

BUSY = "+12345678" + "01"
PLAIN = "+12025550123"


def withdraw_every_rate(shop: ShopServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator takes all destinations but one out of the rate card."""
    card = shop.shop.rates
    kept = RateCard(rate for rate in card.rates() if rate.prefix == "44")
    monkeypatch.setattr(card, "_rates", kept._rates)


async def test_a_number_that_lost_its_price_after_the_payment_is_refused_and_paid_back(
    shop: ShopServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await shop.wallet_sats()
    paid = await shop.buy_credential(say(PLAIN))
    withdraw_every_rate(shop, monkeypatch)

    answer = await shop.post(say(PLAIN), paid.authorization)

    document = answer.json()
    assert (answer.status_code, document["error_code"]) == (422, "DESTINATION_NOT_OFFERED")
    status = await shop.status(document["previous"])
    assert status["order_state"] == "failed"
    assert status["refund"]["refund_amount"] == before - await shop.wallet_sats()
    assert await shop.calls_of(PLAIN) == []
    assert (await shop.audit()).agrees


async def test_a_refused_number_without_a_payment_leaves_nothing_behind(
    shop: ShopServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    withdraw_every_rate(shop, monkeypatch)

    answer = await shop.post(say(PLAIN), "L402 AgEIbm9uc2Vuc2U=:" + "0" * 64)

    assert answer.status_code == 422
    assert "previous" not in answer.json()
    assert (await shop.rows())["orders"] == 0


async def test_of_two_credentials_the_one_that_is_not_spent_pays(shop: ShopServer) -> None:
    spent, bought = await shop.buy(say(ANSWERS))
    await shop.until_over(bought)
    await shop.advance(600)  # beyond the time in which the same request gets the same answer
    fresh = await shop.buy_credential(say(ANSWERS))

    answer = await shop.post(say(ANSWERS), f"{spent.authorization}, {fresh.authorization}")

    assert answer.status_code == 200
    assert answer.json()["sid"] != bought["sid"]


async def test_one_payment_rings_a_busy_line_five_times_and_no_more(shop: ShopServer) -> None:
    paid, bought = await shop.buy(say(BUSY))
    for _ in range(4):
        await shop.until(bought, lambda status: status["order_state"] == "failed")
        assert (await shop.status(bought))["retry"] is not None
        answer = await shop.post(say(BUSY), paid.authorization)
        assert answer.status_code == 200

    status = await shop.until(bought, lambda status: status["order_state"] == "failed")
    sixth = await shop.post(say(BUSY), paid.authorization)

    assert status["retry"] is None
    assert status["refund"]["status"] == "pending"
    assert (sixth.status_code, sixth.json()["error_code"]) == (402, "L402_ORDER_FAILED")
    assert len(await shop.attempts(bought)) == 5
