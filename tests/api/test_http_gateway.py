"""Texts sent by a gateway over HTTP that the settings describe: Debian's Kannel, in a running
shop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from support.clients.orders import OrderClient
from support.servers.kannel import NOT_HERE, WHY, Kannel, running_kannel
from support.servers.shop import ShopServer

pytestmark = pytest.mark.skipif(NOT_HERE, reason=WHY)

OpenShop = Callable[..., Awaitable[ShopServer]]
SEND = "/createsendorder"
BERLIN = "+4915112345678"
THREE_PARTS = "Привет! " * 17


@pytest.fixture
async def kannel(tmp_path: Path) -> AsyncIterator[Kannel]:
    async with running_kannel(tmp_path / "kannel") as running:
        yield running


@pytest.fixture
async def client(open_shop: OpenShop, kannel: Kannel) -> OrderClient:
    return OrderClient(await open_shop(**carriers(kannel)))


def carriers(kannel: Kannel, **options: Any) -> dict[str, Any]:
    return {
        "sms": {
            "carriers": [
                kannel.carrier(prefixes=["+49"], **options),
                {"type": "simulated"},
            ]
        }
    }


async def ends(client: OrderClient, message: str) -> tuple[str, str]:
    return await client.buy_to_the_end(SEND, {"phone": BERLIN, "message": message})


async def test_a_text_goes_out_and_is_paid_for(client: OrderClient, kannel: Kannel) -> None:
    order_id, paid = await ends(client, "Hello, phone & co: 100 %")

    assert paid == "SUCCEEDED"
    await client.until(order_id, lambda seen: seen["smsStatus"] == "delivered")
    assert kannel.centre.texts == [("Ringbolt", BERLIN, "Hello, phone & co: 100 %")]
    assert (await client.shop.audit()).differences == []


async def test_a_text_of_three_parts_is_told_of_as_a_whole(
    client: OrderClient, kannel: Kannel
) -> None:
    order_id, paid = await ends(client, THREE_PARTS)

    assert paid == "SUCCEEDED"
    await client.until(order_id, lambda seen: seen["smsStatus"] == "delivered")
    assert "".join(text for _, _, text in kannel.centre.texts).strip() == THREE_PARTS.strip()


@pytest.mark.parametrize("fate", ["refused", "failed"])
async def test_what_becomes_of_a_text_decides_who_pays(
    client: OrderClient, kannel: Kannel, fate: str
) -> None:
    kannel.centre.fates[BERLIN] = fate

    order_id, paid = await ends(client, "Hello")

    # A text that failed was sent before: the message centre had taken it.
    assert paid == ("SUCCEEDED" if fate == "failed" else "FAILED")
    await client.until(order_id, lambda seen: seen["smsStatus"] == "failed")
    assert (await client.shop.audit()).differences == []


async def test_where_delivery_is_charged_a_text_that_fails_costs_nothing(
    open_shop: OpenShop, kannel: Kannel
) -> None:
    client = OrderClient(await open_shop(**carriers(kannel, settle_on="delivered")))
    kannel.centre.fates[BERLIN] = "failed"

    order_id, paid = await ends(client, "Hello")

    assert paid == "FAILED"
    assert (await client.status(order_id))["smsStatus"] == "failed"


async def test_a_wrong_password_sends_nothing_and_is_told(
    open_shop: OpenShop, kannel: Kannel
) -> None:
    client = OrderClient(await open_shop(**carriers(kannel, password="wrong")))

    order_id, paid = await ends(client, "Hello")

    assert paid == "FAILED"
    assert "HTTP 403" in (await client.status(order_id))["error"]
    assert kannel.centre.texts == []
