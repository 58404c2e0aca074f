"""The pages in Chromium: whether anything jumps, and how soon they are painted on a slow line.

    python -m benchmarks.web_browser [--repeats 7]

1. Cumulative layout shift, by the browser's own entries (``layout-shift``, without those that
   follow a visitor's input): of the first page, forms, and an order's page to its end.
2. First contentful paint of an order's page with the browser's network throttled: for a buyer who
   comes from the form, whose browser has style sheet and scripts, and on a second device, which has
   nothing. Without a throttle, for comparison: what this machine itself takes.
3. From the answer at the telephone to the heading that says so, seen by an observer in the page.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, ViewportSize, async_playwright

from benchmarks.order_load import Rig, rig
from benchmarks.web_live import CALL, Order, answered_at, place

SIZES: tuple[ViewportSize, ...] = ({"width": 390, "height": 844}, {"width": 1280, "height": 800})
LINES = {"slow 3G": (400, 400), "slow 4G": (150, 1638)}
"""Round trip in ms and kbit/s: a bad line, and the one that Lighthouse takes for phones."""
# What moved, by the browser: its share of the screen, and the first element that it names.
_WATCH = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) {
    const node = entry.sources[0]?.node;
    window.shifts.push([entry.value, node ? (node.className || node.nodeName).toString() : ""]);
  }
}).observe({ type: "layout-shift", buffered: true });
document.addEventListener("DOMContentLoaded", () => {
  const look = () => {
    const heading = document.querySelector("h1");
    if (heading?.textContent.startsWith("Answered")) window.answered ??= Date.now();
  };
  new MutationObserver(look).observe(document, {
    subtree: true, childList: true, characterData: true,
  });
});
"""
_PAINT = """
() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null
"""


async def tab(browser: Browser, size: ViewportSize) -> Page:
    """A new visitor, with an empty cache."""
    context = await browser.new_context(viewport=size)
    context.set_default_timeout(60_000)
    page = await context.new_page()
    await page.add_init_script(_WATCH)
    return page


async def settled(page: Page) -> None:
    """Two frames without a change are enough: entries come with the frame."""
    await page.wait_for_load_state("load")
    await page.wait_for_timeout(1000)


async def shifts(page: Page, what: str) -> None:
    seen: list[tuple[float, str]] = await page.evaluate("window.shifts")
    worst = "".join(f"; {value:.4f} {name!r}" for value, name in sorted(seen, reverse=True)[:3])
    width = page.viewport_size["width"] if page.viewport_size else 0
    total = sum(value for value, _ in seen)
    print(f"  {width:4} px, {what}: {total:.4f}{worst}", flush=True)


async def layout(browser: Browser, shop: Rig) -> None:
    for size in SIZES:
        page = await tab(browser, size)
        for path in ("/", "/call", "/text", "/code", "/account", "/docs"):
            await page.goto(shop.url + path)
            await settled(page)
            await shifts(page, path)
        order = await place(shop, "/call", CALL)
        await page.goto(shop.url + order.path)
        await settled(page)
        await shifts(page, "an order to be paid")
        await shop.pay(order.payreq)
        await page.wait_for_selector("main[data-state=settled]")
        await settled(page)
        await shifts(page, "and to its end, live")
        await page.context.close()


async def painted(page: Page, url: str, latency_ms: int, kbit_per_s: int) -> float:
    """First contentful paint of ``url`` on a line, ms."""
    client = await page.context.new_cdp_session(page)
    await client.send("Network.enable")
    bytes_per_s = kbit_per_s * 1000 // 8 if kbit_per_s else -1
    line = {"downloadThroughput": bytes_per_s, "uploadThroughput": bytes_per_s}
    await client.send(
        "Network.emulateNetworkConditions", {"offline": False, "latency": latency_ms, **line}
    )
    await page.goto(url, wait_until="commit")
    found: Any = None
    while found is None:
        await page.wait_for_timeout(100)
        found = await page.evaluate(_PAINT)
    return float(found)


async def paints(browser: Browser, shop: Rig, repeats: int) -> None:
    order = await place(shop, "/call", CALL)
    for name, (latency_ms, kbit_per_s) in {"no throttle": (0, 0), **LINES}.items():
        print(f"first paint of an order, {name}: {latency_ms} ms round trip, {kbit_per_s} kbit/s")
        for what, before in (("from the form", "/call"), ("nothing in the cache", "")):
            found = []
            for _ in range(repeats):
                page = await tab(browser, SIZES[0])
                await page.goto(shop.url + before if before else "about:blank")
                await settled(page)
                url = shop.url + order.path
                found.append(await painted(page, url, latency_ms, kbit_per_s))
                await page.context.close()
            median, least, most = statistics.median(found), min(found), max(found)
            print(f"  {what}: {median:.0f} ms ({least:.0f} to {most:.0f})", flush=True)


async def words(browser: Browser, shop: Rig, count: int) -> None:
    page = await tab(browser, SIZES[0])
    delays = []
    for _ in range(count):
        order: Order = await place(shop, "/call", CALL)
        await page.goto(shop.url + order.path)
        await settled(page)
        await shop.pay(order.payreq)
        await page.wait_for_selector("main[data-state=settled]")
        shown = float(await page.evaluate("window.answered"))
        delays.append(shown - 1e3 * await answered_at(shop, CALL["phone_number"], -1))
    told = ", ".join(f"{delay:.0f}" for delay in sorted(delays))
    print(f"from the answer at the telephone to the heading in the browser: {told} ms")


async def main(repeats: int) -> None:
    os.environ["RINGBOLT_SIMULATOR_SPEED"] = "5"  # the world: people answer sooner
    chromium = shutil.which("chromium")
    assert chromium, "no Chromium on this machine: apt-get install chromium"
    with tempfile.TemporaryDirectory() as folder:
        async with rig(Path(folder)) as shop, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium)
            print(f"load average {os.getloadavg()[0]:.0f}\ncumulative layout shift")
            await layout(browser, shop)
            await paints(browser, shop, repeats)
            await words(browser, shop, repeats)
            await browser.close()
            print(f"load average {os.getloadavg()[0]:.0f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The pages in a browser")
    parser.add_argument("--repeats", type=int, default=7)
    asyncio.run(main(parser.parse_args().repeats))
