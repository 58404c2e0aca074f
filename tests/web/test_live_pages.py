"""An order's page shows the truth whatever happens to its connection, its tab or another one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Route, expect

from support.clients.pages import PageClient
from support.clients.visitor import PATIENCE_MS, Visitor
from support.numbers import BUSY, LISTENS, PLAIN
from support.waiting import PATIENCE_S

pytestmark = pytest.mark.asyncio(loop_scope="module")

OFF = "Live updates are off"
SILENCE_MS, POLL_MS = 26_000, 5_500


@pytest_asyncio.fixture(loop_scope="module")
async def visitor(browser: Browser, pages: PageClient) -> AsyncIterator[Visitor]:
    arrived = await Visitor.arrive(browser, pages, viewport={"width": 390, "height": 844})
    yield arrived
    await arrived.leave()


def a_text(number: str = LISTENS) -> dict[str, str]:
    return {"Number to text": number, "Text": "Your table is ready."}


def a_call(number: str) -> dict[str, str]:
    return {"Number to call": number, "Text to speak": "Your table is ready."}


async def paid(pages: PageClient, invoice: str) -> str:
    return await asyncio.wait_for(pages.pay(invoice), PATIENCE_S)


async def test_two_browsers_see_one_order(
    browser: Browser, pages: PageClient, visitor: Visitor
) -> None:
    payment = pages.pay(await visitor.order("/call", a_call(PLAIN)))
    other = await Visitor.arrive(browser, pages)
    await other.page.goto(visitor.page.url)
    for each in (visitor, other):
        await each.sees_heading(f"Ringing {PLAIN}")
    await visitor.press("Stop the call")
    for each in (visitor, other):
        await each.sees_heading("The call was stopped. Your 50 sats are back.")
    assert await asyncio.wait_for(payment, PATIENCE_S) == "FAILED"
    await other.leave()


async def test_a_page_without_its_stream_says_so_and_asks_itself(
    pages: PageClient, visitor: Visitor
) -> None:
    page = visitor.page
    await page.clock.install()
    is_blocked = True

    async def block(route: Route) -> None:
        await (route.abort() if is_blocked else route.continue_())

    await page.route("**/o/*/events*", block)
    payment = pages.pay(await visitor.order("/call", a_call(PLAIN)))
    notice = page.get_by_role("alert").filter(has_text=OFF)
    await expect(notice).to_be_hidden()
    await pages.until_state(urlsplit(page.url).path, "in_progress")
    assert await visitor.state() == "awaiting_payment"
    await page.clock.fast_forward(SILENCE_MS)
    await expect(notice).to_be_visible(timeout=PATIENCE_MS)
    await visitor.sees_heading(f"Ringing {PLAIN}")
    is_blocked = False
    await page.clock.fast_forward(POLL_MS)
    await expect(notice).to_be_hidden(timeout=PATIENCE_MS)
    await pages.shop.phone(PLAIN, "decline")
    await visitor.sees_heading("The call was declined.")
    assert await asyncio.wait_for(payment, PATIENCE_S) == "FAILED"


async def test_the_panel_is_sent_only_if_it_changed(pages: PageClient, visitor: Visitor) -> None:
    await visitor.order("/text", a_text())
    panel = f"{visitor.page.url}/panel"
    first = await visitor.page.request.get(panel)
    tag = {"If-None-Match": first.headers["etag"]}
    assert (await visitor.page.request.get(panel, headers=tag)).status == 304


async def test_a_page_that_slept_wakes_up_with_the_truth(
    pages: PageClient, visitor: Visitor
) -> None:
    invoice = await visitor.order("/text", a_text())
    session = await visitor.page.context.new_cdp_session(visitor.page)
    await session.send("Page.setWebLifecycleState", {"state": "frozen"})
    assert await paid(pages, invoice) == "SUCCEEDED"
    await session.send("Page.setWebLifecycleState", {"state": "active"})
    await visitor.sees_heading("Text ")
    await visitor.sees_heading("Text delivered")


async def test_going_back_reloading_and_a_second_tab_show_the_truth(
    pages: PageClient, visitor: Visitor
) -> None:
    page = visitor.page
    payment = pages.pay(await visitor.order("/call", a_call(BUSY)))
    order = page.url
    await page.goto("/")
    assert await asyncio.wait_for(payment, PATIENCE_S) == "FAILED"
    await page.go_back()
    await visitor.sees_heading("Busy. Your 50 sats are back.")
    await page.reload()
    await visitor.sees_heading("Busy. Your 50 sats are back.")
    second = Visitor(await page.context.new_page(), scripts=True)
    await second.page.goto(order)
    await second.sees_heading("Busy. Your 50 sats are back.")
    assert await second.state() == await visitor.state() == "returned"


async def test_nothing_of_the_page_is_lost_by_an_update(
    pages: PageClient, visitor: Visitor
) -> None:
    """What has the focus keeps it while the page changes around it."""
    payment = pages.pay(
        await visitor.order("/code", {"Service": "telegram", "Country of the number": "187"})
    )
    await visitor.sees_heading("Use this number now")
    copy = visitor.page.get_by_role("button", name="Copy the number")
    await copy.focus()
    await pages.text_to(await visitor.number(), "Telegram code: 40291")
    await visitor.sees_heading("Your code is here")
    await expect(copy).to_be_focused()
    assert await asyncio.wait_for(payment, PATIENCE_S) == "SUCCEEDED"


async def test_the_stream_is_cut_by_the_network_in_the_middle(
    pages: PageClient, visitor: Visitor
) -> None:
    """A proxy that ends every stream after its first event: the page takes it up each time."""
    cuts = 0

    async def cut(route: Route) -> None:
        nonlocal cuts
        cuts += 1
        if cuts > 3:
            await route.continue_()
            return
        await route.fulfill(status=200, content_type="text/event-stream", body="retry: 50\n\n")

    await visitor.page.route("**/o/*/events*", cut)
    invoice = await visitor.order("/text", a_text())
    assert await paid(pages, invoice) == "SUCCEEDED"
    await visitor.sees_heading("Text delivered")
    assert cuts > 3
