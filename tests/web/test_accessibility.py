"""axe-core finds no violation on any page, in both colour schemes, on phones and desks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from ringbolt.app.operator.overview import list_orders
from ringbolt.app.operator.sign_in import new_link
from ringbolt.store.overview import Wanted
from support.clients.axe import violations
from support.clients.pages import PageClient
from support.numbers import ANSWERS, BUSY
from support.rigs.page_states import PageStates

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONSOLE = ["", "/orders", "/money", "/parts", "/prices", "/sales", "/webhooks", "/jobs", "/audit",
           "/changes"]  # fmt: skip
FORMS = ["/call", "/text", "/code", "/rent", "/email"]
DOCS = ["/docs", "/docs/voice?code=python", "/docs/errors", "/docs/reference/voice"]
OFFERS = "/code?service=telegram&country=187"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def orders(pages: PageClient) -> list[str]:
    """The pages of orders in several states: unpaid, paid, returned, with a number."""
    open_ = await pages.send("/call", {"phone_number": ANSWERS, "message": "Hello"})
    paid = await pages.send("/call", {"phone_number": ANSWERS, "message": "Hello", "gather": "1"})
    busy = await pages.send("/call", {"phone_number": BUSY, "message": "Hello"})
    code = await pages.send("/code", {"service": "telegram", "country": "187"})
    payments = [pages.pay(each.invoice) for each in (paid, busy, code)]
    await pages.until_state(paid.url, "settled")
    await pages.until_state(busy.url, "returned")
    await pages.until_state(code.url, "in_progress")
    payments[2].cancel()
    return [each.url for each in (open_, paid, busy, code)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def states(pages: PageClient) -> AsyncIterator[PageStates]:
    made = PageStates(pages)
    await made.make()
    yield made
    made.close()


# Contrast goes by the scheme alone, and layout by the width alone: two pairs show all of them.
@pytest.mark.parametrize(("scheme", "width"), [("light", 390), ("dark", 1280)])
async def test_axe_finds_nothing(
    browser: Browser, pages: PageClient, axe: str, orders: list[str], scheme: Any, width: int
) -> None:
    context = await browser.new_context(
        base_url=pages.shop.url, color_scheme=scheme, viewport={"width": width, "height": 900}
    )
    page = await context.new_page()
    found: list[str] = []
    await page.goto(f"/operator/sign-in/{await pages.shop.shop.db.tx(new_link)}")
    found += [f"sign in {each}" for each in await violations(page, axe)]
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url("**/operator")
    console = [f"/operator{path}" for path in CONSOLE]
    console.append(f"/operator/orders/{await _newest(pages)}")
    for path in ["/", *FORMS, "/simulator", "/nowhere", *orders, *console, *DOCS]:
        await page.goto(path)
        if path in FORMS:
            await page.get_by_role("button", name="Continue to payment").click()
            await page.wait_for_load_state()
        found += [f"{path} {each}" for each in await violations(page, axe)]
    await context.close()
    assert found == []


@pytest.mark.parametrize("language", ["de", "es", "ar"])
async def test_every_language_reads_well_on_the_narrowest_screen(
    browser: Browser, pages: PageClient, axe: str, orders: list[str], language: str
) -> None:
    """Words are longer than English ones, and Arabic runs the other way."""
    context = await browser.new_context(
        base_url=pages.shop.url, locale=language, viewport={"width": 320, "height": 700}
    )
    page = await context.new_page()
    found: list[str] = []
    for path in ["/", *FORMS, OFFERS, "/account", "/simulator", "/nowhere", *orders]:
        await page.goto(path)
        assert await page.get_attribute("html", "lang") == language
        if path in FORMS:
            await page.locator("button.primary").click()
            await page.wait_for_load_state()
        wide = await page.evaluate("document.documentElement.scrollWidth")
        found += [f"{path} is {wide} px wide"] if wide > 320 else []
        found += [f"{path} {each}" for each in await violations(page, axe)]
    await context.close()
    assert found == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_in_any_state_of_an_order(
    browser: Browser, pages: PageClient, axe: str, states: PageStates, scheme: Any
) -> None:
    context = await browser.new_context(
        base_url=pages.shop.url, color_scheme=scheme, viewport={"width": 320, "height": 700}
    )
    page = await context.new_page()
    found: list[str] = []
    for name, path in [*states.urls.items(), ("ringing", await states.ringing())]:
        await page.goto(path)
        found += [f"{name} {each}" for each in await violations(page, axe)]
        if await page.evaluate("document.documentElement.scrollWidth") > 320:
            found.append(f"{name} is wider than the screen")
    await context.close()
    assert found == []


async def _newest(pages: PageClient) -> str:
    wanted = Wanted(limit=1)
    (newest,) = await pages.shop.shop.db.read(lambda tx: list_orders(tx, wanted, unmasked=False))
    name: str = newest["id"]
    return name
