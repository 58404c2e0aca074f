"""The developers' pages in a browser: copying, narrow screens, the keyboard."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from ringbolt.web.docs.guides import GUIDES
from support.clients.pages import PageClient

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGES = (
    "/docs",
    "/docs/rent?code=javascript",
    "/docs/voice?code=python",
    "/docs/reference",
    "/docs/reference/orders",
    *(guide.path for guide in GUIDES),
)


async def test_no_page_scrolls_sideways_on_a_small_telephone(
    browser: Browser, pages: PageClient
) -> None:
    context = await browser.new_context(
        base_url=pages.shop.url, viewport={"width": 320, "height": 640}
    )
    page = await context.new_page()
    wide = []
    for path in PAGES:
        await page.goto(path)
        root = "document.documentElement"
        if await page.evaluate(f"{root}.scrollWidth > {root}.clientWidth"):
            wide.append(path)
    await context.close()
    assert wide == []


async def test_a_command_is_copied_as_it_stands(browser: Browser, pages: PageClient) -> None:
    context = await browser.new_context(
        base_url=pages.shop.url, permissions=["clipboard-read", "clipboard-write"]
    )
    page = await context.new_page()
    await page.goto("/docs/text")
    command = page.get_by_role("group", name="Order, and get an invoice, curl")
    await page.locator(".cmd", has=command).get_by_role("button", name="Copy").click()
    await page.get_by_role("button", name="Copied").wait_for()

    assert await page.evaluate("navigator.clipboard.readText()") == await command.inner_text()
    await context.close()


async def test_without_scripts_there_is_no_button_to_copy(
    browser: Browser, pages: PageClient
) -> None:
    context = await browser.new_context(base_url=pages.shop.url, java_script_enabled=False)
    page = await context.new_page()
    await page.goto("/docs/call")

    assert await page.get_by_role("button", name="Copy").count() == 0
    await page.get_by_role("link", name="Python", exact=True).first.click()
    assert "httpx.post(" in await page.locator("pre").nth(1).inner_text()
    await context.close()


async def test_the_keyboard_changes_the_tab_and_scrolls_a_command(
    browser: Browser, pages: PageClient
) -> None:
    context = await browser.new_context(
        base_url=pages.shop.url, viewport={"width": 390, "height": 800}
    )
    page = await context.new_page()
    await page.goto("/docs/call#step-1")
    block = page.locator("section", has_text="1. Ask, and get an invoice").locator("pre").first
    await block.focus()
    await page.keyboard.press("ArrowRight")
    scrolled = await page.wait_for_function("() => document.querySelectorAll('pre')[1].scrollLeft")
    assert await scrolled.json_value() > 0
    await page.get_by_role("link", name="JavaScript").first.focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**code=javascript*")
    await context.close()
