"""Android phones with SMSGate in a running shop: texts out, and texts to own numbers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from ringbolt.simulator.smsgate.app_api import CLOUD, PASSWORD, USERNAME
from ringbolt.simulator.smsgate.records import SIGNING_KEY
from ringbolt.sms.smsgate.carrier import SmsGateCarrier
from ringbolt.store import pool
from ringbolt.store.engine.db import Tx
from ringbolt.store.pool import PoolNumber
from support.clients.orders import OrderClient
from support.servers.shop import SPEED, ShopServer
from support.servers.world import WorldServer, running_world
from support.waiting import eventually

OpenShop = Callable[..., Awaitable[ShopServer]]

GERMANY = 43
PHONE = "+4915112345670"
BUYERS = "+12025550130"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[WorldServer]:
    async with running_world(tmp_path / "world", SPEED) as running:
        yield running


def options(world: WorldServer, **more: Any) -> dict[str, Any]:
    """A shop whose only carrier of texts is a phone."""
    phone = {
        "type": "smsgate",
        "name": "pixel",
        "base_url": f"{world.url}/simulator/smsgate/{PHONE}",
        "password": PASSWORD,
        "signing_key": SIGNING_KEY,
        "numbers": [PHONE],
        "per_second": 0,
        **more,
    }
    return {"simulator": {"url": world.url}, "sms": {"carriers": [phone]}}


async def pool_number(client: OrderClient) -> PoolNumber:
    def read(tx: Tx) -> PoolNumber:
        return next(each for each in pool.listing(tx) if each.number == PHONE)

    return await client.shop.shop.db.read(read)


async def until_alive(client: OrderClient) -> None:
    async def is_alive() -> bool:
        now_ms = client.shop.shop.clock.now_ms()
        return not (await pool_number(client)).is_silent(now_ms)

    await eventually(is_alive)


MODES: list[dict[str, Any]] = [
    {},
    {"auth": "jwt"},
    {"mode": "cloud", "auth": "jwt", "device_id": f"device-{PHONE[1:]}"},
]


@pytest.mark.parametrize("mode", MODES, ids=["local", "local with tokens", "cloud"])
async def test_a_text_goes_out_by_the_phone_and_a_code_comes_in(
    open_shop: OpenShop, world: WorldServer, mode: dict[str, Any]
) -> None:
    below = CLOUD if mode.get("mode") == "cloud" else ""
    base_url = f"{world.url}/simulator/smsgate/{PHONE}{below}"
    client = OrderClient(await open_shop(**options(world, base_url=base_url, **mode)))

    order_id, paid = await client.buy("/createsendorder", {"phone": BUYERS, "message": "Hello"})
    assert await paid == "SUCCEEDED"
    await client.until(order_id, lambda seen: seen["smsStatus"] == "delivered")
    (shown,) = await client.texts_on(BUYERS)
    assert (shown["text"], shown["from"]) == ("Hello", PHONE)

    await client.shop.shop.db.tx(pool.add, PHONE, GERMANY, "an old phone")
    await until_alive(client)
    order_id, paid = await client.buy(
        "/createorder", {"country": GERMANY, "service": "vk", "realphone": True}
    )
    status = await client.until(order_id, lambda seen: "number" in seen)
    assert f"+{status['number']}" == PHONE
    await client.text_to(PHONE[1:], "VK: 070051 is your code", "VK")
    status = await client.until(order_id, lambda seen: "code" in seen)
    assert status["codeText"] == "070051"
    assert await paid == "SUCCEEDED"
    assert (await client.shop.audit()).differences == []


async def test_the_operator_is_told_what_keeps_a_phone_from_working(
    open_shop: OpenShop, world: WorldServer
) -> None:
    app = f"{world.url}/simulator/smsgate/{PHONE}{CLOUD}"
    client = OrderClient(await open_shop(**options(world, mode="cloud", base_url=app)))
    carrier = client.shop.shop.sms_carriers.named("pixel")
    assert isinstance(carrier, SmsGateCarrier)

    async def all_is_well() -> bool:
        return {each.state for each in await carrier.check()} == {"ok"}

    await eventually(all_is_well)
    subjects = [each.subject for each in await carrier.check()]
    assert subjects == ["credentials", "webhooks", "device"]

    for known in (await client.http.get(f"{app}/webhooks", auth=(USERNAME, PASSWORD))).json():
        gone = f"{app}/webhooks/{known['id']}"
        await client.http.delete(gone, auth=(USERNAME, PASSWORD))
    [told] = [each for each in await carrier.check() if each.state != "ok"]
    assert (told.subject, told.state) == ("webhooks", "note")
    assert "sms:received" in told.detail
    assert told.fix


@pytest.mark.parametrize(
    ("changes", "subject"),
    [({"password": "wrong"}, "credentials"), ({"base_url": "/simulator/nowhere"}, "address")],
)
async def test_a_phone_that_is_described_wrongly_is_named(
    open_shop: OpenShop, world: WorldServer, changes: dict[str, str], subject: str
) -> None:
    if "base_url" in changes:
        changes = {"base_url": world.url + changes["base_url"]}
    client = OrderClient(await open_shop(**options(world, **changes)))
    carrier = client.shop.shop.sms_carriers.named("pixel")
    assert isinstance(carrier, SmsGateCarrier)

    [told] = await carrier.check()

    assert (told.subject, told.state) == (subject, "wrong")
    assert "wrong" not in told.detail
    assert told.fix
