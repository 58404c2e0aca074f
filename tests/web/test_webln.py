"""A wallet that an extension puts into the browser (WebLN) pays without scanning or copying."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from support.clients.pages import PageClient
from support.waiting import PATIENCE_S

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATIENCE_MS = PATIENCE_S * 1000
PAY = "Pay with the wallet in this browser"
WALLET = """
window.webln = { enable: async () => {}, sendPayment: (invoice) => window.walletPays(invoice) }
"""


async def an_order(page: Page) -> None:
    await page.goto("/text")
    await page.get_by_label("Number to text").fill("+12025550177")
    await page.get_by_label("Text", exact=True).fill("Your table is ready.")
    await page.get_by_role("button", name="Continue to payment").click()
    await page.wait_for_url("**/o/*")


async def opened(browser: Browser, pages: PageClient, script: str = "") -> Page:
    context = await browser.new_context(base_url=pages.shop.url)
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    if script:
        await page.add_init_script(script)
    return page


async def test_the_button_is_there_only_with_such_a_wallet(
    browser: Browser, pages: PageClient
) -> None:
    page = await opened(browser, pages)
    await an_order(page)
    await expect(page.get_by_role("button", name="Copy")).to_be_visible()
    assert not await page.get_by_role("button", name=PAY).is_visible()
    await page.context.close()


async def test_the_wallet_is_given_the_invoice(browser: Browser, pages: PageClient) -> None:
    page = await opened(browser, pages, WALLET)
    payments = []

    async def pays(invoice: str) -> str:
        payments.append(pages.pay(invoice))
        return str(await payments[-1])

    await page.expose_function("walletPays", pays)
    await an_order(page)
    await page.get_by_role("button", name=PAY).click()
    await expect(page.locator("main")).to_have_attribute("data-state", "settled")
    assert [await each for each in payments] == ["SUCCEEDED"]
    await page.context.close()


async def test_a_wallet_that_refuses_leaves_the_other_ways(
    browser: Browser, pages: PageClient
) -> None:
    refuses = "window.webln = { enable: async () => { throw new Error('no') } }"
    page = await opened(browser, pages, refuses)
    await an_order(page)
    await page.get_by_role("button", name=PAY).click()
    await expect(page.get_by_role("button", name="The wallet did not pay")).to_be_enabled()
    assert await page.get_attribute("main", "data-state") == "awaiting_payment"
    await page.context.close()
