"""A shop that sends by an Android phone, and lends that phone's numbers, killed (SIGKILL) again and
again: judged by what the phones show, by the wallet, and by its own audit. The world with the
phones is another process and is never killed."""

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
from ringbolt.simulator.smsgate.app_api import CLOUD, PASSWORD
from ringbolt.simulator.smsgate.records import SIGNING_KEY
from support.clients.patient_orders import FINAL, PatientOrder
from support.clients.phones import Phones
from support.processes import chance
from support.processes.chance import a_random_moment
from support.processes.shop import ServerProcess, running_process
from support.waiting import LONG_S, eventually

KILLS = chance.KILLS // 2
GERMANY = 43
SEND, RECEIVE = "/createsendorder", "/createorder"
NUMBERS = tuple(f"+491511234567{n}" for n in range(4))
SORTS = [
    ({"phone": "+1234567800"}, "settled"),
    ({"phone": "+1234567804"}, "returned"),  # fails
    ({"phone": "+1234567805"}, "returned"),  # refused
    ({"phone": "+1234567806"}, "settled"),  # refused for now, twice
    ({"phone": "+1234567807"}, "settled"),  # taken, and the answer is lost
    ({"phone": "+1234567809"}, "settled"),  # the receipts come before the answer
    ({"phone": "+1234567822"}, "settled"),  # every receipt twice
]


@pytest.fixture(params=["local", "cloud"])
async def shop(
    request: pytest.FixtureRequest, tmp_path: Path, world: ServerProcess
) -> AsyncIterator[ServerProcess]:
    """A shop whose texts go by one phone."""
    await world.ready()
    below = CLOUD if request.param == "cloud" else ""
    phone = {
        "type": "smsgate",
        "name": "pixel",
        "mode": request.param,
        "auth": "jwt" if request.param == "cloud" else "basic",
        "base_url": f"{world.url}/simulator/smsgate/{','.join(NUMBERS)}{below}",
        "password": PASSWORD,
        "signing_key": SIGNING_KEY,
        "numbers": NUMBERS,
        "per_second": 0,
    }
    environment = {
        "RINGBOLT_SIMULATOR_URL": world.url,
        "RINGBOLT_SMS_CARRIERS": json.dumps([phone]),
    }
    async with running_process(["serve"], tmp_path / "shop", **environment) as process:
        yield process


def texts_out(shop: ServerProcess, world: ServerProcess) -> list[PatientOrder]:
    """Texts of every sort, each a different one."""
    made = []
    for n in range(3 * len(SORTS)):
        body, end = SORTS[n % len(SORTS)]
        wanted = {**body, "message": f"This is number {n:03d}."}
        made.append(PatientOrder(shop.url, world.url, SEND, wanted, end))
    return made


async def add_numbers(shop: ServerProcess) -> None:
    """The phone's numbers are lent as soon as it is heard."""
    for number in NUMBERS:
        assert shop.run("numbers", "add", number, "--country", "Germany").returncode == EXIT_OK

    async def are_heard() -> bool:
        listed = json.loads(shop.run("numbers", "list").stdout)
        return all(row["phone"] == "pixel" and row["state"] == "ready" for row in listed)

    await eventually(are_heard, LONG_S)


async def receive(order: PatientOrder, n: int) -> str:
    """Buy a number, have a stranger send a code to it, and wait for the end."""
    await order.place()
    await order.pay()

    async def has_number() -> bool:
        return await order.state() in FINAL or "number" in order.report

    await eventually(has_number, LONG_S)
    text = {"to": f"+{order.report['number']}", "from": "VK", "text": f"VK: 07005{n} is your code"}
    async with httpx.AsyncClient() as http:
        answer = await http.post(f"{order.world_url}/simulator/sms", json=text)
        assert answer.status_code == 202, answer.text
    return await order.follow()


async def shown(phones: Phones, number: str) -> list[dict[str, Any]]:
    answer = await phones.http.get(f"{phones.world.url}/simulator/phones/{number}")
    messages: list[dict[str, Any]] = answer.json()["messages"]
    return messages


async def test_kills_among_texts_of_a_phone_lose_no_money_and_send_nothing_twice(
    shop: ServerProcess, world: ServerProcess
) -> None:
    seed = random.randrange(1 << 30)
    chance = random.Random(seed)
    phones = Phones(world)
    await add_numbers(shop)
    before_msat = await phones.balance_msat()
    sent = texts_out(shop, world)
    wanted = {"country": GERMANY, "service": "vk", "realphone": True}
    lent = [
        PatientOrder(shop.url, world.url, RECEIVE, {**wanted, **more})
        for more in ({}, {}, {"isRental": True, "service": "full"}, {})
    ]
    running = [asyncio.create_task(order.buy()) for order in sent]
    running += [asyncio.create_task(receive(order, n)) for n, order in enumerate(lent)]
    for _ in range(KILLS):
        await a_random_moment(chance, 0.1, 1.2)
        shop.kill()
        shop.start()
        await shop.ready()
    await asyncio.gather(*running)

    for order in sent:
        await order.check()
        arrived = await shown(phones, order.body["phone"])
        count = sum(order.body["message"] in each["text"] for each in arrived)
        assert count == (1 if order.end == "settled" else 0), f"seed {seed}: {order.body}"
    for n, order in enumerate(lent):
        await order.check()
        assert order.report["codeText"] == f"07005{n}", f"seed {seed}"
        assert len(order.report["messages"]) == 1, f"seed {seed}"
    settled = [order for order in (*sent, *lent) if order.end == "settled"]
    spent_msat = sum(order.price_sats for order in settled) * 1000
    assert before_msat - await phones.balance_msat() == spent_msat, f"seed {seed}"
    audit = shop.run("audit")
    assert audit.returncode == EXIT_OK, f"seed {seed}: {audit.stdout}{audit.stderr}"
    log = shop.log.read_text()
    for private in ("+1234567800", "This is number", "07005", SIGNING_KEY, *NUMBERS):
        assert private not in log, f"the log names {private}"
    for order in (*sent, *lent):
        await order.close()
    await phones.http.aclose()
