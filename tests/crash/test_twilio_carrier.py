"""Calls through a Twilio account, in a shop of its own process that is killed at any moment: the
account is one of the simulated world, which calls back, fetches audio, and rings at its phones."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ringbolt.cli.exit_codes import EXIT_OK
from support.clients.patient_buyer import PatientBuyer
from support.clients.phones import Phones
from support.contracts.twilio_calls import ACCOUNT, API, TOKEN
from support.processes.chance import a_random_moment
from support.processes.shop import ServerProcess, executed_process, world_process
from support.waiting import LONG_S, PATIENCE_S, eventually

pytestmark = pytest.mark.usefixtures("spoken")

PRESSES = "+1234567890"
LISTENS = "+1234567800"
LOST_ANSWER = "+1234567807"
PERSON = "+442079460123"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with world_process(tmp_path_factory.mktemp("world"), 10) as process:
        yield process


def twilio(world: ServerProcess, **changes: Any) -> str:
    account = {
        "type": "twilio",
        "base_url": world.url + API,
        "account_sid": ACCOUNT,
        "auth_token": TOKEN,
        "poll_s": 1,
    }
    return json.dumps([account | changes])


@pytest.fixture
async def shop(tmp_path: Path, world: ServerProcess) -> AsyncIterator[ServerProcess]:
    await world.ready()
    environment = {
        "RINGBOLT_SIMULATOR_URL": world.url,
        "RINGBOLT_CALLS_CARRIERS": twilio(world),
    }
    async with executed_process(["serve"], tmp_path / "shop", **environment) as process:
        yield process


@pytest.fixture
async def buyer(shop: ServerProcess, world: ServerProcess) -> AsyncIterator[PatientBuyer]:
    patient = PatientBuyer(shop.url, world.url, LISTENS)
    yield patient
    await patient.close()


@pytest.fixture
async def phones(world: ServerProcess) -> AsyncIterator[Phones]:
    yield Phones(world)
    await change(world, tells=True, replies=[], auth_token=TOKEN)


async def change(world: ServerProcess, **account: Any) -> None:
    async with httpx.AsyncClient(base_url=world.url, timeout=PATIENCE_S) as http:
        answer = await http.post(f"{API}/accounts/{ACCOUNT}", json=account)
        assert answer.status_code == 200


async def over(phones: Phones, number: str) -> dict[str, Any]:
    """The only call to ``number``, once it is over."""

    async def probe() -> dict[str, Any] | None:
        [call] = await phones.calls(number)
        return None if call["state"] in ("initiated", "ringing", "in-progress") else call

    call: dict[str, Any] = await eventually(probe, LONG_S)
    return call


async def ended(buyer: PatientBuyer) -> dict[str, Any]:
    """What the shop says of a call once it knows its end."""

    async def probe() -> dict[str, Any] | None:
        report = await buyer.follow("settled", "failed", "returned")
        return report if report["status"] in ("completed", "failed", "busy") else None

    report: dict[str, Any] = await eventually(probe, LONG_S)
    return report


async def test_a_call_is_bought_heard_and_settled(
    shop: ServerProcess, buyer: PatientBuyer, phones: Phones
) -> None:
    buyer.number = PRESSES

    assert await buyer.buy() == "settled"

    call = await over(phones, PRESSES)
    assert call["digits_sent"] == "1#"
    assert call["id"].startswith("CA")
    assert call["heard_seconds"] > 1
    report = await ended(buyer)
    assert (report["digits"], report["cause"]) == ("1#", "the caller hung up")
    told = {each["detail"] for each in json.loads(shop.run("doctor").stdout)}
    assert "credentials: The API takes the credentials." in told
    assert shop.run("audit").returncode == EXIT_OK


async def restart(shop: ServerProcess, **environment: str) -> None:
    shop.kill()
    shop.environment |= environment
    shop.start()
    await shop.ready()


def agrees(shop: ServerProcess) -> None:
    audit = shop.run("audit")
    assert audit.returncode == EXIT_OK, audit.stdout + audit.stderr


async def test_a_shop_that_is_killed_while_it_rings_hears_of_the_answer_afterwards(
    shop: ServerProcess, buyer: PatientBuyer, phones: Phones
) -> None:
    buyer.number = PERSON
    await buyer.pay()
    await buyer.redeem()
    await phones.rings(PERSON)
    shop.kill()
    await phones.do(PERSON, "answer")  # its callback reaches nobody
    await restart(shop)

    await buyer.follow("settled")
    assert len(await phones.calls(PERSON)) == 1
    assert (await ended(buyer))["status"] == "completed"
    agrees(shop)


async def test_a_lost_answer_is_looked_up_by_number_and_nobody_is_called_twice(
    shop: ServerProcess, world: ServerProcess, buyer: PatientBuyer, phones: Phones
) -> None:
    """No callback tells of it, and the shop is killed before it has looked."""
    before = len(await phones.calls(LOST_ANSWER))
    await change(world, tells=False)
    buyer.number = LOST_ANSWER
    await buyer.pay()
    await buyer.redeem()

    async def placed() -> bool:
        return len(await phones.calls(LOST_ANSWER)) > before

    await eventually(placed, LONG_S)
    await restart(shop)

    await buyer.follow("settled")
    assert len(await phones.calls(LOST_ANSWER)) == before + 1
    agrees(shop)


KILLS = 6


async def test_kills_at_any_moment_lose_no_money_and_call_nobody_twice(
    shop: ServerProcess, world: ServerProcess, phones: Phones
) -> None:
    seed = random.randrange(1 << 30)
    chance = random.Random(seed)
    numbers = [f"+12345678{n}" for n in range(40, 40 + KILLS)]
    buyers = [PatientBuyer(shop.url, world.url, number) for number in numbers]
    running = []
    for buyer in buyers:
        running.append(asyncio.create_task(buyer.buy()))
        await a_random_moment(chance, 0.1, 2.0)
        await restart(shop)
    ends = await asyncio.gather(*running)

    assert ends == ["settled"] * KILLS, f"seed {seed}"
    for number in numbers:
        assert len(await phones.calls(number)) == 1, f"seed {seed}: {number}"
    agrees(shop)
    for buyer in buyers:
        await buyer.close()
