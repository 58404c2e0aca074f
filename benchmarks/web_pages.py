"""The pages over HTTP: bytes that a first visit transfers, and what each page costs the shop.

    python -m benchmarks.web_pages [--requests 150]

1. The first pages of a new process, one in each language, with all that is loaded at first use.
2. Bytes of a page with everything that it names, compressed as a browser asks for it and not.
3. CPU of the shop's process and time until the answer for each page, one request after another.
4. A QR code with the mask that is searched for, and with ours.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import statistics
import tempfile
import time
from pathlib import Path

import segno

from benchmarks.order_load import Rig, rig
from benchmarks.web_live import CALL, place
from ringbolt.web.qr import qr_svg

PAGES = ("/", "/call", "/text", "/code", "/rent", "/email", "/account", "/docs", "/simulator")
LANGUAGES = ("en", "de", "es", "ar")
ROUNDS = 3
_STATIC = re.compile(r'(?:href|src)="(/static/[^"#]+)')
_HTML = {"Accept": "text/html"}


async def get(shop: Rig, path: str, **headers: str) -> tuple[float, str, int]:
    """Milliseconds until the answer is there, its text, and its bytes with their headers."""
    begun = time.perf_counter()
    sent = {**_HTML, "Accept-Encoding": "identity", **headers}
    async with shop.session.get(shop.url + path, headers=sent, auto_decompress=False) as answer:
        body = await answer.read()
        took = (time.perf_counter() - begun) * 1e3
        assert answer.status == 200, (path, answer.status)
        head = sum(len(name) + len(value) + 4 for name, value in answer.raw_headers)
        return took, body.decode("utf-8", "replace"), len(body) + head


async def first_uses(shop: Rig) -> None:
    """In a shop that was asked for nothing yet."""
    for which in ("first", "second"):
        for language in LANGUAGES:
            before = shop.cpu_s()[0]
            took, _, _ = await get(shop, "/", **{"Accept-Language": language})
            spent = (shop.cpu_s()[0] - before) * 1e3
            print(f"  {which} page in {language}: {took:5.1f} ms, {spent:3.0f} ms CPU", flush=True)


async def weight(shop: Rig, path: str) -> None:
    """What a browser without a cache transfers for a page."""
    for codings in ("gzip, deflate, br, zstd", "identity"):
        _, page, size = await get(shop, path, **{"Accept-Encoding": codings})
        sizes = {path: size}
        for name in sorted(set(_STATIC.findall(page))):
            sizes[name.rpartition("/")[2]] = (
                await get(shop, name, **{"Accept-Encoding": codings})
            )[2]
        parts = ", ".join(f"{name} {size / 1000:.1f}" for name, size in sizes.items())
        print(f"  {sum(sizes.values()) / 1000:.1f} kB ({codings}): {parts}", flush=True)


async def cost(shop: Rig, paths: dict[str, str], requests: int) -> None:
    """Each page in turn, several rounds; the least CPU of a round, and all times."""
    cpu: dict[str, list[float]] = {name: [] for name in paths}
    times: dict[str, list[float]] = {name: [] for name in paths}
    for _ in range(ROUNDS):
        for name, path in paths.items():
            before = shop.cpu_s()[0]
            times[name] += [(await get(shop, path))[0] for _ in range(requests)]
            cpu[name].append((shop.cpu_s()[0] - before) / requests * 1e3)
    for name in paths:
        ordered = sorted(times[name])
        print(
            f"  {name:22} {min(cpu[name]):5.2f} ms CPU   p50 {statistics.median(ordered):5.1f} ms  "
            f"p99 {ordered[int(len(ordered) * 0.99)]:5.1f} ms"
        )


def qr_codes() -> None:
    """CPU of one code, the median of many; each invoice is another."""

    def each(draw: object, count: int = 30) -> float:
        spent = []
        for number in range(count):
            text = f"LIGHTNING:LNBC1490N1P{number:04}" + "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L" * 8
            begun = time.process_time()
            draw(text)  # type: ignore[operator]
            spent.append((time.process_time() - begun) * 1e3)
        return statistics.median(spent)

    def searched(text: str) -> None:
        segno.make(text, error="l", boost_error=False, micro=False)

    print(
        f"  {each(searched):.1f} ms with the best of eight masks, {each(qr_svg):.1f} ms with ours"
    )


async def main(requests: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with rig(Path(folder)) as shop:
            print(f"load average {os.getloadavg()[0]:.0f}\nfirst uses")
            await first_uses(shop)
            order = await place(shop, "/call", CALL)
            print("a first visit")
            for path in ("/", "/call", order.path):
                await weight(shop, path)
            print("a page")
            pages = {path: path for path in PAGES} | {"/ in Arabic": "/?lang=ar"}
            await cost(shop, {**pages, "an order to be paid": order.path}, requests)
            print("a QR code of an invoice")
            qr_codes()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The pages over HTTP")
    parser.add_argument("--requests", type=int, default=150)
    asyncio.run(main(parser.parse_args().requests))
