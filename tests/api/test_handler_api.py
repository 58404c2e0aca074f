"""A shop that leases its numbers by ``handler_api.php``, here of a simulated world of its own."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ringbolt.api.callbacks import callback_prefixes
from ringbolt.core.part_checks import SupportsBalance
from ringbolt.numbers.handler_api import callbacks, polling
from ringbolt.numbers.provider import SupportsQuotes
from ringbolt.simulator.numbers import handler_api
from ringbolt.simulator.numbers.activation import MICROS
from ringbolt.store import attempts, receiving_orders
from support.clients.orders import GERMANY, USA, OrderClient
from support.servers.shop import ShopServer, running_shop, settings_for
from support.servers.stubs import scripted
from support.servers.world import WorldServer, running_world
from support.waiting import eventually

RENTAL = {"country": USA, "service": "full", "isRental": True}
KEY = "the shop's key"
DIALECTS = {"sms-activate": handler_api.PATH, "hero-sms": handler_api.HERO}


def provider_at(world: WorldServer, dialect: str = "sms-activate", **more: Any) -> dict[str, Any]:
    return {
        "type": "handler_api",
        "name": dialect,
        "dialect": dialect,
        "base_url": world.url + DIALECTS[dialect],
        "api_key": KEY,
        **more,
    }


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[WorldServer]:
    async with running_world(tmp_path / "world") as world:
        yield world


@pytest.fixture(params=DIALECTS)
async def client(
    request: pytest.FixtureRequest, world: WorldServer, tmp_path: Path, speech_dir: Path
) -> AsyncIterator[OrderClient]:
    settings = settings_for(
        tmp_path / "shop",
        speech_dir,
        simulator={"url": world.url},
        numbers={"providers": [provider_at(world, request.param)]},
    )
    async with running_shop(settings) as shop:
        yield OrderClient(shop)


async def test_a_code_is_bought_and_paid_for(client: OrderClient) -> None:
    order_id, payment = await client.buy("/createorder", {"country": GERMANY, "service": "tg"})
    status = await client.until(order_id, lambda seen: seen.get("number"))
    assert str(status["number"]).startswith("49")

    await client.text_to(status["number"], "Telegram code: 48010")

    assert await payment == "SUCCEEDED"
    status = await client.status(order_id)
    assert (status["codeText"], status["sms"]) == ("48010", "Telegram code: 48010")
    assert (await client.shop.audit()).differences == []


async def test_a_number_is_rented_with_all_its_texts(client: OrderClient) -> None:
    order_id, payment = await client.buy("/createorder", RENTAL)
    status = await client.until(order_id, lambda seen: seen.get("number"))
    for n in range(3):
        await client.text_to(status["number"], f"text {n}")

    status = await client.until(order_id, lambda seen: len(seen.get("messages", ())) == 3)

    assert await payment == "SUCCEEDED"
    assert [text["text"] for text in status["messages"]] == ["text 0", "text 1", "text 2"]
    assert (await client.shop.audit()).differences == []


async def test_a_callback_makes_the_shop_look_and_is_believed_no_further(
    client: OrderClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "LIST_EVERY_S", 3600.0)  # only the callback tells
    order_id, payment = await client.buy("/createorder", {"country": GERMANY, "service": "tg"})
    status = await client.until(order_id, lambda seen: seen.get("number"))
    shop = client.shop.shop
    provider = shop.number_providers.entries[0].name
    path = callback_prefixes(shop.keyring, "numbers", provider)[0] + callbacks.PATH
    leases = await shop.db.read(receiving_orders.leases_of, order_id)
    said = {"activationId": leases[0].provider_id, "text": "Your code is 66666", "code": "66666"}

    assert (await client.post(path, said)).status_code == 200
    assert "code" not in await client.status(order_id), "nothing came"
    await client.text_to(status["number"], "Telegram code: 48010")
    assert (await client.post(path, said)).status_code == 200

    assert await payment == "SUCCEEDED"
    assert (await client.status(order_id))["codeText"] == "48010"
    for nonsense in ({}, {"activationId": ["x"]}, {"activationId": "never leased"}, [1]):
        assert (await client.post(path, nonsense)).status_code == 200
    assert (await client.post(path.replace("/texts", "x/texts"), said)).status_code == 404


async def test_the_cheapest_provider_with_numbers_and_money_is_asked_first(
    world: WorldServer, tmp_path: Path, speech_dir: Path
) -> None:
    async with scripted() as dear:
        names = '{"status":"success","services":[{"code":"tg","name":"Telegram"}]}'
        dear.say("getServicesList", names)
        dear.say("getBalance", "ACCESS_BALANCE:100")
        dear.say("getPrices", json.dumps({str(GERMANY): {"tg": {"cost": 2.5, "count": 9}}}))
        dear.say("getActiveActivations", "NO_ACTIVATIONS")
        dear.say("getNumberV2", "NO_NUMBERS")
        first = {**provider_at(world), "name": "dear", "base_url": dear.url}
        settings = settings_for(
            tmp_path / "shop",
            speech_dir,
            simulator={"url": world.url},
            costs={"sats_per": {"USD": 1000}},
            numbers={"providers": [first, provider_at(world)]},
        )
        async with running_shop(settings) as shop:
            client = OrderClient(shop)
            await prices_are_known(shop, "tg")

            asked = await providers_asked(client)
            assert asked == ["sms-activate"], "it is cheaper"

            await balance_is(world, 0.5)
            await balances_are_read(shop)
            assert (await providers_asked(client))[0] == "dear", "the other has no money"

            dear.say("getBalance", "ACCESS_BALANCE:0.2")
            await balances_are_read(shop)
            answer = await client.post("/createorder", {"country": GERMANY, "service": "tg"})
            assert answer.status_code == 409
            assert answer.json()["error_code"] == "NO_NUMBER_FREE"
            assert "Nothing was charged" in answer.json()["suggestion"]


async def prices_are_known(shop: ShopServer, service: str) -> None:
    async def known() -> bool:
        quotes = [
            provider.quote(service, GERMANY, 0)
            for provider in shop.shop.number_providers
            if isinstance(provider, SupportsQuotes)
        ]
        return all(quote.cost is not None for quote in quotes)

    await eventually(known)


async def balances_are_read(shop: ShopServer) -> None:
    for provider in shop.shop.number_providers:
        assert isinstance(provider, SupportsBalance)
        await provider.balance()


async def providers_asked(client: OrderClient) -> list[str]:
    """Which providers a new order asks, until it has a number or its money is back."""
    order_id, payment = await client.buy("/createorder", {"country": GERMANY, "service": "tg"})
    await client.until(order_id, lambda seen: seen.get("number") or seen.get("error"))
    made = await client.shop.shop.db.read(attempts.of_order, order_id)
    payment.cancel()
    return [attempt.carrier for attempt in made]


async def balance_is(world: WorldServer, dollars: float) -> None:
    accounts = world.world.number_accounts
    await accounts.set_balance(accounts.account(KEY), round(dollars * MICROS))
