"""The console in a browser: signed in, orders found, prices and sales changed, a call ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from ringbolt.app.operator import sign_in
from support.clients.pages import PageClient
from support.numbers import ANSWERS, PLAIN
from support.waiting import PATIENCE_S, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(params=[True, False], ids=["scripts", "no scripts"], loop_scope="module")
async def console(
    request: pytest.FixtureRequest, browser: Browser, pages: PageClient
) -> AsyncIterator[Page]:
    """A signed-in operator's tab, with and without JavaScript."""
    context = await browser.new_context(base_url=pages.shop.url, java_script_enabled=request.param)
    context.set_default_timeout(PATIENCE_S * 1000)
    page = await context.new_page()
    await page.goto(f"/operator/sign-in/{await pages.shop.shop.db.tx(sign_in.new_link)}")
    await page.get_by_role("button", name="Sign in").click()
    await heading(page, "Today")
    yield page
    await context.close()


async def heading(page: Page, words: str) -> None:
    await expect(page.get_by_role("heading", level=1)).to_have_text(words)


async def go(page: Page, name: str) -> None:
    console = page.get_by_role("navigation", name="Console")
    await console.get_by_role("link", name=name).click()


async def test_an_order_is_found_by_its_number_and_unmasked(
    console: Page, pages: PageClient
) -> None:
    created = await pages.order("/createcallorder", {"phone": ANSWERS, "message": "Hello"})
    assert await asyncio.wait_for(pages.pay(created["payreq"]), PATIENCE_S) == "SUCCEEDED"
    name = created["orderId"][:12]
    await go(console, "Orders")
    await console.get_by_label("Or by what is at hand").fill(name)
    await console.get_by_role("button", name="Find").click()
    await heading(console, f"Order {name}")
    assert ANSWERS not in await console.content()
    await console.get_by_role("button", name="Show numbers").click()
    await expect(console.get_by_text(ANSWERS)).to_be_visible()
    await go(console, "Changes")
    await expect(console.get_by_text(f"order {name}").first).to_be_visible()


async def test_a_price_is_changed_after_a_preview(console: Page) -> None:
    await go(console, "Prices")
    table = console.get_by_label("Prices of orders, as CSV")
    await table.fill("kind,country,service,sats\nsend,,,1500\n")
    await console.get_by_role("button", name="Preview").first.click()
    await expect(console.get_by_text("1 price changes")).to_be_visible()
    await console.get_by_role("button", name="Put in force").click()
    await expect(table).to_have_value("kind,country,service,sats\nreceive,,,3000\nsend,,,1500\n"
                                      "rent,,,15000\ns4s,,,5000\nspeech,,,50\n")  # fmt: skip
    await console.get_by_role("button", name="Return to the settings").click()
    await expect(console.get_by_role("button", name="Return to the settings")).to_be_hidden()
    assert "send,,,1000" in await table.input_value()


async def test_the_shop_is_closed_and_opened(console: Page, pages: PageClient) -> None:
    await go(console, "Sales")
    await console.get_by_label("Close the shop for").select_option("1 hour")
    await console.get_by_role("button", name="Close the shop").click()
    await expect(console.get_by_text("The shop is closed", exact=True)).to_be_visible()
    assert "takes no new orders" in (await pages.open("/")).words
    await console.get_by_role("button", name="Open the shop").click()
    await expect(console.get_by_text("The shop is closed", exact=True)).to_be_hidden()
    assert "takes no new orders" not in (await pages.open("/")).words


async def test_a_live_call_is_hung_up(console: Page, pages: PageClient) -> None:
    created = await pages.order("/createcallorder", {"phone": PLAIN, "message": "Hello"})
    payment = pages.pay(created["payreq"])
    await pages.until(created["orderId"], lambda seen: seen.get("callStatus") == "ringing")

    async def is_listed() -> bool:
        await console.reload()
        return await console.get_by_role("button", name="Hang up").count() > 0

    await eventually(is_listed)
    await console.get_by_role("button", name="Hang up").first.click()
    await heading(console, f"Order {created['orderId'][:12]}")
    assert await asyncio.wait_for(payment, PATIENCE_S) == "FAILED"


async def test_every_device_is_signed_out(console: Page) -> None:
    await go(console, "Audit")
    await expect(console.get_by_text("Balanced")).to_be_visible()
    await console.get_by_role("button", name="Sign out everywhere").click()
    await console.goto("/operator/money")
    await heading(console, "Operator")
    assert "ringbolt operator link" in await console.content()
