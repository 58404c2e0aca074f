"""The pages in a browser: live, by keyboard, on a phone's screen, and with a QR code that scans."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import zxingcpp
from PIL import Image
from playwright.async_api import Browser, Page, expect

from support.clients.pages import PageClient
from support.waiting import PATIENCE_S, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATIENCE_MS = PATIENCE_S * 1000
PHONE = "+12025550123"
BYTES_A_SECOND = 16_000


@pytest_asyncio.fixture(loop_scope="module")
async def tab(browser: Browser, pages: PageClient) -> AsyncIterator[Page]:
    """A tab whose console stays silent: no script fails, and nothing breaks the policy."""
    faults: list[str] = []
    context = await browser.new_context(base_url=pages.shop.url)
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    yield page
    await context.close()
    # A browser reports every answer that is an error, also a form that is shown again.
    assert [each for each in faults if "responded with a status of 422" not in each] == []


async def fill_in_a_call(page: Page, number: str) -> None:
    await page.goto("/call")
    await page.get_by_label("Number to call").fill(number)
    await page.get_by_label("Text to speak").fill("Your table is ready. Press 1 to confirm.")


async def invoice_of(page: Page) -> str:
    await page.wait_for_url("**/o/*")
    href = await page.get_attribute('a[href^="lightning:"]', "href")
    assert href is not None
    return href.removeprefix("lightning:")


async def assert_heading(page: Page, words: str) -> None:
    await expect(page.get_by_role("heading", level=1)).to_have_text(words, timeout=PATIENCE_MS)


async def test_a_call_is_bought_answered_and_heard_in_two_tabs(tab: Page) -> None:
    await fill_in_a_call(tab, "+1 (202) 555-0123")
    await tab.get_by_label("Ask for a key press").check()
    await tab.get_by_role("button", name="Continue to payment").click()
    invoice = await invoice_of(tab)
    phone = await tab.context.new_page()
    await phone.goto(f"/simulator?number=%2B{PHONE[1:]}")
    await phone.get_by_label("Invoice").fill(invoice)
    await phone.get_by_role("button", name="Pay", exact=True).click()
    await phone.get_by_role("button", name="Answer").click()
    await assert_heading(tab, "Answered. Waiting for a key.")
    await _hears_a_second(phone)
    await phone.get_by_role("button", name="1", exact=True).click()
    await assert_heading(tab, "Answered. They pressed 1.")
    await expect(tab).to_have_title("Answered. They pressed 1. · Ringbolt")
    await expect(tab.locator("main")).to_have_attribute("data-state", "settled")


async def _hears_a_second(phone: Page) -> None:
    """Wait until the phone of the page has heard a second of speech."""
    link = phone.get_by_role("link", name="Hear what the phone heard")

    async def probe() -> bool:
        sound = await link.get_attribute("href")
        assert sound is not None
        answer = await phone.request.get(sound)
        return len(await answer.body()) > BYTES_A_SECOND

    await eventually(probe)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_qr_code_is_read_from_the_screen_and_paid(
    browser: Browser, pages: PageClient, scheme: Any
) -> None:
    context = await browser.new_context(
        base_url=pages.shop.url, color_scheme=scheme, viewport={"width": 390, "height": 844}
    )
    page = await context.new_page()
    await fill_in_a_call(page, "+1234567800")
    await page.get_by_role("button", name="Continue to payment").click()
    invoice = await invoice_of(page)
    pixels = await page.screenshot()
    codes = await asyncio.to_thread(_codes, pixels)
    assert [code.lower() for code in codes] == [f"lightning:{invoice}"]
    assert await pages.pay(codes[0].lower().removeprefix("lightning:")) == "SUCCEEDED"
    await assert_heading(page, "Answered.")
    await context.close()


def _codes(png: bytes) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(Image.open(io.BytesIO(png)))]


async def test_a_call_is_bought_with_the_keyboard_alone(tab: Page) -> None:
    await tab.goto("/")
    link = tab.get_by_role("link", name="Phone call")
    for _ in range(30):
        await tab.keyboard.press("Tab")
        if await link.evaluate("link => link === document.activeElement"):
            break
    await tab.keyboard.press("Enter")
    await tab.wait_for_url("**/call")
    number = tab.get_by_label("Number to call")
    while not await number.evaluate("field => field === document.activeElement"):
        await tab.keyboard.press("Tab")
    await tab.keyboard.type("+1234567800")
    await tab.keyboard.press("Tab")
    await tab.keyboard.press("Tab")
    await tab.keyboard.type("Hello.")
    button = tab.get_by_role("button", name="Continue to payment")
    while not await button.evaluate("button => button === document.activeElement"):
        await tab.keyboard.press("Tab")
    await tab.keyboard.press("Enter")
    assert (await invoice_of(tab)).startswith("ln")


async def test_the_price_follows_what_is_typed_and_errors_keep_it(tab: Page) -> None:
    await fill_in_a_call(tab, "+1234567800")
    await expect(tab.locator("#price")).to_contain_text("50 sats", timeout=PATIENCE_MS)
    await tab.get_by_label("Number to call").fill("0151")
    await tab.get_by_role("button", name="Continue to payment").click()
    await expect(tab.get_by_role("alert")).to_contain_text("1 field needs a change")
    assert await tab.get_by_label("Number to call").input_value() == "0151"
    text = await tab.get_by_label("Text to speak").input_value()
    assert text.startswith("Your table")


@pytest.mark.parametrize("width", [320, 390, 1280])
async def test_no_page_scrolls_sideways(browser: Browser, pages: PageClient, width: int) -> None:
    context = await browser.new_context(
        base_url=pages.shop.url, viewport={"width": width, "height": 800}
    )
    page = await context.new_page()
    for path in ("/", "/call", "/text", "/code", "/rent", "/email", "/simulator", "/nowhere"):
        await page.goto(path)
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, path
    await context.close()


@pytest.mark.parametrize("width", [390, 1280])
async def test_the_button_does_not_move_when_the_price_comes(tab: Page, width: int) -> None:
    """A press takes the focus from a field, and so brings its price in the midst of the press."""
    await tab.set_viewport_size({"width": width, "height": 900})
    await tab.goto("/call")
    button = tab.get_by_role("button", name="Continue to payment")
    before = await button.bounding_box()
    await tab.get_by_label("Number to call").fill("+12025550123")
    await tab.get_by_label("Text to speak").fill("Your table is ready.")
    await expect(tab.locator("#price .total")).to_be_visible()
    assert await button.bounding_box() == before
