"""Money of a paid request that was not delivered: its withdraw link is a page in a browser."""

from __future__ import annotations

import pytest

from ringbolt.core.lightning import lnurl
from support.clients.l402 import say
from support.clients.pages import PageClient, Seen
from support.numbers import BUSY
from support.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def a_refund(pages: PageClient) -> str:
    """The path of a refund that waits for its buyer."""
    _, bought = await pages.shop.buy(say(BUSY))

    async def probe() -> str:
        refund = (await pages.shop.status(bought))["refund"]
        return str(refund["withdraw_url"]) if refund and refund["withdraw_url"] else ""

    return (await eventually(probe)).removeprefix(pages.shop.url)


async def test_a_browser_sees_a_page_and_a_wallet_its_document(pages: PageClient) -> None:
    path = await a_refund(pages)
    page = await pages.open(path)
    document = (await pages.http.get(path)).json()

    assert (page.status, page.title, page.state) == (200, "Your money back", "open")
    assert lnurl.decode(page.invoice, http_allowed=True) == pages.shop.url + path
    assert f"{document['maxWithdrawable'] // 1000} sats" in page.words
    assert document["tag"] == "withdrawRequest"


async def test_it_is_sent_to_a_lightning_address_once(pages: PageClient) -> None:
    path = await a_refund(pages)
    before = await pages.shop.wallet_sats()

    async def send() -> Seen:
        return await pages.send(path, {"lightning_address": "anna@simulator.example"})

    sent = await send()
    assert sent.state in ("claimed", "paid")

    async def is_paid() -> bool:
        return (await pages.open(path)).state == "paid"

    await eventually(is_paid)
    assert (await send()).status == 409
    assert await pages.shop.wallet_sats() >= before
    assert (await pages.shop.audit()).agrees


@pytest.mark.parametrize(
    ("address", "says"),
    [("", "Write the address"), ("nobody", "looks like"), ("a@b@c", "public host name")],
)
async def test_a_wrong_address_is_said_beside_its_field(
    pages: PageClient, address: str, says: str
) -> None:
    path = await a_refund(pages)
    page = await pages.send(path, {"lightning_address": address})
    assert page.status in (400, 422)
    assert says in page.error("lightning_address")
    assert page.state == "open"


async def test_an_unknown_link_is_no_refund(pages: PageClient) -> None:
    unknown = await pages.open("/lnurl/withdraw/" + "0" * 64)
    assert (unknown.status, "no money" in unknown.words) == (404, True)
    foreign = await pages.send("/lnurl/withdraw/x", {}, Origin="https://elsewhere.example")
    assert foreign.status == 403
