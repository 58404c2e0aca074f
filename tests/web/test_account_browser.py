"""An account in a browser: live, in two tabs, with a QR code that a wallet scans, and usable."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
import pytest_asyncio
import zxingcpp
from PIL import Image
from playwright.async_api import Browser, Error, Page, expect

from ringbolt.core.lightning.lnurl import decode
from support.clients.axe import violations
from support.clients.pages import PageClient
from support.waiting import PATIENCE_S, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATIENCE_MS = PATIENCE_S * 1000
REFUSED = ("status of 409", "status of 422")


@pytest_asyncio.fixture(loop_scope="module")
async def tab(browser: Browser, pages: PageClient) -> AsyncIterator[Page]:
    """A tab whose console stays silent."""
    faults: list[str] = []
    context = await browser.new_context(base_url=pages.shop.url)
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    yield page
    await context.close()
    assert [each for each in faults if not any(code in each for code in REFUSED)] == []


async def assert_heading(page: Page, words: str) -> None:
    await expect(page.get_by_role("heading", level=1)).to_have_text(words, timeout=PATIENCE_MS)


async def sign_up(page: Page) -> str:
    """A new key, which was kept."""
    await page.goto("/account")
    await page.get_by_role("button", name="Make a key").click()
    key = await page.locator("#key").inner_text()
    await page.get_by_role("link", name="I have kept it").click()
    return key


async def fund(page: Page, pages: PageClient, sats: str) -> None:
    await page.goto("/account")
    await page.get_by_label("Other amount").fill(sats)
    await page.get_by_role("button", name="Make an invoice").click()
    href = await page.get_attribute('a[href^="lightning:"]', "href")
    assert href is not None
    assert await pages.pay(href.removeprefix("lightning:")) == "SUCCEEDED"
    await assert_heading(page, f"{sats} sats are on your balance")


async def take_out(page: Page, sats: str, address: str = "") -> None:
    await page.goto("/account")
    form = page.locator("#withdraw")
    await form.get_by_label("Amount").fill(sats)
    await form.get_by_label("Lightning address").fill(address)
    await form.get_by_role("button", name="Take it out").click()


async def scan(page: Page) -> str:
    """What stands in the QR code on the screen."""
    picture = await page.locator(".qr").screenshot()
    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)))
    return str(found.text)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_money_is_added_and_taken_out_live_by_a_scanned_code(
    tab: Page, pages: PageClient, scheme: Any
) -> None:
    await tab.emulate_media(color_scheme=scheme)
    key = await sign_up(tab)
    assert key.startswith("rb_")
    await fund(tab, pages, "20,000")
    await take_out(tab, "15,000")
    await assert_heading(tab, "Take 15,000 sats")
    offer = (await pages.http.get(decode(await scan(tab), http_allowed=True))).json()
    invoice = await pages.shop.wallet_invoice(15_000)
    asked = await pages.http.get(offer["callback"], params={"k1": offer["k1"], "pr": invoice})
    assert asked.json() == {"status": "OK"}
    await assert_heading(tab, "Your 15,000 sats are in your wallet")
    await expect(tab.locator("main")).to_have_attribute("data-state", "paid")
    await expect(tab).to_have_title("Your 15,000 sats are in your wallet · Ringbolt")
    await tab.get_by_role("link", name="To your account").click()
    await expect(tab.locator(".big")).to_have_text("5,000 sats")


async def test_another_tab_the_back_button_and_a_reload_show_the_truth(
    tab: Page, pages: PageClient
) -> None:
    await sign_up(tab)
    await fund(tab, pages, "9,000")
    await take_out(tab, "8,000")
    address = tab.url
    other = await tab.context.new_page()
    await other.goto("/account")
    await other.get_by_role("link", name="is under way").click()
    await other.get_by_role("button", name="Keep the money").click()
    await assert_heading(tab, "Your 8,000 sats are on your balance again")
    await tab.reload()
    await assert_heading(tab, "Your 8,000 sats are on your balance again")
    await tab.go_back()
    await expect(tab.locator(".big").first).to_contain_text("9,000")
    await take_out(other, "8,000")
    assert other.url != address
    await tab.goto("/account")
    await tab.get_by_role("button", name="Sign out").click()
    await other.reload()
    await expect(other.get_by_role("button", name="Sign in")).to_be_visible()


async def test_a_key_that_was_shown_is_not_shown_by_going_back(tab: Page) -> None:
    key = await sign_up(tab)
    with suppress(Error):  # Chromium asks before it sends a form again, and shows nothing
        await tab.go_back()

    async def content() -> str:
        with suppress(Error):  # it is on its way still
            return await tab.content()
        return ""

    assert key not in await eventually(content)
    await tab.goto("/account")
    assert key not in await tab.content()
    assert key not in str(await tab.evaluate("JSON.stringify(Object.entries(localStorage))"))
    assert key not in str(await tab.context.cookies())


async def test_a_key_is_replaced_and_other_devices_are_signed_out(
    tab: Page, pages: PageClient, browser: Browser
) -> None:
    key = await sign_up(tab)
    await fund(tab, pages, "1,000")
    device = await browser.new_page(base_url=pages.shop.url)
    await device.goto("/account")
    await device.get_by_label("Your key").fill(key)
    await device.get_by_role("button", name="Sign in").click()
    await expect(device.locator(".big")).to_have_text("1,000 sats")
    await tab.goto("/account")
    await tab.get_by_role("link", name="Replace the key").click()
    await tab.get_by_role("button", name="Replace the key").click()
    assert await tab.locator("#key").inner_text() != key
    await device.reload()
    await expect(device.get_by_role("button", name="Sign in")).to_be_visible()
    await tab.get_by_role("link", name="I have kept it").click()
    await expect(tab.locator(".big")).to_have_text("1,000 sats")
    await device.close()


async def test_an_order_is_paid_from_the_balance_live(tab: Page, pages: PageClient) -> None:
    await sign_up(tab)
    await fund(tab, pages, "2,000")
    await tab.goto("/text")
    await tab.get_by_label("Number to text").fill("+1 202 555 0144")
    await tab.get_by_label("Text", exact=True).fill("Hello")
    await tab.get_by_role("button", name="Pay from your balance").click()
    await tab.wait_for_url("**/o/*")
    await expect(tab.locator("main")).to_have_attribute(
        "data-state", "settled", timeout=PATIENCE_MS
    )
    await tab.goto("/account")
    await expect(tab.locator(".big")).to_have_text("1,000 sats")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
async def test_axe_finds_nothing_in_any_state_of_an_account(
    browser: Browser, pages: PageClient, axe: str, scheme: Any, width: int
) -> None:
    context = await browser.new_context(
        base_url=pages.shop.url,
        color_scheme=scheme,
        viewport={"width": width, "height": 900},
        reduced_motion="reduce",  # a colour on its way to another has not its contrast yet
    )
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    found: list[str] = []

    async def look(state: str) -> None:
        found.extend(f"{state}: {each}" for each in await violations(page, axe))
        wider = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        found.extend([f"{state}: {wider} px too wide"] if wider > 0 else [])

    await page.goto("/account")
    await look("door")
    await page.get_by_label("Your key").fill("wrong")
    await page.get_by_role("button", name="Sign in").click()
    await look("wrong key")
    await page.get_by_role("button", name="Make a key").click()
    key = await page.locator("#key").inner_text()
    await look("key")
    await page.reload()
    await look("kept")
    await page.goto("/account")
    await look("empty")
    await fund(page, pages, "10,000")
    await look("funded")
    await take_out(page, "1", "nobody")
    await look("errors")
    await take_out(page, "500")
    await look("open")
    await page.get_by_role("button", name="Keep the money").click()
    await look("failed")
    await take_out(page, "500", "ann@wallet.example")
    await assert_heading(page, "Your 500 sats are in your wallet")
    await look("paid")
    order = {"phone": "+12025550144", "message": "Hello", "immediate": True}
    hook = {"webhookUrl": "https://a-long-name-of-a-host.example/a/path/that/goes/on"}
    await pages.order("/createsendorder", order | hook, X_API_Key=key)
    await page.goto("/account")
    await page.locator("#webhooks summary").click()
    await look("account")
    await page.goto("/account/key/replace")
    await look("replace")
    await context.close()
    assert found == []
