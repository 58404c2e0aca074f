"""The money of a failed call, withdrawn into the simulated wallet by LNURL: once, and exactly."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import pytest

from ringbolt.core.lightning import bolt11
from ringbolt.lightning.node import PaymentFailed
from support.clients.l402 import Paid, say
from support.numbers import BUSY, PLAIN
from support.servers.shop import ShopServer
from support.waiting import eventually

PRICE = 50


async def failed_call(shop: ShopServer) -> tuple[Paid, dict[str, Any], dict[str, Any]]:
    """A paid call to a busy phone: the credential, the answer, the refund as the status has it."""
    paid, answer = await shop.buy(say(BUSY))
    status = await shop.until(answer, lambda status: status["refund"])
    refund: dict[str, Any] = status["refund"]
    return paid, answer, refund


async def offer_of(shop: ShopServer, refund: dict[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = (await shop.http.get(refund["withdraw_url"])).json()
    return document


async def claim(shop: ShopServer, refund: dict[str, Any], invoice: str) -> dict[str, Any]:
    k1 = refund["withdraw_url"].rsplit("/", 1)[1]
    answer = await shop.http.get("/lnurl/callback", params={"k1": k1, "pr": invoice})
    assert answer.status_code == 200, "LNURL errors are HTTP 200"
    document: dict[str, Any] = answer.json()
    return document


async def until_returned(shop: ShopServer, answer: dict[str, Any]) -> dict[str, Any]:
    return await shop.until(answer, lambda status: status["order_state"] == "returned")


async def assert_nothing_was_paid_back(shop: ShopServer, answer: dict[str, Any]) -> None:
    status = await shop.status(answer)
    assert status["refund"]["status"] == "pending"
    assert await shop.transfers(answer) == [("payment", PRICE)]
    assert (await shop.audit()).differences == []


async def test_the_link_is_an_lnurl_withdraw_of_exactly_the_price(shop: ShopServer) -> None:
    _, _, refund = await failed_call(shop)
    offer = await offer_of(shop, refund)

    assert offer["tag"] == "withdrawRequest"
    assert offer["callback"] == f"{shop.url}/lnurl/callback"
    assert offer["k1"] == refund["withdraw_url"].rsplit("/", 1)[1]
    assert offer["minWithdrawable"] == offer["maxWithdrawable"] == PRICE * 1000
    assert offer["defaultDescription"]


async def test_a_wallet_s_library_reads_the_link(shop: ShopServer) -> None:
    lnurl = pytest.importorskip("lnurl", reason="lnurl needs bolt11, which needs Python < 3.13")
    _, _, refund = await failed_call(shop)

    assert lnurl.decode(refund["lnurl_withdraw"]) == refund["withdraw_url"]


async def test_a_claimed_refund_arrives_to_the_sat(any_shop: ShopServer) -> None:
    before = await any_shop.wallet_sats()
    _, answer, refund = await failed_call(any_shop)
    assert await any_shop.wallet_sats() == before - PRICE

    reported = await claim(any_shop, refund, await any_shop.wallet_invoice(PRICE))
    status = await until_returned(any_shop, answer)

    assert reported == {"status": "OK"}
    assert await any_shop.wallet_sats() == before
    assert status["refund"]["status"] == "paid"
    assert status["refund"]["paid_at"]
    assert status["charged_sats"] == 0
    assert status["retry"] is None
    assert await any_shop.transfers(answer) == [("payment", PRICE), ("refund", PRICE)]
    report = await any_shop.audit()
    assert report.differences == []
    assert (report.books.received, report.books.returned, report.owed_msat) == (50_000, 50_000, 0)


async def test_a_refund_is_paid_once_however_often_it_is_claimed(any_shop: ShopServer) -> None:
    before = await any_shop.wallet_sats()
    _, answer, refund = await failed_call(any_shop)
    invoices = [await any_shop.wallet_invoice(PRICE) for _ in range(3)]
    reported = [await claim(any_shop, refund, invoice) for invoice in invoices]
    await until_returned(any_shop, answer)
    late = await claim(any_shop, refund, await any_shop.wallet_invoice(PRICE))

    assert [one["status"] for one in reported] == ["OK", "ERROR", "ERROR"]
    assert late["status"] == "ERROR"
    assert await any_shop.wallet_sats() == before


async def test_an_invoice_may_be_named_again_however_it_is_spelled(any_shop: ShopServer) -> None:
    before = await any_shop.wallet_sats()
    _, answer, refund = await failed_call(any_shop)
    invoice = await any_shop.wallet_invoice(PRICE)
    spelled = [
        f" lightning:{invoice.upper()}", invoice, invoice.upper(), f"LIGHTNING:{invoice}\n",
        f"lightning://{invoice}",
    ]  # fmt: skip

    at_once = await asyncio.gather(*(claim(any_shop, refund, each) for each in spelled * 3))
    other = await claim(any_shop, refund, await any_shop.wallet_invoice(PRICE))
    await until_returned(any_shop, answer)
    late = [await claim(any_shop, refund, each) for each in spelled]

    assert [*at_once, *late] == [{"status": "OK"}] * 20
    assert other == {"status": "ERROR", "reason": "This refund was claimed already."}
    assert await any_shop.wallet_sats() == before
    assert await any_shop.transfers(answer) == [("payment", PRICE), ("refund", PRICE)]
    assert (await any_shop.audit()).differences == []


async def test_of_two_claims_at_once_one_is_paid(any_shop: ShopServer) -> None:
    before = await any_shop.wallet_sats()
    _, answer, refund = await failed_call(any_shop)
    invoices = [await any_shop.wallet_invoice(PRICE) for _ in range(8)]

    reported = await asyncio.gather(*(claim(any_shop, refund, invoice) for invoice in invoices))
    await until_returned(any_shop, answer)

    assert sorted(one["status"] for one in reported) == ["ERROR"] * 7 + ["OK"]
    assert await any_shop.wallet_sats() == before
    assert (await any_shop.audit()).differences == []


async def test_a_claimed_link_says_so(shop: ShopServer) -> None:
    _, answer, refund = await failed_call(shop)
    await claim(shop, refund, await shop.wallet_invoice(PRICE))
    await until_returned(shop, answer)

    assert await offer_of(shop, refund) == {
        "status": "ERROR",
        "reason": "This refund was claimed already.",
    }


@pytest.mark.parametrize(
    "invoice",
    [
        "",
        "nonsense",
        "lnbcrt",
        "lnbcrt500n1" + "q" * 3000,
        "LNURL1DP68GURN8GHJ7UM9WFMXJCM99E3K7MF0V9CXJ0M385EKVCENXC6R2C35",
    ],
)
async def test_what_is_no_invoice_is_refused(shop: ShopServer, invoice: str) -> None:
    _, answer, refund = await failed_call(shop)

    reported = await claim(shop, refund, invoice)

    assert reported["status"] == "ERROR"
    assert reported["reason"].count("nvoice") == 1
    assert reported["reason"].endswith(".")
    assert not reported["reason"].endswith("..")
    await assert_nothing_was_paid_back(shop, answer)


@pytest.mark.parametrize("sats", [PRICE - 1, PRICE + 1, 0, 100_000])
async def test_an_invoice_for_another_amount_is_refused(shop: ShopServer, sats: int) -> None:
    _, answer, refund = await failed_call(shop)
    reported = await claim(shop, refund, await shop.wallet_invoice(sats))

    assert reported["status"] == "ERROR"
    assert str(PRICE) in reported["reason"]
    await assert_nothing_was_paid_back(shop, answer)


async def test_an_invoice_that_has_expired_is_refused(shop: ShopServer) -> None:
    _, answer, refund = await failed_call(shop)
    invoice = await shop.wallet_invoice(PRICE, expiry="60")
    await shop.advance(61)
    reported = await claim(shop, refund, invoice)

    assert reported == {"status": "ERROR", "reason": "The invoice has expired; make a fresh one."}
    await assert_nothing_was_paid_back(shop, answer)


async def test_an_invoice_of_another_network_is_refused(shop: ShopServer) -> None:
    _, answer, refund = await failed_call(shop)
    mainnet = bolt11.encode(
        network="mainnet",
        amount_msat=PRICE * 1000,
        timestamp_s=shop.shop.clock.now_ms() // 1000,
        payment_hash=secrets.token_bytes(32),
        payment_secret=secrets.token_bytes(32),
        private_key=b"\1" * 32,
        description="refund",
        description_hash=None,
        expiry_s=600,
        min_final_cltv=18,
    )
    reported = await claim(shop, refund, mainnet)

    assert reported["status"] == "ERROR"
    assert "mainnet" in reported["reason"]
    await assert_nothing_was_paid_back(shop, answer)


async def test_an_unknown_link_is_refused(shop: ShopServer) -> None:
    refund = {"withdraw_url": f"{shop.url}/lnurl/withdraw/{'0' * 64}"}

    assert (await offer_of(shop, refund))["status"] == "ERROR"
    assert (await claim(shop, refund, await shop.wallet_invoice(PRICE)))["status"] == "ERROR"


async def test_a_claimed_refund_ends_the_retry(any_shop: ShopServer) -> None:
    paid, answer, refund = await failed_call(any_shop)
    await claim(any_shop, refund, await any_shop.wallet_invoice(PRICE))
    at_once = await any_shop.post(say(BUSY), paid.authorization)
    await until_returned(any_shop, answer)
    later = await any_shop.post(say(BUSY), paid.authorization)

    assert at_once.status_code == later.status_code == 402
    assert later.json()["error_code"] == "L402_REFUNDED"
    assert later.json()["previous"]["status_url"] == answer["status_url"]
    assert len(await any_shop.attempts(answer)) == 1


async def test_a_retry_makes_the_old_link_dead(any_slow_shop: ShopServer) -> None:
    before = await any_slow_shop.wallet_sats()
    paid, first = await any_slow_shop.buy(say(PLAIN))
    await any_slow_shop.phone(PLAIN, "decline")
    failed = await any_slow_shop.until(first, lambda status: status["refund"])
    await any_slow_shop.post(say(PLAIN), paid.authorization)
    reported = await claim(
        any_slow_shop, failed["refund"], await any_slow_shop.wallet_invoice(PRICE)
    )
    await any_slow_shop.phone(PLAIN, "answer")
    await any_slow_shop.until(first, lambda status: status["order_state"] == "settled")

    assert reported["status"] == "ERROR"
    assert await any_slow_shop.wallet_sats() == before - PRICE
    assert (await any_slow_shop.audit()).differences == []


async def test_after_a_second_failure_there_is_a_new_link(shop: ShopServer) -> None:
    paid, answer, first = await failed_call(shop)
    await shop.post(say(BUSY), paid.authorization)
    status = await shop.until(
        answer,
        lambda status: (
            status["refund"] and status["refund"]["withdraw_url"] != first["withdraw_url"]
        ),
    )

    assert (await claim(shop, first, await shop.wallet_invoice(PRICE)))["status"] == "ERROR"
    reported = await claim(shop, status["refund"], await shop.wallet_invoice(PRICE))
    assert reported == {"status": "OK"}
    await until_returned(shop, answer)


async def test_claim_and_retry_at_once_have_one_winner(any_shop: ShopServer) -> None:
    for _ in range(5):
        paid, answer, refund = await failed_call(any_shop)
        invoice = await any_shop.wallet_invoice(PRICE)
        reported, again = await asyncio.gather(
            claim(any_shop, refund, invoice), any_shop.post(say(BUSY), paid.authorization)
        )
        assert (reported["status"] == "OK") is (again.status_code == 402)
        await any_shop.until(answer, lambda status: status["order_state"] in ("returned", "failed"))
    assert (await any_shop.audit()).differences == []


async def test_one_invoice_is_not_paid_for_two_refunds(shop: ShopServer) -> None:
    _, first, refund = await failed_call(shop)
    paid = await shop.buy_credential(say(BUSY, "Hello.", n=2))
    second = (await shop.post(say(BUSY, "Hello.", n=2), paid.authorization)).json()
    other = (await shop.until(second, lambda status: status["refund"]))["refund"]
    invoice = await shop.wallet_invoice(PRICE)
    reported = [await claim(shop, refund, invoice), await claim(shop, other, invoice)]
    await until_returned(shop, first)

    assert [one["status"] for one in reported] == ["OK", "ERROR"]
    await assert_nothing_was_paid_back(shop, second)


async def test_a_payment_that_fails_opens_the_refund_again(
    any_shop: ShopServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await any_shop.wallet_sats()
    _, answer, refund = await failed_call(any_shop)

    async def no_route(*_: object) -> PaymentFailed:
        return PaymentFailed("FAILURE_REASON_NO_ROUTE")

    payer = any_shop.shop.payer
    assert payer is not None
    monkeypatch.setattr(payer, "pay", no_route)
    reported = await claim(any_shop, refund, await any_shop.wallet_invoice(PRICE))
    status = await any_shop.until(answer, lambda status: status["refund"].get("last_failure"))
    monkeypatch.undo()

    assert reported == {"status": "OK"}
    assert status["refund"]["status"] == "pending"
    assert "NO_ROUTE" in status["refund"]["last_failure"]
    assert status["refund"]["withdraw_url"] != refund["withdraw_url"]
    assert (await claim(any_shop, refund, await any_shop.wallet_invoice(PRICE)))[
        "status"
    ] == "ERROR"
    await claim(any_shop, status["refund"], await any_shop.wallet_invoice(PRICE))
    await until_returned(any_shop, answer)
    assert await any_shop.wallet_sats() == before
    assert (await any_shop.audit()).differences == []


async def test_an_invoice_that_was_cancelled_opens_the_refund_again(shop: ShopServer) -> None:
    _, answer, refund = await failed_call(shop)
    invoice = await shop.wallet_invoice(PRICE)
    assert shop.opened.world is not None
    network = shop.opened.world.lightning
    await network.cancel_invoice(network.wallet, bolt11.decode(invoice).payment_hash)
    await claim(shop, refund, invoice)
    status = await shop.until(answer, lambda status: status["refund"].get("last_failure"))

    assert status["refund"]["status"] == "pending"
    assert (await shop.audit()).differences == []


async def test_the_shops_own_invoice_cannot_turn_a_refund_into_a_second_call(
    shop: ShopServer,
) -> None:
    """A node does not pay itself; whatever it says, the books must agree."""
    _, answer, refund = await failed_call(shop)
    own = (await shop.post(say(BUSY, n=2))).json()["invoice"]
    await claim(shop, refund, own)

    async def decided() -> bool:
        status = await shop.status(answer)
        return status["order_state"] == "returned" or "last_failure" in status["refund"]

    await eventually(decided)
    report = await shop.audit()
    assert report.differences == []
    assert report.books.received == report.books.returned + report.owed_msat


async def test_a_payment_never_used_in_time_is_paid_back(shop: ShopServer) -> None:
    before = await shop.wallet_sats()
    paid = await shop.buy_credential(say(BUSY))
    await shop.advance(86_401)
    late = (await shop.post(say(BUSY), paid.authorization)).json()["previous"]
    refund = (await shop.status(late))["refund"]

    assert (await claim(shop, refund, await shop.wallet_invoice(PRICE)))["status"] == "OK"
    await until_returned(shop, late)
    assert await shop.wallet_sats() == before
