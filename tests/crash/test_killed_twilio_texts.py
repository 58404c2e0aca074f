"""Texts by a Twilio account, and by the same account as a gateway that the settings describe, in a
shop of its own process that is killed again and again: the account is one of the simulated world,
whose answers and callbacks the dying shop does not hear."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from ringbolt.cli.exit_codes import EXIT_OK
from support.clients.patient_orders import PatientOrder
from support.processes.chance import a_random_moment
from support.processes.shop import ServerProcess, running_process
from support.servers.twilio import account, gateway
from support.waiting import PATIENCE_S

KILLS = 4
ORDERS = 20
SEND = "/createsendorder"
RECEIPT_WITHIN_S = 240
PLAIN = [("+4915112345678", "settled"), ("+12025550177", "settled")]
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


@asynccontextmanager
async def a_shop(
    folder: Path, world: ServerProcess, carrier: dict[str, Any]
) -> AsyncIterator[ServerProcess]:
    await world.ready()
    where = {
        "RINGBOLT_SIMULATOR_URL": world.url,
        "RINGBOLT_SMS_CARRIERS": json.dumps([carrier]),
        "RINGBOLT_ORDERS_RECEIPT_WITHIN_S": str(RECEIPT_WITHIN_S),
    }
    async with running_process(["serve"], folder, **where) as process:
        yield process


async def texts_on(world: ServerProcess, number: str) -> list[str]:
    async with httpx.AsyncClient(base_url=world.url, timeout=PATIENCE_S) as http:
        shown = (await http.get(f"/simulator/phones/{number}")).json()
    return [message["text"] for message in shown["messages"]]


async def bought_under_kills(
    shop: ServerProcess, world: ServerProcess, chance: random.Random, sorts: list[tuple[str, str]]
) -> list[PatientOrder]:
    """Orders that are over, of a shop that was killed while they were bought."""
    orders = [order(shop, world, n, *sorts[n % len(sorts)]) for n in range(ORDERS)]
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
    return orders


async def arrivals(world: ServerProcess, each: PatientOrder) -> int:
    """How often the text of an order arrived."""
    return (await texts_on(world, each.body["phone"])).count(each.body["message"])


async def test_kills_at_any_moment_send_no_text_twice_and_lose_no_money(
    tmp_path: Path, world: ServerProcess
) -> None:
    seed = random.randrange(1 << 30)
    async with a_shop(tmp_path / "shop", world, account(world.url, poll_s=1)) as shop:
        for each in await bought_under_kills(shop, world, random.Random(seed), SORTS):
            await each.check()
            arrived = await arrivals(world, each)
            assert arrived == (1 if each.end == "settled" else 0), f"seed {seed}: {each.body}"
            await each.close()
        audit = shop.run("audit")
    assert audit.returncode == EXIT_OK, f"seed {seed}: {audit.stdout}{audit.stderr}"


async def test_a_gateway_that_cannot_be_asked_again_gets_no_text_twice(
    tmp_path: Path, world: ServerProcess
) -> None:
    """A text whose answer was lost may have been sent: it is not repeated, and the buyer does not
    pay for it unless a receipt comes."""
    seed = random.randrange(1 << 30)
    async with a_shop(tmp_path / "shop", world, gateway(world.url)) as shop:
        ends = []
        for each in await bought_under_kills(shop, world, random.Random(seed), PLAIN):
            arrived, each.end = await arrivals(world, each), each.report["state"]
            await each.check()
            assert arrived <= 1, f"seed {seed}: {each.body}"
            assert arrived == 1 or each.end == "returned", f"seed {seed}: {each.body}"
            ends.append(each.end)
            await each.close()
        audit = shop.run("audit")
    assert "settled" in ends, f"seed {seed}: {ends}"
    assert audit.returncode == EXIT_OK, f"seed {seed}: {audit.stdout}{audit.stderr}"


def order(shop: ServerProcess, world: ServerProcess, n: int, number: str, end: str) -> PatientOrder:
    body: dict[str, Any] = {"phone": number, "message": f"This is number {n:03d}."}
    return PatientOrder(shop.url, world.url, SEND, body, end)
