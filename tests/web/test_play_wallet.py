"""The play wallet scans the QR code of an invoice, where the browser has a camera and reads codes.

Chromium on Linux has no reader of its own: what it would read is given to the page instead.
"""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from support.clients.pages import PageClient
from support.waiting import PATIENCE_S

pytestmark = pytest.mark.asyncio(loop_scope="module")

CAMERA = """
navigator.mediaDevices.getUserMedia = async () => document.createElement("canvas").captureStream();
window.BarcodeDetector = class {
  async detect() { return [{ rawValue: "https://elsewhere.example" }, { rawValue: window.shown }]; }
};
"""
REFUSED = (
    CAMERA
    + """
navigator.mediaDevices.getUserMedia = async () => { throw new Error("refused"); };
"""
)


async def opened(browser: Browser, pages: PageClient, script: str = "") -> Page:
    context = await browser.new_context(base_url=pages.shop.url)
    context.set_default_timeout(PATIENCE_S * 1000)
    page = await context.new_page()
    if script:
        await page.add_init_script(script)
    await page.goto("/simulator")
    return page


async def test_a_code_is_read_into_the_invoice(browser: Browser, pages: PageClient) -> None:
    page = await opened(browser, pages, CAMERA)
    await page.evaluate("window.shown = 'LIGHTNING:LNBCRT1XYZ'")
    await page.get_by_role("button", name="Scan a QR code").click()
    await expect(page.get_by_label("Invoice")).to_have_value("lnbcrt1xyz")
    assert not await page.locator("#camera").is_visible()
    await page.context.close()


@pytest.mark.parametrize("script", ["", REFUSED])
async def test_without_a_camera_the_invoice_is_pasted(
    browser: Browser, pages: PageClient, script: str
) -> None:
    page = await opened(browser, pages, script)
    scan = page.get_by_role("button", name="Scan a QR code")
    if script:
        await scan.click()
    await expect(scan).to_be_hidden()
    assert await page.get_by_label("Invoice").is_visible()
    await page.context.close()
