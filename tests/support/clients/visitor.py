"""A person at the pages of a shop in a real browser, with or without JavaScript."""

from __future__ import annotations

import re
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, expect

from support.clients.pages import PageClient
from support.waiting import PATIENCE_S, eventually

PATIENCE_MS = PATIENCE_S * 1000


class Visitor:
    """One tab. Without JavaScript a page is looked at again and again, as its reader would."""

    def __init__(self, page: Page, *, scripts: bool) -> None:
        self.page = page
        self.scripts = scripts

    @classmethod
    async def arrive(
        cls, browser: Browser, pages: PageClient, *, scripts: bool = True, **options: Any
    ) -> Visitor:
        """A new visitor. ``options``: of the browser's context, such as its ``viewport``."""
        context: BrowserContext = await browser.new_context(
            base_url=pages.shop.url, java_script_enabled=scripts, **options
        )
        context.set_default_timeout(PATIENCE_MS)
        return cls(await context.new_page(), scripts=scripts)

    async def leave(self) -> None:
        await self.page.context.close()

    async def order(self, path: str, fields: dict[str, str]) -> str:
        """Fill in a form, by the labels of its fields, and go on to its invoice, which is
        returned."""
        await self.page.goto(path)
        for label, value in fields.items():
            field = self.page.get_by_label(label, exact=True)
            if await field.evaluate("field => field.tagName") == "SELECT":
                await field.select_option(value)
            else:
                await field.fill(value)
        await self.page.get_by_role("button", name="Continue to payment").click()
        return await self.invoice()

    async def invoice(self) -> str:
        await self.page.wait_for_url("**/o/*", wait_until="domcontentloaded")
        href = await self.page.get_attribute('a[href^="lightning:"]', "href")
        assert href is not None
        return href.removeprefix("lightning:")

    async def press(self, button: str) -> None:
        """As soon as the page has it."""
        found = self.page.get_by_role("button", name=button, exact=True)
        if not self.scripts:

            async def probe() -> bool:
                return await found.count() > 0 or await self._look_again()

            await eventually(probe, every_s=0.1)
        await found.click()

    async def sees_heading(self, words: str) -> None:
        """Until the first heading begins with these words."""
        heading = self.page.get_by_role("heading", level=1)
        if self.scripts:
            await expect(heading).to_have_text(re.compile(re.escape(words)), timeout=PATIENCE_MS)
            return

        async def probe() -> bool:
            return words in await heading.inner_text() or await self._look_again()

        await eventually(probe, every_s=0.1)

    async def sees(self, words: str) -> None:
        """Until the page says this."""
        main = self.page.get_by_role("main")
        if self.scripts:
            await expect(main).to_contain_text(words, timeout=PATIENCE_MS)
            return

        async def probe() -> bool:
            return words in await main.inner_text() or await self._look_again()

        await eventually(probe, every_s=0.1)

    async def _look_again(self) -> bool:
        await self.page.goto(self.page.url)
        return False

    async def number(self) -> str:
        """The digits of the number that the order's page shows."""
        shown = await self.page.locator(".value.number").inner_text()
        return re.sub(r"\D", "", shown)

    async def state(self) -> str | None:
        """The order's state, in the API's word."""
        return await self.page.get_attribute("main", "data-state")
