"""A prepaid account on the pages, without JavaScript: made, shown once, signed in, funded."""

from __future__ import annotations

import asyncio
import csv
import html
import io
import re

import pytest

from ringbolt.app.accounts.sessions import SESSION_MS
from ringbolt.core.lightning.lnurl import decode
from support.clients.pages import PageClient, Seen
from support.numbers import ANSWERS, BUSY
from support.waiting import PATIENCE_S

pytestmark = pytest.mark.asyncio(loop_scope="module")


def form_token(page: Seen) -> str:
    found = re.search(r'name="token" value="([0-9a-f]{64})"', page.text)
    assert found is not None, page.words
    return found[1]


def key_of(page: Seen) -> str:
    found = re.search(r"rb_[0-9a-f]{12}_[A-Za-z0-9_-]{32}", page.text)
    assert found is not None, page.words
    return found[0]


async def a_key(pages: PageClient) -> str:
    """A new account, whose key was shown; the visitor is signed in."""
    pages.http.cookies.clear()
    return key_of(await pages.send("/account/key", {}))


async def funded(pages: PageClient, sats: int) -> Seen:
    """The page of a paid top-up."""
    account = await pages.open("/account")
    token = form_token(account)
    page = await pages.send("/account/fund", {"token": token, "amount": f"{sats:,}"})
    assert page.url.startswith("/o/"), page.words
    assert await asyncio.wait_for(pages.pay(page.invoice), PATIENCE_S) == "SUCCEEDED"
    return await pages.until_state(page.url, "settled")


async def test_who_is_not_signed_in_sees_how_to(pages: PageClient) -> None:
    pages.http.cookies.clear()
    page = await pages.open("/account")
    assert (page.status, page.title) == (200, "Account")
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-robots-tag"] == "noindex"


async def test_a_key_is_shown_once_signs_in_and_is_funded(pages: PageClient) -> None:
    key = await a_key(pages)
    account = await pages.open("/account")
    assert key not in account.text
    assert key.split("_")[1] in account.text
    page = await funded(pages, 12_345)
    assert page.title == "12,345 sats are on your balance"
    account = await pages.open("/account")
    assert "12,345 sats" in account.words
    assert "Money added" in account.words
    left = await pages.send("/account/sign-out", {"token": form_token(account)})
    assert "Sign in" in left.words
    again = await pages.send("/account/sign-in", {"key": f" {key} "})
    assert (again.url, again.status) == ("/account", 200)
    assert "12,345 sats" in again.words
    assert await pages.balance(key) == 12_345


# -- the key ---------------------------------------------------------------------------------------


async def test_a_reload_makes_no_other_key(pages: PageClient) -> None:
    key = await a_key(pages)
    again = await pages.send("/account/key", {})
    assert (again.status, again.title) == (409, "You are signed in")
    assert "rb_" not in again.text
    other = key_of(await pages.send("/account/key", {"another": "yes"}))
    assert other != key
    await funded(pages, 1000)
    assert (await pages.send("/account/key", {"another": "yes"})).status == 409


async def test_a_key_can_be_kept_as_a_file(pages: PageClient) -> None:
    pages.http.cookies.clear()
    shown = await pages.send("/account/key", {})
    key = key_of(shown)
    sent = {"token": form_token(shown), "key": key}
    kept = await pages.send("/account/key/file", sent)
    assert kept.text == f"{key}\n"
    assert kept.headers["content-disposition"].startswith("attachment")
    assert (await pages.send("/account/key/file", sent | {"key": "rb_x"})).status == 403


async def test_nothing_is_stored_of_a_visitor_who_adds_no_money(pages: PageClient) -> None:
    before = await pages.shop.rows()
    await a_key(pages)
    await pages.open("/account")
    assert await pages.shop.rows() == before


@pytest.mark.parametrize("key", ["", "nonsense", "rb_" + "0" * 400, "<script>", "\N{SNOWMAN}"])
async def test_a_wrong_key_opens_nothing(pages: PageClient, key: str) -> None:
    pages.http.cookies.clear()
    page = await pages.send("/account/sign-in", {"key": key})
    assert page.status == 401
    assert page.error("key") == "We do not know this key."
    assert not pages.http.cookies


async def test_a_key_is_replaced_and_the_former_one_ends_at_once(pages: PageClient) -> None:
    key = await a_key(pages)
    await funded(pages, 2000)
    former = dict(pages.http.cookies)
    asked = await pages.open("/account/key/replace")
    assert "stop working at once" in asked.words
    shown = await pages.send("/account/key/replace", {"token": form_token(asked)})
    made = key_of(shown)
    assert made != key
    assert await pages.balance(made) == 2000
    assert (await pages.http.get("/balance", headers={"X-API-Key": key})).status_code == 401
    reloaded = await pages.send("/account/key/replace", {"token": form_token(asked)})
    assert reloaded.status == 403
    pages.http.cookies.clear()
    pages.http.cookies.update(former)
    assert "Sign in" in (await pages.open("/account")).words
    assert (await pages.send("/account/sign-in", {"key": key})).status == 401
    assert "2,000" in (await pages.send("/account/sign-in", {"key": made})).words


@pytest.mark.parametrize("path", ["fund", "withdrawals", "key/replace", "sign-out", "key/file"])
async def test_a_form_needs_its_session(pages: PageClient, path: str) -> None:
    await a_key(pages)
    sent = {"amount": "1000", "sats": "1000"}
    assert (await pages.send(f"/account/{path}", sent | {"token": "0" * 64})).status == 403
    foreign = await pages.send(f"/account/{path}", sent, Origin="https://evil.example")
    assert foreign.status == 403
    pages.http.cookies.clear()
    gone = await pages.send(f"/account/{path}", sent)
    assert (gone.status, gone.title) == (401, "Account")
    assert "signed out" in gone.words


async def test_the_cookie_is_not_for_scripts_nor_for_other_sites(pages: PageClient) -> None:
    pages.http.cookies.clear()
    answer = await pages.http.post("/account/key", data={})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie, "the shop is reached by http"
    key = key_of(Seen(200, "", answer.text, answer.headers))
    assert key not in cookie


async def test_a_session_ends_by_itself(pages: PageClient) -> None:
    await a_key(pages)
    assert "Add money" in (await pages.open("/account")).words
    await pages.shop.advance(SESSION_MS // 1000 + 1)
    assert "Add money" not in (await pages.open("/account")).words


@pytest.mark.parametrize(
    "session", ["x", "0" * 200, "a" * 12 + "." + "b" * 64 + ".9999999999999." + "c" * 64]
)
async def test_a_forged_session_opens_nothing(pages: PageClient, session: str) -> None:
    pages.http.cookies.clear()
    page = await pages.open("/account", Cookie=f"ringbolt_account={session}")
    assert "Sign in" in page.words


# -- the money -------------------------------------------------------------------------------------


@pytest.mark.parametrize("amount", ["0", "-5", "1.5e3", "ten", "9" * 30, "1" * 20])
async def test_an_amount_that_cannot_be_is_told_beside_its_field(
    pages: PageClient, amount: str
) -> None:
    await a_key(pages)
    token = form_token(await pages.open("/account"))
    page = await pages.send("/account/fund", {"token": token, "amount": amount})
    assert page.status == 422
    assert "sat" in page.error("amount")
    assert page.value("amount") == amount


async def test_a_form_that_is_sent_twice_makes_one_invoice(pages: PageClient) -> None:
    await a_key(pages)
    account = await pages.open("/account")
    sent = {"token": form_token(account), "once": account.value("once"), "amount": "1000"}
    first, second = [await pages.send("/account/fund", sent) for _ in range(2)]
    assert first.url == second.url
    other = await pages.send("/account/fund", sent | {"amount": "2000"})
    assert other.url != first.url


async def test_the_history_is_shown_page_by_page_and_saved(pages: PageClient) -> None:
    key = await a_key(pages)
    await funded(pages, 100_000)
    for _ in range(21):
        await pages.order(
            "/createsendorder",
            {"phone": "+12025550144", "message": "=1+1", "immediate": True},
            X_API_Key=key,
        )
    first = await pages.open("/account")
    assert first.words.count("Text to") == 20
    older = re.search(r'href="(/account\?before=[^"#]+)', first.text)
    assert older is not None
    second = await pages.open(html.unescape(older[1]))
    assert second.words.count("Text to") == 1
    assert "+100,000" in second.words
    rows = list(csv.reader(io.StringIO((await pages.open("/account/history.csv")).text)))
    assert len(rows) == 23
    assert rows[-1][3:] == ["100000.000", "100000.000"]
    assert {row[1] for row in rows[1:-1]} == {"Text to +12025550144"}
    balances = [float(row[4]) for row in rows[1:]]
    assert balances == sorted(balances)
    assert (await pages.open("/account?before=nonsense")).status == 400


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
