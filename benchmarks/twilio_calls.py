"""Calls through a Twilio account beside calls of the simulated carrier: CPU of the shop for a call,
200 calls in 10 s at the account's rate, and from the paid request to the call being asked for.

The account is one of the simulated world, in a process of its own: it calls back with signatures,
and fetches every clip. Each carrier has a world and a shop of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import aiohttp

from benchmarks.processes import cpu_s, free_port, process, until_answers

CALLS = 200
PER_SECOND = 20
ROUNDS = 3
NUMBER = "+1234567800"
TEXT = "Your order has been shipped and will arrive tomorrow."
ACCOUNT = "AC" + "7" * 32


@dataclass
class Shop:
    pid: int
    url: str
    world: str


def carrier(kind: str, world: str) -> str:
    if kind == "simulated":
        return json.dumps([{"type": kind, "per_second": PER_SECOND}])
    account = {
        "type": "twilio",
        "base_url": f"{world}/simulator/twilio",
        "account_sid": ACCOUNT,
        "auth_token": "a token",
        "per_second": PER_SECOND,
    }
    return json.dumps([account])


async def start(stack: contextlib.ExitStack, folder: str, kind: str) -> Shop:
    world_port, port = free_port(), free_port()
    world = f"http://127.0.0.1:{world_port}"
    stack.enter_context(
        process(["ringbolt", "simulator"], {
            "RINGBOLT_PORT": str(world_port), "RINGBOLT_DATA_DIR": f"{folder}/{kind}/world",
            "RINGBOLT_SIMULATOR_SPEED": "5",
        })
    )  # fmt: skip
    await until_answers(f"{world}/healthz")
    started = stack.enter_context(
        process(["ringbolt", "serve"], {
            "RINGBOLT_PORT": str(port), "RINGBOLT_DATA_DIR": f"{folder}/{kind}/shop",
            "RINGBOLT_SIMULATOR_URL": world, "RINGBOLT_LIMITS": "off",
            "RINGBOLT_CALLS_CARRIERS": carrier(kind, world),
        })
    )  # fmt: skip
    shop = Shop(started.pid, f"http://127.0.0.1:{port}", world)
    await until_answers(f"{shop.url}/healthz")
    return shop


async def buy(http: aiohttp.ClientSession, shop: Shop) -> tuple[float, str]:
    """When the paid request was sent (ms since 1970), and where the call's status is."""
    path = f"{shop.url}/api/l402/place-call"
    body = {"phone_number": NUMBER, "message": TEXT}
    async with http.post(path, json=body) as asked:
        challenge: dict[str, Any] = await asked.json(content_type=None)
    send = {"payment_request": challenge["invoice"], "fee_limit_sat": "10"}
    async with http.post(f"{shop.world}/simulator/wallet/v2/router/send", json=send) as paid:
        preimage = (await paid.json(content_type=None))["result"]["payment_preimage"]
    headers = {"Authorization": f"L402 {challenge['macaroon']}:{preimage}"}
    begun_ms = time.time() * 1000
    async with http.post(path, json=body, headers=headers) as answer:
        bought = await answer.json()
        assert answer.status == 200, bought
    return begun_ms, bought["status_url"]


async def ended(http: aiohttp.ClientSession, url: str) -> dict[str, Any]:
    while True:
        async with http.get(url) as answer:
            status: dict[str, Any] = await answer.json()
        if status["ended_at"]:
            return status
        await asyncio.sleep(0.5)


async def measure(http: aiohttp.ClientSession, shop: Shop) -> tuple[float, list[float], float]:
    """CPU of the shop for a call (ms), from the paid request to the request for the call (ms, in
    order), and seconds from the first call to the last."""
    before, begun, buying = cpu_s(shop.pid), time.monotonic(), []
    for n in range(CALLS):
        await asyncio.sleep(max(0.0, begun + n / PER_SECOND - time.monotonic()))
        buying.append(asyncio.create_task(buy(http, shop)))
    bought = await asyncio.gather(*buying)
    told = [await ended(http, url) for _, url in bought]
    spent_ms = (cpu_s(shop.pid) - before) / CALLS * 1000
    asked = [_asked_ms(status) for status in told]
    assert all(status["status"] == "completed" for status in told)
    delays = sorted(at - begun for at, (begun, _) in zip(asked, bought, strict=True))
    return spent_ms, delays, (max(asked) - min(asked)) / 1000


def _asked_ms(status: dict[str, Any]) -> float:
    at = next(each["at"] for each in status["timeline"] if each["state"] == "dispatching")
    return datetime.fromisoformat(at).timestamp() * 1000


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        shops = {kind: await start(stack, folder, kind) for kind in ("simulated", "twilio")}
        async with aiohttp.ClientSession() as http:
            for shop in shops.values():
                await ended(http, (await buy(http, shop))[1])
            ratios = []
            for _ in range(ROUNDS):
                spent = {}
                for kind, shop in shops.items():
                    spent[kind], delays, seconds = await measure(http, shop)
                    print(
                        f"{kind:10} {spent[kind]:5.1f} ms of the shop's CPU a call, {CALLS} calls "
                        f"in {seconds:.1f} s, from paid to asked p50 {delays[CALLS // 2]:.0f} ms, "
                        f"p99 {delays[int(CALLS * 0.99)]:.0f} ms (load {os.getloadavg()[0]:.0f})"
                    )
                ratios.append(spent["twilio"] / spent["simulated"])
            print(f"CPU twilio / simulated: {statistics.median(ratios):.2f} ({ratios})")


if __name__ == "__main__":
    asyncio.run(main())
