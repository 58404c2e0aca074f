"""The shop over a socket: CPU per 402 with the node apart, challenges per second and p99, time
from payment to the carrier being asked, start-up time, memory at rest.

    python -m benchmarks.sockets [challenges]      only the challenges
    python -m benchmarks.sockets services          the challenges of every paid address
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.processes import cpu_s, free_port, process, rss_mb, until_answers

BODY = {"phone_number": "+12025550123", "message": "Hello, this is a test."}
ROUNDS = 5
SECONDS = 2.0
CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Side:
    """What is asked for challenges: the process ``pid`` at ``url``, with ``body``."""

    pid: int
    url: str
    body: dict[str, Any] = field(default_factory=lambda: BODY)


async def load(side: Side, seconds: float) -> list[float]:
    """Ask for challenges over ``CONNECTIONS`` connections; the latencies in ms."""
    latencies: list[float] = []
    end = time.monotonic() + seconds

    async def one(session: aiohttp.ClientSession) -> None:
        while (begun := time.monotonic()) < end:
            async with session.post(side.url, json=side.body) as answer:
                await answer.read()
                assert answer.status == 402, answer.status
            latencies.append((time.monotonic() - begun) * 1000)

    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(one(session) for _ in range(CONNECTIONS)))
    return latencies


async def challenges(sides: dict[str, Side], shops: int = 1) -> None:
    """All in turn, several rounds; medians of the rounds. The first ``shops`` are compared with the
    others."""
    figures: dict[str, list[tuple[float, float, float, float]]] = {name: [] for name in sides}
    for side in sides.values():
        await load(side, 0.5)
    for _ in range(ROUNDS):
        for name, side in sides.items():
            before = cpu_s(side.pid)
            latencies = await load(side, SECONDS)
            spent = (cpu_s(side.pid) - before) / len(latencies) * 1e6
            ordered = sorted(latencies)
            p99 = ordered[int(len(ordered) * 0.99)]
            figures[name].append((spent, len(latencies) / SECONDS, statistics.median(ordered), p99))
    print(f"402 over a socket, node in a process of its own, {CONNECTIONS} connections, "
          f"load average {os.getloadavg()[0]:.0f}")  # fmt: skip
    names = list(sides)
    for name, rounds in figures.items():
        cpu, rate, p50, p99 = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"  {name:22} {cpu:6.0f} us CPU  {rate:6.0f}/s  p50 {p50:.1f} ms  p99 {p99:.1f} ms")
    for shop, name in product(names[:shops], names[shops:]):
        ratios = [a[0] / b[0] for a, b in zip(figures[shop], figures[name], strict=True)]
        print(f"  CPU {shop} / {name}: {statistics.median(ratios):.2f} (each pair: "
              f"{', '.join(f'{ratio:.2f}' for ratio in ratios)})")  # fmt: skip


async def paid_addresses(pid: int, url: str) -> dict[str, Side]:
    """A side for every paid address of the shop, with the first body of its examples."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{url}/.well-known/l402-services") as answer,
    ):
        services = (await answer.json())["services"]
    return {each["id"]: Side(pid, url + each["endpoint"], each["examples"][0]) for each in services}


async def buy(session: aiohttp.ClientSession, shop: str, world: str) -> float:
    """Buy one call; milliseconds from the paid request to the carrier's first event."""
    path = f"{shop}/api/l402/place-call"
    body = {"phone_number": "+1234567890", "message": BODY["message"]}
    async with session.post(path, json=body) as asked:
        challenge: dict[str, Any] = await asked.json(content_type=None)
    send = {"payment_request": challenge["invoice"], "fee_limit_sat": "10"}
    async with session.post(f"{world}/simulator/wallet/v2/router/send", json=send) as paid:
        preimage = (await paid.json(content_type=None))["result"]["payment_preimage"]
    headers = {"Authorization": f"L402 {challenge['macaroon']}:{preimage}"}
    begun_ms = time.time() * 1000
    async with session.post(path, json=body, headers=headers) as answer:
        bought = await answer.json()
        assert answer.status == 200, bought
    while True:
        async with session.get(bought["status_url"]) as answer:
            status = await answer.json()
        asked_at = [e["at"] for e in status["timeline"] if e["state"] == "dispatching"]
        if asked_at:
            return datetime.fromisoformat(asked_at[0]).timestamp() * 1000 - begun_ms
        await asyncio.sleep(0.02)


async def dispatch_latency(shop: str, world: str, count: int = 100) -> None:
    async with aiohttp.ClientSession() as session:
        first = await buy(session, shop, world)
        delays = sorted([await buy(session, shop, world) for _ in range(count)])
    print(
        f"from the paid request to the carrier being asked, {count} calls one after another\n"
        f"  p50 {delays[count // 2]:.0f} ms  p99 {delays[int(count * 0.99)]:.0f} ms  (sentence "
        f"in the cache; the very first, with the model to load: {first:.0f} ms)"
    )


async def main(only_challenges: bool, every_service: bool) -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        world_port, shop_port = free_port(), free_port()
        world = f"http://127.0.0.1:{world_port}"
        stack.enter_context(
            process(["ringbolt", "simulator"], {
                "RINGBOLT_PORT": str(world_port), "RINGBOLT_DATA_DIR": f"{folder}/world",
                "RINGBOLT_SIMULATOR_SPEED": "20",
            })
        )  # fmt: skip
        await until_answers(f"{world}/healthz")
        begun = time.monotonic()
        shop = stack.enter_context(
            process(["ringbolt", "serve"], {
                "RINGBOLT_PORT": str(shop_port), "RINGBOLT_DATA_DIR": f"{folder}/shop",
                "RINGBOLT_SIMULATOR_URL": world, "RINGBOLT_LIMITS": "off",
            })
        )  # fmt: skip
        url = f"http://127.0.0.1:{shop_port}"
        await until_answers(f"{url}/healthz")
        first_start = time.monotonic() - begun
        await asyncio.sleep(1)
        print(f"first start-up {first_start:.2f} s, memory at rest {rss_mb(shop.pid):.0f} MB")
        path = "/api/l402/place-call"
        sides = {"shop": Side(shop.pid, url + path)}
        if every_service:
            sides = await paid_addresses(shop.pid, url)
        shops = len(sides)
        node_url = f"{world}/simulator/node"
        for name, client in (("reference", []), ("reference, aiohttp", ["aiohttp"])):
            port = free_port()
            arguments = ["benchmarks.reference_402", str(port), node_url, *client]
            started = stack.enter_context(process(arguments, {}))
            await until_answers(f"http://127.0.0.1:{port}/healthz")
            sides[name] = Side(started.pid, f"http://127.0.0.1:{port}{path}")
        # Calls are bought first: a shop whose node never settled an invoice looks for one.
        await dispatch_latency(url, world, 1 if only_challenges else 100)
        await challenges(sides, shops)
        print(f"memory of the shop's process after that {rss_mb(shop.pid):.0f} MB")
    if not only_challenges:
        await starts()


async def starts() -> None:
    """Whole starts of a shop with its embedded world, on a store that is there already."""
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(6):
            port = free_port()
            environment = {"RINGBOLT_PORT": str(port), "RINGBOLT_DATA_DIR": str(Path(folder))}
            with process(["ringbolt", "serve"], environment) as shop:
                seconds.append(await until_answers(f"http://127.0.0.1:{port}/healthz"))
                memory = rss_mb(shop.pid)
    print(f"start-up, embedded world: first {seconds[0]:.2f} s, then median "
          f"{statistics.median(seconds[1:]):.2f} s; {memory:.0f} MB")  # fmt: skip


if __name__ == "__main__":
    asked = sys.argv[1:]
    asyncio.run(main(bool(asked), asked == ["services"]))
