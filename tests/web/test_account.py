"""A prepaid account on the pages, without JavaScript: made, shown once, signed in, funded."""

from __future__ import annotations

import asyncio
import csv
import html
import io
import re
from pathlib import Path

import pytest

from ringbolt.app.accounts.keys import revoke_key
from ringbolt.app.accounts.sessions import SESSION_MS
from support.clients.account_pages import a_key, form_token, funded, key_of
from support.clients.pages import PageClient, Seen
from support.servers.shop import running_shop, settings_for
from support.waiting import PATIENCE_S

pytestmark = pytest.mark.asyncio(loop_scope="module")


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


async def test_behind_https_the_cookie_is_sent_over_https_alone(
    tmp_path: Path, speech_dir: Path
) -> None:
    settings = settings_for(tmp_path, speech_dir, public_url="https://shop.example")
    async with running_shop(settings) as running:
        answer = await running.http.post("/account/key", data={})
    assert "Secure" in answer.headers["set-cookie"]


async def test_who_is_revoked_is_signed_out(pages: PageClient) -> None:
    key = await a_key(pages)
    await funded(pages, 1000)
    await revoke_key(pages.shop.shop.db, key.split("_")[1])
    assert "Sign in" in (await pages.open("/account")).words
    assert (await pages.send("/account/sign-in", {"key": key})).status == 401


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


@pytest.mark.parametrize("amount", ["0", "-5", "1.5", "1.5e3", "1,00", "ten", "9" * 30, "1" * 20])
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


async def test_a_key_that_a_program_stores_first_is_the_same_account(
    tmp_path: Path, speech_dir: Path
) -> None:
    """Where programs may bring keys of their own, the key of a page may come from one first."""
    settings = settings_for(tmp_path, speech_dir, keys={"self_service": True})
    async with running_shop(settings) as running:
        pages = PageClient(running)
        key = await a_key(pages)
        made = await pages.order("/fund", {"amount": 700}, X_API_Key=key)
        assert await asyncio.wait_for(pages.pay(made["payreq"]), PATIENCE_S) == "SUCCEEDED"
        await funded(pages, 300)
        assert await pages.balance(key) == 1000
        assert "1,000 sats" in (await pages.open("/account")).words
