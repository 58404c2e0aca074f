"""Texts by Twilio's API, which the simulated world has, in a running shop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from ringbolt.store import pool
from ringbolt.store.engine.db import Tx
from ringbolt.store.schema.tables import job
from ringbolt.twilio.signature import sign
from support.clients.orders import OrderClient
from support.servers.shop import ShopServer
from support.servers.twilio import PATH, SID, TOKEN, account, change_account
from support.servers.world import WorldServer, running_world
from support.waiting import PATIENCE_S, eventually

OpenShop = Callable[..., Awaitable[ShopServer]]
SEND = "/createsendorder"
BERLIN = "+4915112345678"
OWN, GERMANY = "+4915112345670", 43
SILENT = "+1234567823"
"""No receipt of a text to it ever comes by itself."""
THREE_PARTS = "Привет! " * 17


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[WorldServer]:
    async with running_world(tmp_path / "far", speed=20) as running:
        yield running


@pytest.fixture
async def client(open_shop: OpenShop, world: WorldServer) -> OrderClient:
    return OrderClient(await open_shop(**carriers(world)))


def carriers(world: WorldServer, **options: Any) -> dict[str, Any]:
    parts = [account(world.url, poll_s=1, **options)]
    return {"simulator": {"url": world.url}, "sms": {"carriers": parts}}


async def ends(client: OrderClient, message: str, number: str = BERLIN) -> tuple[str, str]:
    return await client.buy_to_the_end(SEND, {"phone": number, "message": message})


async def is_missed(client: OrderClient, order_id: str) -> bool:
    """Whether the carrier's list was found not to have the order's text."""

    def payloads(tx: Tx) -> list[str]:
        rows = tx.run(select(job.c.payload).where(job.c.order_id == order_id))
        return [str(payload) for (payload,) in rows]

    return any("absent" in payload for payload in await client.shop.shop.db.read(payloads))


async def texts_on(world: WorldServer, number: str) -> list[tuple[str, str]]:
    url = f"{world.url}/simulator/phones/{number}"
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        shown = (await answer.json())["messages"]
    return [(each["from"], each["text"]) for each in shown]


async def test_a_text_goes_out_and_is_paid_for(client: OrderClient, world: WorldServer) -> None:
    order_id, paid = await ends(client, "Hello, phone & co: 100 %")

    assert paid == "SUCCEEDED"
    await client.until(order_id, lambda seen: seen["smsStatus"] == "delivered")
    assert await texts_on(world, BERLIN) == [("Ringbolt", "Hello, phone & co: 100 %")]
    assert (await client.shop.audit()).differences == []


async def test_a_text_of_three_parts_arrives_as_one(
    client: OrderClient, world: WorldServer
) -> None:
    order_id, paid = await ends(client, THREE_PARTS)

    assert paid == "SUCCEEDED"
    await client.until(order_id, lambda seen: seen["smsStatus"] == "delivered")
    [(_, shown)] = await texts_on(world, BERLIN)
    assert shown.strip() == THREE_PARTS.strip()


async def test_without_callbacks_it_is_polled(client: OrderClient, world: WorldServer) -> None:
    await ends(client, "The account exists now.")
    await change_account(world.url, tells=False)

    order_id, paid = await ends(client, "Hello")

    assert paid == "SUCCEEDED"
    await client.until(order_id, lambda seen: seen["smsStatus"] == "delivered")
    assert await eventually(lambda: texts_on(world, BERLIN))


@pytest.mark.parametrize(
    ("number", "message", "paid", "status"),
    [
        ("+1234567804", "fails", "FAILED", "failed"),
        ("+1234567806", "is refused for now", "SUCCEEDED", "delivered"),
        ("+1234567807", "is taken without an answer", "SUCCEEDED", "delivered"),
        ("+1234567820", "is sent and then fails", "SUCCEEDED", "failed"),
        ("+1234567824", THREE_PARTS, "FAILED", "failed"),
        ("+1234567825", "is told of backwards", "SUCCEEDED", "delivered"),
        ("+1234567830", "is for one who unsubscribed", "FAILED", "failed"),
        ("+1234567831", "is for a landline", "FAILED", "failed"),
    ],
)
async def test_what_was_sent_is_paid_for_and_nothing_else(
    client: OrderClient, world: WorldServer, number: str, message: str, paid: str, status: str
) -> None:
    order_id, how = await ends(client, message, number)

    assert how == paid
    await client.until(order_id, lambda seen: seen["smsStatus"] == status)
    assert len(await texts_on(world, number)) == (1 if status == "delivered" else 0)
    assert (await client.shop.audit()).differences == []


async def test_who_unsubscribed_at_the_vendor_is_sold_no_text_any_more(
    client: OrderClient,
) -> None:
    await ends(client, "Hello", "+1234567830")

    refused = await client.post(SEND, {"phone": "+1234567830", "message": "Hello again"})

    assert refused.status_code == 422
    assert "asked" in refused.text


# Answers that are lost


async def test_a_text_whose_answer_and_callbacks_are_lost_is_found_in_the_list(
    client: OrderClient, world: WorldServer
) -> None:
    await ends(client, "The account exists now.", "+4915100000001")
    await change_account(world.url, replies=[(500, True)], tells=False)

    order_id, paid = await ends(client, "Hello")

    assert paid == "SUCCEEDED"
    await client.until(order_id, lambda seen: seen["smsStatus"] == "delivered")
    assert len(await texts_on(world, BERLIN)) == 1


async def test_a_text_that_never_got_there_is_sent_once_the_list_lacks_it_for_long(
    client: OrderClient, world: WorldServer
) -> None:
    await ends(client, "The account exists now.", "+4915100000001")
    await change_account(world.url, replies=[(502, False)])
    order_id, payment = await client.buy(SEND, {"phone": BERLIN, "message": "Hello"})

    await eventually(lambda: is_missed(client, order_id))
    await client.shop.advance(31)

    assert await asyncio.wait_for(payment, PATIENCE_S) == "SUCCEEDED"
    await client.until(order_id, lambda seen: seen["smsStatus"] == "delivered")
    assert len(await texts_on(world, BERLIN)) == 1


async def test_two_alike_whose_answers_are_lost_are_not_taken_for_one(
    client: OrderClient, world: WorldServer
) -> None:
    await ends(client, "The account exists now.", "+4915100000001")
    await change_account(world.url, replies=[(500, True), (500, True)], tells=False)

    both = await asyncio.gather(ends(client, "Hello"), ends(client, "Hello"))

    assert [paid for _, paid in both] == ["SUCCEEDED", "SUCCEEDED"]
    for order_id, _ in both:
        await client.until(order_id, lambda seen: seen["smsStatus"] == "delivered")
    assert len(await texts_on(world, BERLIN)) == 2


# Callbacks that are not what they seem


async def test_only_signed_callbacks_are_heard_and_repeats_change_nothing(
    client: OrderClient, world: WorldServer
) -> None:
    order_id, payment = await client.buy(SEND, {"phone": SILENT, "message": "Hello"})
    await client.until(order_id, lambda seen: seen["state"] == "in_progress")
    [made] = world.world.twilio_messages.of(SID)
    url = made.form["StatusCallback"].partition("#")[0]
    told = {"MessageSid": made.sid, "MessageStatus": "delivered", "AccountSid": SID}
    good = sign(TOKEN, url, told.items())
    elsewhere = {**told, "AccountSid": "AC" + "6" * 32}

    async def told_with(form: dict[str, str], signature: str, to: str = url) -> int:
        headers = {"X-Twilio-Signature": signature}
        return (await client.http.post(to, data=form, headers=headers)).status_code

    with capture_logs() as logs:
        assert await told_with(told, "") == 403
    assert "a callback is not signed by the account" in [line["event"] for line in logs]
    assert await told_with(told, sign("another token", url, told.items())) == 403
    assert await told_with({**told, "MessageStatus": "failed"}, good) == 403
    assert await told_with(told, good, f"{url}0") == 403
    assert await told_with(elsewhere, sign(TOKEN, url, elsewhere.items())) == 403
    assert (await client.status(order_id))["smsStatus"] != "delivered"

    for _ in range(2):
        assert await told_with(told, good) == 204
    for late in ("sent", "failed", "a status of tomorrow"):
        form = {**told, "MessageStatus": late}
        assert await told_with(form, sign(TOKEN, url, form.items())) == 204

    assert await asyncio.wait_for(payment, PATIENCE_S) == "SUCCEEDED"
    assert (await client.status(order_id))["smsStatus"] == "delivered"
    assert (await client.shop.audit()).differences == []


async def test_a_callback_about_another_message_changes_nothing(
    client: OrderClient, world: WorldServer
) -> None:
    order_id, payment = await client.buy(SEND, {"phone": SILENT, "message": "Hello"})
    await client.until(order_id, lambda seen: seen["state"] == "in_progress")
    [made] = world.world.twilio_messages.of(SID)
    url = made.form["StatusCallback"].partition("#")[0]
    strange = {"MessageSid": "SM" + "7" * 32, "MessageStatus": "delivered"}
    headers = {"X-Twilio-Signature": sign(TOKEN, url, strange.items())}

    assert (await client.http.post(url, data=strange, headers=headers)).status_code == 204

    assert (await client.status(order_id))["smsStatus"] == "created"
    payment.cancel()


async def test_a_callback_a_day_late_does_not_take_the_money_back(
    client: OrderClient, world: WorldServer
) -> None:
    await ends(client, "The account exists now.", "+4915100000001")
    await change_account(world.url, replies=[(500, True)], tells=False)
    order_id, payment = await client.buy(SEND, {"phone": SILENT, "message": "Hello"})
    await client.until(order_id, lambda seen: seen["state"] == "in_progress")
    made = world.world.twilio_messages.of(SID)[0]
    await client.shop.advance(601)
    assert await asyncio.wait_for(payment, PATIENCE_S) == "FAILED"
    await client.shop.advance(86_400)

    url = made.form["StatusCallback"].partition("#")[0]
    told = {"MessageSid": made.sid, "MessageStatus": "delivered"}
    headers = {"X-Twilio-Signature": sign(TOKEN, url, told.items())}
    assert (await client.http.post(url, data=told, headers=headers)).status_code == 204

    assert (await client.status(order_id))["smsStatus"] == "failed"
    assert (await client.shop.audit()).differences == []


async def test_credentials_that_change_meanwhile_only_delay(
    client: OrderClient, world: WorldServer
) -> None:
    await ends(client, "The account exists now.", "+4915100000001")
    await change_account(world.url, auth_token="a new one", tells=False)
    order_id, payment = await client.buy(SEND, {"phone": BERLIN, "message": "Hello"})
    await client.until(order_id, lambda seen: seen["state"] in ("paid", "dispatching"))
    await change_account(world.url, auth_token=TOKEN)

    assert await asyncio.wait_for(payment, PATIENCE_S) == "SUCCEEDED"
    await client.until(order_id, lambda seen: seen["smsStatus"] == "delivered")


# Texts to own numbers


async def test_a_text_to_an_own_number_reaches_the_order_that_has_it(
    open_shop: OpenShop, world: WorldServer
) -> None:
    client = OrderClient(await open_shop(**carriers(world)))
    await client.shop.shop.db.tx(pool.add, OWN, GERMANY)
    await ends(client, "The account exists now.")
    sent = world.world.twilio_messages.of(SID)[0].form["StatusCallback"]
    form = {"PhoneNumber": OWN, "SmsUrl": f"{sent.partition('/status/')[0]}/inbound#rc=5&rp=all"}
    url = f"{world.url}{PATH}/2010-04-01/Accounts/{SID}/IncomingPhoneNumbers.json"
    headers = {"Authorization": aiohttp.encode_basic_auth(SID, TOKEN)}
    async with aiohttp.ClientSession(headers=headers) as http:
        assert (await http.post(url, data=form)).status == 201
    wanted = {"country": GERMANY, "service": "vk", "realphone": True}
    order_id, paid = await client.buy("/createorder", wanted)
    await client.until(order_id, lambda seen: "number" in seen)

    await client.text_to(OWN[1:], "VK: 070051 is your code", "VK")

    status = await client.until(order_id, lambda seen: "code" in seen)
    assert status["codeText"] == "070051"
    assert await asyncio.wait_for(paid, PATIENCE_S) == "SUCCEEDED"
