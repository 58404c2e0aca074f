"""Clients of ``handler_api.php`` that nobody here wrote buy codes in the simulated world."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiosmsactivate import SmsActivate, SmsActivateException
from aiosmsactivate.types import ActivationStatus, SetActivationStatus
from herosms import HeroSMSClient
from herosms.exceptions import APIError, InsufficientFundsError

from ringbolt.simulator.numbers import handler_api
from support.npm import Package, install, run
from support.servers.world import WorldServer, running_world

GERMANY = 43
PACKAGE = Package(
    "hero-sms",
    "2.0.0",
    "dist/client.js",
    "62299d01427074fa56804d2e7a70186f412b48352e790676a835d28ef8066224",
)

_BUY = """\
const { HeroSMSClient } = require("hero-sms");

const [url, key, command, id] = process.argv.slice(2);
const sms = new HeroSMSClient({ apiKey: key, baseUrl: url });

async function run() {
  switch (command) {
    case "buy":
      return sms.getNumberV2({ service: "tg", country: 43, maxPrice: 5 });
    case "look": {
      const active = await sms.getActiveActivations({ start: 0, limit: 100 });
      const status = await sms.getStatus(id);
      const { sms: shown } = await sms.getStatusV2(id);
      const all = await sms.getAllSms({ id });
      return { active: active.data, status, text: shown.text, all: all.data };
    }
    case "finish":
      return { answer: await sms.complete(id), balance: await sms.getBalance() };
    case "cancel":
      return sms.cancel(id).then(() => "cancelled", (error) => error.constructor.name);
    case "lists":
      return {
        countries: Object.keys(await sms.getCountries()).length,
        services: (await sms.getServicesList({ country: 43 })).services.length,
        price: (await sms.getPrices({ service: "tg", country: 43 }))["43"].tg,
      };
    case "rent":
      return sms.getRentNumber({ service: "full", country: 43, duration: 240 });
  }
}

run().then((found) => console.log(JSON.stringify(found)));
"""


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[WorldServer]:
    async with running_world(tmp_path) as world:
        yield world


async def text(world: WorldServer, to: str, words: str) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.post(
            f"{world.url}/simulator/sms",
            json={"to": f"+{to.removeprefix('+')}", "from": "Acme", "text": words},
        ) as answer,
    ):
        assert answer.status == 202


# aiosmsactivate


async def test_aiosmsactivate_buys_a_code(world: WorldServer) -> None:
    client = SmsActivate("key", world.url + handler_api.PATH)
    before = await client.get_balance()

    number = await client.purchase("tg", country=GERMANY, maxPrice=5)

    assert str(number.phone_number).startswith("49")
    assert await client.get_activation_status_v1(str(number.activation_id)) == (
        ActivationStatus.WAIT,
        None,
    )
    await text(world, number.phone_number, "Your code is 48010")
    listed = await client.get_active_activations()
    assert [each["smsCode"] for each in listed["activeActivations"]] == [["48010"]]
    shown = await client.get_activation_status(number)
    assert (shown.sms.code, shown.sms.text) == ("48010", "Your code is 48010")
    for status, answer in (
        (SetActivationStatus.AGAIN, "ACCESS_RETRY_GET"),
        (SetActivationStatus.COMPLETE, "ACCESS_ACTIVATION"),
    ):
        said = await client.set_activation_status(number.activation_id, status)
        assert said.value == answer
    assert before - await client.get_balance() == pytest.approx(number.activation_cost)


async def test_aiosmsactivate_learns_why_not(world: WorldServer) -> None:
    client = SmsActivate("key", world.url + handler_api.PATH)
    number = await client.purchase("tg", country=GERMANY)
    refusals: dict[str, Callable[[], Awaitable[object]]] = {
        "EARLY_CANCEL_DENIED": lambda: client.set_activation_status(number.activation_id, 8),
        "WRONG_MAX_PRICE": lambda: client.purchase("tg", country=GERMANY, maxPrice=0.01),
        "BAD_SERVICE": lambda: client.purchase("no such service", country=GERMANY),
        "NO_ACTIVATION": lambda: client.get_activation_status(1),
        "INVALID_PHONE": lambda: client.get_rent_status("1"),
    }
    for code, ask in refusals.items():
        with pytest.raises(SmsActivateException) as refused:
            await ask()
        assert refused.value.code == code


async def test_aiosmsactivate_reads_the_lists_and_rents(world: WorldServer) -> None:
    client = SmsActivate("key", world.url + handler_api.PATH)
    prices = await client.get_prices("tg", GERMANY)
    assert set(prices[str(GERMANY)]["tg"]) == {"cost", "count", "physicalCount"}
    assert (await client.get_countries())[str(GERMANY)]["eng"] == "Germany"
    rented = await client.get_rent_number("full")
    rent_id = str(rented["phone"]["id"])
    await text(world, rented["phone"]["number"], "Hello")
    status = await client.get_rent_status(rent_id)
    assert [each["text"] for each in status["values"].values()] == ["Hello"]


# herosms


async def test_herosms_buys_a_code(world: WorldServer) -> None:
    async with HeroSMSClient("key", base_url=world.url + handler_api.HERO) as client:
        activation: Any = await client.activations.create(
            service="tg", country=GERMANY, max_price=5
        )
        await text(world, activation.phone, "Your code is 48010")
        status = await activation.wait_for_sms(poll_interval=0.01)
        assert (status.code, status.sms.text) == ("48010", "Your code is 48010")
        listed: Any = await client.get_active_activations()
        assert [(each.sms_code, each.service_code) for each in listed] == [("48010", "tg")]
        assert [each.phone_from for each in await activation.get_all_sms()] == ["Acme"]
        await activation.complete()
        balance: Any = await client.get_balance()
        assert balance.amount == pytest.approx(1000 - activation.cost)


async def test_herosms_learns_why_not(world: WorldServer) -> None:
    async with HeroSMSClient("key", base_url=world.url + handler_api.HERO) as client:
        activation: Any = await client.activations.create(service="tg", country=GERMANY)
        with pytest.raises(APIError) as refused:
            await activation.cancel()
        assert refused.value.title == "EARLY_CANCEL_DENIED"
        account = world.world.number_accounts
        await account.set_balance(account.account("key"), 0)
        with pytest.raises(InsufficientFundsError):
            await client.activations.create(service="tg", country=GERMANY)


async def test_herosms_rents_a_number(world: WorldServer) -> None:
    async with HeroSMSClient("key", base_url=world.url + handler_api.HERO) as client:
        rented: Any = await client.rent_number("full", GERMANY, 240)
        await text(world, rented.phone, "Hello")
        assert [each.text for each in await rented.get_all_sms()] == ["Hello"]


# hero-sms of npm


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hero(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with npm's hero-sms and the script ``buy.js``."""
    folder = tmp_path_factory.mktemp("hero-sms")
    await install(PACKAGE, folder)
    (folder / "buy.js").write_text(_BUY)
    return folder


async def test_hero_sms_of_npm_buys_a_code(world: WorldServer, hero: Path) -> None:
    async def ask(*command: str) -> Any:
        url = world.url + handler_api.HERO
        return json.loads(await run("node", "buy.js", url, "key", *command, cwd=hero))

    lists = await ask("lists")
    assert lists["countries"] > 100
    assert set(lists["price"]) == {"cost", "count", "physicalCount"}
    bought = await ask("buy")
    lease_id = bought["activationId"]
    assert bought["countryCode"] == GERMANY
    assert await ask("cancel", lease_id) != "cancelled", "it is too early"
    await text(world, bought["phoneNumber"], "Your code is 48010")
    seen = await ask("look", lease_id)
    assert seen["status"] == {"status": "STATUS_OK", "code": "48010"}
    assert (seen["text"], seen["active"][0]["smsCode"]) == ("Your code is 48010", "48010")
    assert [each["phoneFrom"] for each in seen["all"]] == ["Acme"]
    done = await ask("finish", lease_id)
    assert done["answer"] == "ACCESS_ACTIVATION"
    assert done["balance"] == pytest.approx(1000 - bought["activationCost"])
    assert (await ask("rent"))["phoneNumber"].startswith("49")
