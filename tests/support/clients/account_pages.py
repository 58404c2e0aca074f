"""What a visitor of the account's pages does, without JavaScript."""

from __future__ import annotations

import asyncio
import re

from support.clients.pages import PageClient, Seen
from support.waiting import PATIENCE_S


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
