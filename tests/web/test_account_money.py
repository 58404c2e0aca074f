"""The balance of an account on the pages: taken out again, and spent; without JavaScript."""

from __future__ import annotations

import re

import pytest

from ringbolt.core.lightning.lnurl import decode
from support.clients.account_pages import a_key, form_token, funded
from support.clients.pages import PageClient, Seen
from support.numbers import ANSWERS, BUSY

pytestmark = pytest.mark.asyncio(loop_scope="module")


# -- taken out -------------------------------------------------------------------------------------


async def begun(pages: PageClient, sats: int, address: str = "") -> Seen:
    account = await pages.open("/account")
    sent = {"token": form_token(account), "sats": f"{sats}", "lightning_address": address}
    return await pages.send("/account/withdrawals", sent)


def lnurl_of(page: Seen) -> str:
    found = re.search(r'href="lightning:(lnurl1[a-z0-9]+)"', page.text)
    assert found is not None, page.words
    return found[1]


async def taken(pages: PageClient, lnurl: str) -> dict[str, str]:
    """What a wallet does with the link."""
    offer = (await pages.http.get(decode(lnurl, http_allowed=True))).json()
    assert offer["minWithdrawable"] == offer["maxWithdrawable"], offer
    invoice = await pages.shop.wallet_invoice(offer["maxWithdrawable"] // 1000)
    query = {"k1": offer["k1"], "pr": invoice}
    answer: dict[str, str] = (await pages.http.get(offer["callback"], params=query)).json()
    return answer


async def test_a_wallet_takes_unused_balance_out(pages: PageClient) -> None:
    key = await a_key(pages)
    await funded(pages, 5000)
    page = await begun(pages, 4000)
    assert (page.state, page.title) == ("open", "Take 4,000 sats")
    assert await pages.balance(key) == 5000 - 4040
    assert "under way" in (await pages.open("/account")).words
    tab = await begun(pages, 100)
    assert tab.url == page.url, "a second tab finds the first"
    assert await taken(pages, lnurl_of(page)) == {"status": "OK"}
    done = await pages.until_state(page.url, "paid")
    assert done.title == "Your 4,000 sats are in your wallet"
    assert "lightning:" not in done.text
    assert await pages.balance(key) == 1000
    account = await pages.open("/account")
    assert "Money taken out" in account.words
    assert "\N{MINUS SIGN}4,000" in account.words
    await pages.shop.audit()


async def test_it_goes_to_a_lightning_address(pages: PageClient) -> None:
    await a_key(pages)
    await funded(pages, 3000)
    page = await begun(pages, 1500, "ann@wallet.example")
    done = await pages.until_state(page.url, "paid")
    assert "Sent to ann@wallet.example." in done.words
    page = await begun(pages, 500, "nobody@wallet.example")
    back = await pages.until_state(page.url, "failed")
    assert back.title == "Your 500 sats are on your balance again"
    assert "It was not paid:" in back.words


async def test_the_money_can_be_kept(pages: PageClient) -> None:
    key = await a_key(pages)
    await funded(pages, 3000)
    page = await begun(pages, 2000)
    kept = await pages.send(f"{page.url}/cancel", {"token": form_token(page)})
    assert kept.state == "failed"
    assert "You kept the money." in kept.words
    assert await pages.balance(key) == 3000
    assert (await taken_error(pages, lnurl_of(page)))["status"] == "ERROR"
    late = await begun(pages, 2000)
    await taken(pages, lnurl_of(late))
    refused = await pages.send(f"{late.url}/cancel", {"token": form_token(late)})
    assert refused.status == 409


async def taken_error(pages: PageClient, lnurl: str) -> dict[str, str]:
    answer: dict[str, str] = (await pages.http.get(decode(lnurl, http_allowed=True))).json()
    return answer


async def test_a_withdrawal_is_shown_to_its_holder_alone(pages: PageClient) -> None:
    await a_key(pages)
    await funded(pages, 3000)
    page = await begun(pages, 2000)
    await a_key(pages)
    for path in (page.url, f"{page.url}/panel", f"{page.url}/events", "/account/withdrawals/x"):
        assert (await pages.open(path)).status == 404
    pages.http.cookies.clear()
    assert (await pages.open(page.url)).status == 401


@pytest.mark.parametrize(
    ("sats", "address", "field", "says"),
    [
        ("50", "", "sats", "at least 100"),
        ("4000", "", "sats", "At most 2970 sats"),
        ("x", "", "sats", "whole number"),
        ("1000", "alice", "lightning_address", "name@example.com"),
        ("1000", "a@127.0.0.1", "lightning_address", "public host name"),
    ],
)
async def test_what_cannot_be_taken_out_is_told_beside_its_field(
    pages: PageClient, sats: str, address: str, field: str, says: str
) -> None:
    key = await a_key(pages)
    await funded(pages, 3000)
    account = await pages.open("/account")
    sent = {"token": form_token(account), "sats": sats, "lightning_address": address}
    page = await pages.send("/account/withdrawals", sent)
    assert 400 <= page.status < 500
    assert says in page.error(field), page.words
    assert page.value(field) == (address if field == "lightning_address" else sats)
    assert await pages.balance(key) == 3000


# -- spent -----------------------------------------------------------------------------------------

TEXT = {"phone_number": "+1 202 555 0144", "message": "From a balance"}


async def from_balance(pages: PageClient, path: str, fields: dict[str, str]) -> Seen:
    form = await pages.open(path)
    sent = {"token": form_token(form), "once": form.value("once"), "pay": "balance"}
    return await pages.send(path, {**fields, **sent})


async def test_an_order_is_paid_from_the_balance_once(pages: PageClient) -> None:
    key = await a_key(pages)
    await funded(pages, 3500)
    priced = await pages.send("/text/price", TEXT)
    assert "Pay from your balance" in priced.words
    form = await pages.open("/text")
    sent = {"token": form_token(form), "once": form.value("once"), "pay": "balance"}
    page = await pages.send("/text", {**TEXT, **sent})
    assert page.url.startswith("/o/")
    assert "1,000 sats set aside from your balance" in page.words
    again = await pages.send("/text", {**TEXT, **sent})
    assert again.url == page.url, "a form that is sent twice buys once"
    done = await pages.until_state(page.url, "settled")
    assert "Payment taken" in done.words
    assert "wallet" not in done.words
    assert await pages.balance(key) == 2500
    other = await from_balance(pages, "/text", TEXT)
    assert other.url != page.url
    account = await pages.open("/account")
    assert page.url in account.text


async def test_a_call_costs_the_minutes_that_were_begun(pages: PageClient) -> None:
    key = await a_key(pages)
    await funded(pages, 1000)
    call = {"phone_number": ANSWERS, "message": "word " * 90, "kind": "say"}
    page = await from_balance(pages, "/call", call)
    done = await pages.until_state(page.url, "settled")
    price = 1000 - await pages.balance(key)
    assert f"Receipt {price} sats" in done.words
    busy = await from_balance(pages, "/call", call | {"phone_number": BUSY})
    back = await pages.until_state(busy.url, "returned")
    assert "are back" in back.title
    assert await pages.balance(key) == 1000 - price


async def test_a_balance_that_is_too_small_says_so_and_buys_nothing(pages: PageClient) -> None:
    key = await a_key(pages)
    await funded(pages, 900)
    priced = await pages.send("/text/price", TEXT)
    assert "does not cover this" in priced.words
    page = await from_balance(pages, "/text", TEXT)
    assert page.status == 402
    assert "900 can be spent" in page.words
    assert page.value("message") == TEXT["message"]
    assert await pages.balance(key) == 900


async def test_who_is_signed_out_pays_from_no_balance(pages: PageClient) -> None:
    await a_key(pages)
    await funded(pages, 2000)
    form = await pages.open("/text")
    sent = {"token": form_token(form), "once": "x", "pay": "balance", **TEXT}
    assert (await pages.send("/text", sent | {"token": "0" * 64})).status == 403
    pages.http.cookies.clear()
    page = await pages.send("/text", sent)
    assert page.status == 422
    assert "signed out" in page.words
    assert page.value("message") == TEXT["message"]
    assert "balance" not in (await pages.send("/text/price", TEXT)).words
