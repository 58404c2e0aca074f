"""Texts by a Twilio account, in a shop of its own process that is killed again and again: the
account is one of the simulated world, whose answers and callbacks the dying shop does not hear."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ringbolt.cli.exit_codes import EXIT_OK
from support.clients.patient_orders import PatientOrder
from support.processes.chance import a_random_moment
from support.processes.shop import ServerProcess, running_process
from support.servers.twilio import account
from support.waiting import PATIENCE_S

KILLS = 4
SEND = "/createsendorder"
UNLISTED_S = 31
"""After so long, a text that the vendor's list lacks is known not to have been sent."""
SORTS = [
    ("+4915112345678", "settled"),
    ("+1234567804", "returned"),
    ("+1234567805", "returned"),
    ("+1234567806", "settled"),
    ("+1234567807", "settled"),
    ("+1234567809", "settled"),
]


@pytest.fixture
async def shop(tmp_path: Path, world: ServerProcess) -> AsyncIterator[ServerProcess]:
    await world.ready()
    carriers = json.dumps([account(world.url, poll_s=1)])
    where = {"RINGBOLT_SIMULATOR_URL": world.url, "RINGBOLT_SMS_CARRIERS": carriers}
    async with running_process(["serve"], tmp_path / "shop", **where) as process:
        yield process


async def texts_on(world: ServerProcess, number: str) -> list[str]:
    async with httpx.AsyncClient(base_url=world.url, timeout=PATIENCE_S) as http:
        shown = (await http.get(f"/simulator/phones/{number}")).json()
    return [message["text"] for message in shown["messages"]]


async def test_kills_at_any_moment_send_no_text_twice_and_lose_no_money(
    shop: ServerProcess, world: ServerProcess
) -> None:
    seed = random.randrange(1 << 30)
    chance = random.Random(seed)
    orders = [order(shop, world, n) for n in range(4 * len(SORTS))]
    waiting = iter(orders)
    buying: list[asyncio.Task[str]] = []
    for _ in range(KILLS):
        some = [each for _, each in zip(range(len(orders) // KILLS), waiting, strict=False)]
        buying += [asyncio.create_task(each.buy()) for each in some]
        await a_random_moment(chance, 0.1, 1.2)
        shop.kill()
        shop.start()
        await shop.ready()
    # What was about to be asked for when the shop died is looked for, and missed for long enough.
    while not all(each.done() for each in buying):
        await asyncio.wait(buying, timeout=2)
        async with httpx.AsyncClient(base_url=world.url, timeout=PATIENCE_S) as http:
            await http.post("/simulator/clock/advance", json={"seconds": UNLISTED_S})
    await asyncio.gather(*buying)

    for each in orders:
        await each.check()
        arrived = (await texts_on(world, each.body["phone"])).count(each.body["message"])
        assert arrived == (1 if each.end == "settled" else 0), f"seed {seed}: {each.body}"
        await each.close()
    audit = shop.run("audit")
    assert audit.returncode == EXIT_OK, f"seed {seed}: {audit.stdout}{audit.stderr}"


def order(shop: ServerProcess, world: ServerProcess, n: int) -> PatientOrder:
    number, end = SORTS[n % len(SORTS)]
    body: dict[str, Any] = {"phone": number, "message": f"This is number {n:03d}."}
    return PatientOrder(shop.url, world.url, SEND, body, end)
