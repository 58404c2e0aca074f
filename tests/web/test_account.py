"""A prepaid account on the pages, without JavaScript: made, shown once, signed in, funded."""

from __future__ import annotations

import asyncio
import re

import pytest

from support.clients.pages import PageClient, Seen
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
    assert key.rpartition("_")[0][:15] in account.text
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
