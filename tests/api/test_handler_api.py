"""A shop that leases its numbers by ``handler_api.php``, here of a simulated world of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ringbolt.simulator.numbers import handler_api
from support.clients.orders import GERMANY, USA, OrderClient
from support.servers.shop import running_shop, settings_for
from support.servers.world import WorldServer, running_world

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
