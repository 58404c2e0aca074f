"""Numbers of a provider behind ``handler_api.php``, in a shop of its own process that is killed
again and again: judged by the provider's own books, by the wallet, and by the shop's audit. The
provider is one of the simulated world, whose answers the dying shop does not hear."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from ringbolt.cli.exit_codes import EXIT_OK
from ringbolt.simulator.numbers.activation import BALANCE_MICROS, MICROS, price_micros
from ringbolt.simulator.numbers.handler_api import HERO, PATH
from support.clients.patient_orders import FINAL, PatientOrder
from support.processes import chance
from support.processes.chance import a_random_moment
from support.processes.shop import ServerProcess, running_process
from support.waiting import LONG_S, PATIENCE_S, eventually

KILLS = chance.KILLS // 2
USA = 187
KEY = "the-api-key"
SORTS: list[tuple[dict[str, Any], str]] = [
    ({"service": "tg"}, "settled"),
    ({"service": "wa"}, "returned"),  # nobody texts to it
    ({"service": "vk"}, "settled"),
]
"""What is bought, and its end."""
RENTAL: tuple[dict[str, Any], str] = ({"service": "full", "isRental": True}, "settled")
WATCHED_S = 300
WITHOUT_CODE_S = 22 * 60


@pytest.fixture
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def shop(
    dialect: str, tmp_path: Path, world: ServerProcess, database_url: str
) -> AsyncIterator[ServerProcess]:
    await world.ready()
    provider = {
        "type": "handler_api",
        "name": "provider",
        "base_url": world.url + (PATH if dialect == "sms-activate" else HERO),
        "api_key": KEY,
        "dialect": dialect,
    }
    where = {
        "RINGBOLT_SIMULATOR_URL": world.url,
        "RINGBOLT_DATABASE_URL": database_url,
        "RINGBOLT_NUMBERS_PROVIDERS": json.dumps([provider]),
        # A shop that is started again and again may take a while to find what it had bought.
        "RINGBOLT_ORDERS_NUMBER_WITHIN_S": "600",
    }
    async with running_process(["serve"], tmp_path / "shop", **where) as process:
        yield process


class Provider:
    """The provider's own books."""

    def __init__(self, world: ServerProcess) -> None:
        self.world = world
        self.http = httpx.AsyncClient(base_url=world.url, timeout=PATIENCE_S)

    async def ask(self, action: str, path: str = PATH) -> str:
        return (await self.http.get(path, params={"action": action, "api_key": KEY})).text

    async def active(self) -> list[str]:
        """The ids of the activations that go on."""
        found = json.loads(await self.ask("getActiveActivations"))
        return [each["activationId"] for each in found.get("activeActivations", ())]

    async def spent_micros(self) -> int:
        balance = (await self.ask("getBalance")).removeprefix("ACCESS_BALANCE:")
        return BALANCE_MICROS - round(float(balance) * MICROS)

    async def text(self, number: object, code: str) -> None:
        body = {"to": f"+{number}", "from": "Acme", "text": f"Your code is {code}"}
        answer = await self.http.post("/simulator/sms", json=body)
        assert answer.status_code == 202, answer.text

    async def pass_s(self, seconds: float) -> None:
        await self.http.post("/simulator/clock/advance", json={"seconds": seconds})


async def receive(order: PatientOrder, provider: Provider, code: str) -> str:
    """Buy a number, let a code come to it unless it is one of those without, and see the end."""
    await order.place()
    await order.pay()
    if order.end == "returned":
        return await order.follow()

    async def has_number() -> bool:
        return await order.state() in FINAL or "number" in order.report

    await eventually(has_number, LONG_S, 0.1)
    assert "number" in order.report, order.report
    await provider.text(order.report["number"], code)
    return await order.follow()


# What a dialect changes, and what an engine changes, do not meet.
@pytest.mark.parametrize(
    ("dialect", "database_url"),
    [("sms-activate", "sqlite"), ("hero-sms", "postgresql")],
    indirect=True,
)
async def test_kills_at_any_moment_lease_no_number_twice_and_lose_no_money(
    shop: ServerProcess, world: ServerProcess, dialect: str
) -> None:
    seed = random.randrange(1 << 30)
    chance = random.Random(seed)
    provider = Provider(world)
    sorts = [*SORTS, RENTAL] if dialect == "sms-activate" else SORTS  # hero-sms lists no rentals
    orders = [
        PatientOrder(shop.url, world.url, "/createorder", {"country": USA, **body}, end)
        for body, end in sorts * KILLS
    ]
    waiting = iter(enumerate(orders))
    buying: list[asyncio.Task[str]] = []
    for _ in range(KILLS):
        some = [each for _, each in zip(sorts, waiting, strict=False)]
        buying += [asyncio.create_task(receive(each, provider, f"480{n:03d}")) for n, each in some]
        await a_random_moment(chance, 0.1, 1.5)
        shop.kill()
        shop.start()
        await shop.ready()
    served = [task for task, each in zip(buying, orders, strict=True) if each.end == "settled"]
    # A lost answer is looked for, and what is found is watched for a while before it is taken.
    for _ in range(WATCHED_S // 5):
        await asyncio.wait(served, timeout=2)
        if all(task.done() for task in served):
            break
        await provider.pass_s(5)
    await asyncio.gather(*served)
    assert len(await provider.active()) <= len(SORTS) * KILLS, f"seed {seed}"
    await provider.pass_s(WITHOUT_CODE_S)
    await asyncio.gather(*buying)

    for n, each in enumerate(orders):
        await each.check()
        if each.end == "settled":
            assert each.report["codeText"] == f"480{n:03d}", f"seed {seed}"
            assert len(each.report["messages"]) == 1, f"seed {seed}"
        await each.close()
    numbers = [each.report["number"] for each in orders if each.end == "settled"]
    assert len(set(numbers)) == len(numbers), f"seed {seed}"
    bought = [each.body for each in orders if each.end == "settled"]
    cost = sum(
        price_micros(body["service"], USA, 4 if body.get("isRental") else 0) for body in bought
    )
    await eventually(lambda: nothing_goes_on(provider), LONG_S, 0.5)
    assert await provider.spent_micros() == cost, f"seed {seed}"
    audit = shop.run("audit")
    assert audit.returncode == EXIT_OK, f"seed {seed}: {audit.stdout}{audit.stderr}"
    assert KEY not in shop.log.read_text()
    await provider.http.aclose()


async def nothing_goes_on(provider: Provider) -> bool:
    """Whether the provider has no active lease of ours: none that the shop has forgotten."""
    with suppress(json.JSONDecodeError):
        return not await provider.active()
    return False
