"""Android phones with SMSGate as they are: off for days, stuck, silent, forged, and twice."""

from __future__ import annotations

import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from api.test_smsgate import (
    BUYERS,
    GERMANY,
    PHONE,
    OpenShop,
    options,
    pool_number,
    until_alive,
    world,
)
from ringbolt.core.timestamps import iso_seconds
from ringbolt.simulator.smsgate.app_api import PASSWORD, USERNAME
from ringbolt.simulator.smsgate.records import SIGNING_KEY
from ringbolt.sms.smsgate.signature import sign
from ringbolt.sms.smsgate.webhooks import EVENTS
from ringbolt.store import pool
from ringbolt.store.pool import ALIVE_MS, REST_MS
from support.clients.orders import OrderClient
from support.servers.world import WorldServer
from support.waiting import eventually

__all__ = ["world"]

DAY_S = 86_400
REALPHONE = {"country": GERMANY, "service": "vk", "realphone": True}


class Bench:
    """A shop with one phone, and a hand at that phone."""

    def __init__(self, client: OrderClient, world: WorldServer) -> None:
        self.client = client
        self.app = f"{world.url}/simulator/smsgate/{PHONE}"
        self.world = world

    async def switch(self, *, on: bool = True, sends: bool = True) -> None:
        answer = await self.client.http.post(f"{self.app}/phone", json={"on": on, "sends": sends})
        assert answer.status_code == 200, answer.text

    async def advance(self, seconds: int) -> None:
        url = f"{self.world.url}/simulator/clock/advance"
        assert (await self.client.http.post(url, json={"seconds": seconds})).status_code == 200

    async def webhooks(self) -> dict[str, str]:
        """The URLs at which the phone reports, by id."""
        answer = await self.client.http.get(f"{self.app}/webhooks", auth=(USERNAME, PASSWORD))
        return {each["id"]: each["url"] for each in answer.json()}

    async def post(self, event: dict[str, Any], key: str = SIGNING_KEY) -> int:
        """Report something as the phone does; the answer's status."""
        url = next(iter((await self.webhooks()).values()))
        body = json.dumps(event).encode()
        timestamp = str(self.client.shop.shop.clock.now_ms() // 1000)
        signature = sign(key.encode(), body, timestamp)
        headers = {"X-Timestamp": timestamp, "X-Signature": signature}
        return (await self.client.http.post(url, content=body, headers=headers)).status_code

    async def state(self) -> str:
        """Of the phone's number."""

        def read(tx: Any) -> str:
            return next(state for entry, state in pool.states(tx) if entry.number == PHONE)

        return await self.client.shop.shop.db.read(read)

    async def until_state(self, wanted: str) -> None:
        async def is_so() -> bool:
            return await self.state() == wanted

        await eventually(is_so)

    async def rest(self) -> None:
        """Let ten minutes pass in which the phone is heard."""
        for _ in range(5):
            await self.advance(REST_MS // 4 // 1000)
            await self.until_heard()

    async def until_heard(self) -> None:
        async def is_heard() -> bool:
            alive_until_ms = (await pool_number(self.client)).alive_until_ms or 0
            return alive_until_ms > self.client.shop.shop.clock.now_ms() + ALIVE_MS - 30_000

        await eventually(is_heard)


@pytest.fixture
async def bench(open_shop: OpenShop, world: WorldServer) -> Bench:
    """The phone's number is in the pool, and ready."""
    client = OrderClient(await open_shop(**options(world)))
    await client.shop.shop.db.tx(pool.add, PHONE, GERMANY)
    await until_alive(client)
    found = Bench(client, world)
    await found.until_heard()
    return found


async def texts_of(client: OrderClient, order_id: str) -> list[str]:
    return [each["text"] for each in (await client.status(order_id)).get("messages", [])]


async def test_a_phone_that_is_off_is_not_lent_and_its_old_texts_fulfil_nothing(
    bench: Bench,
) -> None:
    client = bench.client
    await bench.switch(on=False)
    await client.text_to(PHONE[1:], "VK: 111111 is your code", "VK")
    await bench.advance(3 * DAY_S)
    await bench.until_state("silent")
    refused = await client.post("/createorder", REALPHONE)
    assert refused.json()["error_code"] == "NO_NUMBER_FREE"  # before any invoice

    await bench.switch(on=True)  # the text of three days ago comes now
    await bench.until_state("resting")
    await bench.rest()
    await bench.until_state("ready")
    order_id, paid = await client.buy("/createorder", REALPHONE)
    await client.until(order_id, lambda seen: "number" in seen)
    old = {
        "id": "again",
        "event": "sms:received",
        "payload": {
            "message": "VK: 222222 is your code",
            "phoneNumber": "VK",
            "simNumber": 1,
            "receivedAt": "2026-01-01T00:00:00Z",
        },
    }
    assert await bench.post(old) == 204
    await client.text_to(PHONE[1:], "VK: 333333 is your code", "VK")
    status = await client.until(order_id, lambda seen: "code" in seen)

    assert status["codeText"] == "333333"
    assert await texts_of(client, order_id) == ["VK: 333333 is your code"]
    assert await paid == "SUCCEEDED"
    assert (await client.shop.audit()).differences == []


async def test_a_text_that_stays_pending_is_given_up_and_never_sent_later(bench: Bench) -> None:
    client = bench.client
    await bench.switch(sends=False)
    order_id, paid = await client.buy("/createsendorder", {"phone": BUYERS, "message": "Hello"})
    await client.until(order_id, lambda seen: seen["state"] == "in_progress")
    await bench.advance(601)

    assert await paid == "FAILED"
    await client.until(order_id, lambda seen: seen["state"] == "returned")
    await bench.switch()  # it would send now, but for the TTL
    other, paid = await client.buy("/createsendorder", {"phone": BUYERS, "message": "Later"})
    assert await paid == "SUCCEEDED"
    await client.until(other, lambda seen: seen["smsStatus"] == "delivered")
    assert [each["text"] for each in await client.texts_on(BUYERS)] == ["Later"]
    assert (await client.shop.audit()).differences == []


async def test_a_text_of_which_no_webhook_tells_is_looked_up(
    bench: Bench,
) -> None:
    client = bench.client
    for webhook_id in await bench.webhooks():
        url = f"{bench.app}/webhooks/{webhook_id}"
        await client.http.delete(url, auth=(USERNAME, PASSWORD))
    order_id, paid = await client.buy("/createsendorder", {"phone": BUYERS, "message": "Hello"})

    assert await paid == "SUCCEEDED"
    await client.until(order_id, lambda seen: seen["smsStatus"] == "delivered")
    assert len(await client.texts_on(BUYERS)) == 1


async def test_forged_texts_reach_nobody_and_repeated_ones_once(bench: Bench) -> None:
    client = bench.client
    order_id, paid = await client.buy("/createorder", REALPHONE)
    await client.until(order_id, lambda seen: "number" in seen)
    now = client.shop.shop.clock.now_ms() // 1000
    event: dict[str, Any] = {
        "id": "one",
        "event": "sms:received",
        "payload": {
            "message": "VK: 444444 is your code",
            "phoneNumber": "VK",
            "simNumber": 1,
            "receivedAt": iso_seconds(now),
        },
    }
    with capture_logs() as logs:
        assert await bench.post(event, "a key that was guessed") == 403
    assert [line["why"] for line in logs if "refused" in line["event"]] == [
        "signing_key is not that of the app"
    ]
    assert "messages" not in await client.status(order_id)
    for event_id in ("one", "one", "another"):  # repeated, replayed, reported again
        assert await bench.post(event | {"id": event_id}) == 204
    await client.until(order_id, lambda seen: "code" in seen)

    assert await texts_of(client, order_id) == ["VK: 444444 is your code"]
    assert await paid == "SUCCEEDED"


async def test_a_text_to_a_number_that_is_not_ours_is_taken_and_forgotten(bench: Bench) -> None:
    await bench.client.shop.shop.db.tx(pool.remove, PHONE)
    event = {
        "id": "one",
        "event": "sms:received",
        "payload": {"message": "Hi", "phoneNumber": "+1", "receivedAt": "", "simNumber": 1},
    }
    assert await bench.post(event) == 204


async def test_an_app_that_was_installed_anew_gets_its_webhooks_again(
    open_shop: OpenShop, world: WorldServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ringbolt.sms.smsgate.carrier.LOOK_EVERY_S", 0.05)
    bench = Bench(OrderClient(await open_shop(**options(world))), world)

    async def are_all_there() -> bool:
        return len(await bench.webhooks()) == len(EVENTS)

    for _ in range(2):
        await eventually(are_all_there)
        for webhook_id in await bench.webhooks():
            url = f"{bench.app}/webhooks/{webhook_id}"
            await bench.client.http.delete(url, auth=(USERNAME, PASSWORD))

    assert await eventually(are_all_there)
