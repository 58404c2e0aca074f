"""Texts and e-mails, from the order to the phone or mailbox and to the money, at a running shop."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from support.clients.orders import OrderClient
from support.servers.shop import ShopServer
from support.waiting import PATIENCE_S, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

SEND, MAIL = "/createsendorder", "/createemailsendorder"
THREE_PARTS = "Привет! " * 17
DEADLINE_S = 601


@pytest.fixture
def client(shared_shop: ShopServer) -> OrderClient:
    return OrderClient(shared_shop)


def text(number: str, message: str = "Hello") -> dict[str, Any]:
    return {"phone": number, "message": message}


async def ends(client: OrderClient, body: dict[str, Any], path: str = SEND) -> tuple[str, str]:
    """An order's id, and how its payment ended."""
    return await client.buy_to_the_end(path, body)


async def test_a_text_goes_out_and_is_paid_for(client: OrderClient) -> None:
    order_id, paid = await ends(client, text("+12025550130", "Hello, phone"))
    assert paid == "SUCCEEDED"
    status = await client.until(order_id, lambda seen: seen["smsStatus"] == "delivered")
    assert (status["status"], status["paid"]) == ("OK", True)
    assert re.fullmatch(r"SM[0-9a-f]{32}", status["id"])
    (shown,) = await client.texts_on("+12025550130")
    assert (shown["text"], shown["from"]) == ("Hello, phone", "Ringbolt")
    assert (await client.shop.audit()).differences == []


async def test_a_text_of_three_parts_costs_three_and_arrives_as_one(client: OrderClient) -> None:
    created = await client.order(SEND, text("+12025550131", THREE_PARTS))
    assert created["price"] == 3000
    assert await client.pay(created["payreq"]) == "SUCCEEDED"
    await client.until(created["orderId"], lambda seen: seen["smsStatus"] == "delivered")
    (shown,) = await client.texts_on("+12025550131")
    assert shown["text"].strip() == THREE_PARTS.strip()


@pytest.mark.parametrize(
    ("number", "message", "paid", "status"),
    [
        ("+1234567804", "fails", "FAILED", "failed"),
        ("+1234567805", "is refused", "FAILED", "failed"),
        ("+1234567806", "is refused for now", "SUCCEEDED", "delivered"),
        ("+1234567807", "is taken without an answer", "SUCCEEDED", "delivered"),
        ("+1234567809", "is told of before the answer", "SUCCEEDED", "delivered"),
        ("+1234567820", "is sent and then fails", "SUCCEEDED", "failed"),
        ("+1234567821", "is late", "SUCCEEDED", "delivered"),
        ("+1234567822", "is told of twice", "SUCCEEDED", "delivered"),
        ("+1234567824", THREE_PARTS, "FAILED", "failed"),
        ("+1234567825", "is told of backwards", "SUCCEEDED", "delivered"),
        ("+1234567826", "has a stranger beside it", "SUCCEEDED", "delivered"),
        ("+1234567827", "is sent at once", "SUCCEEDED", "delivered"),
    ],
)
async def test_what_was_sent_is_paid_for_and_nothing_else(
    client: OrderClient, number: str, message: str, paid: str, status: str
) -> None:
    before = len(await client.texts_on(number))
    order_id, how = await ends(client, text(number, message))
    assert how == paid
    await client.until(order_id, lambda seen: seen["smsStatus"] == status)
    arrived = len(await client.texts_on(number)) - before
    assert arrived == (1 if status == "delivered" else 0)
    assert (await client.shop.audit()).differences == []


@pytest.mark.parametrize(
    ("number", "arrives"), [("+1234567823", 1), ("+1234567808", 0)], ids=["no receipt", "lost"]
)
async def test_what_nobody_tells_of_is_not_paid_for(
    client: OrderClient, number: str, arrives: int
) -> None:
    order_id, payment = await client.buy(SEND, text(number))
    await client.until(order_id, lambda seen: seen["state"] in ("dispatching", "in_progress"))

    async def is_there() -> bool:
        return len(await client.texts_on(number)) == arrives

    await eventually(is_there)
    await client.shop.advance(DEADLINE_S)
    assert await asyncio.wait_for(payment, PATIENCE_S) == "FAILED"
    status = await client.status(order_id)
    assert status["smsStatus"] == "failed"
    assert "returned to your wallet" in status["error"]


async def test_a_refused_text_says_why(client: OrderClient) -> None:
    order_id, _ = await ends(client, text("+1234567805"))
    status = await client.until(order_id, lambda seen: seen.get("error"))
    assert "this destination is not served" in status["error"]
    assert status["paid"] is True


@pytest.mark.parametrize(("number", "cost"), [("+12025550132", 1000), ("+1234567804", 0)])
async def test_a_balance_pays_for_what_was_sent(
    client: OrderClient, number: str, cost: int
) -> None:
    key = await client.new_key(5000)
    created = await client.order(SEND, {**text(number), "immediate": True}, X_API_Key=key)
    await client.until(created["orderId"], lambda seen: seen["state"] in ("settled", "returned"))
    assert await client.balance(key) == 5000 - cost


async def test_many_texts_at_once_arrive_once_each(client: OrderClient) -> None:
    numbers = [f"+1202555{n:04d}" for n in range(200, 220)]
    ends_ = await asyncio.gather(*(ends(client, text(number)) for number in numbers))
    assert {paid for _, paid in ends_} == {"SUCCEEDED"}
    for order_id, _ in ends_:
        await client.until(order_id, lambda seen: seen["smsStatus"] == "delivered")
    assert [len(await client.texts_on(number)) for number in numbers] == [1] * 20


# -- e-mail ----------------------------------------------------------------------------------------


async def mails_to(client: OrderClient, address: str) -> list[dict[str, Any]]:
    answer = await client.http.get(f"{client.shop.world_url}/simulator/mailbox/{address}")
    found: list[dict[str, Any]] = answer.json()["messages"]
    return found


def mail(address: str, message: str = "Hello") -> dict[str, Any]:
    return {"address": address, "message": message}


async def test_an_e_mail_is_paid_for_when_a_mail_server_took_it(client: OrderClient) -> None:
    order_id, paid = await ends(client, mail("ann@inbox.example", "Hello, Ann"), MAIL)
    assert paid == "SUCCEEDED"
    status = await client.status(order_id)
    assert (status["emailStatus"], status["smsStatus"]) == ("sent", "sent")
    (shown,) = await mails_to(client, "ann@inbox.example")
    assert shown["from"] == client.shop.shop.settings.mail.sender
    assert shown["text"].startswith("Hello, Ann\n")
    assert f"{client.shop.url}/u/" in shown["text"]


@pytest.mark.parametrize(
    ("domain", "paid", "arrived"),
    [("refuse.example", "FAILED", 0), ("silent.example", "SUCCEEDED", 1)],
)
async def test_an_e_mail_that_no_server_took_is_not_paid_for(
    client: OrderClient, domain: str, paid: str, arrived: int
) -> None:
    _, how = await ends(client, mail(f"bob@{domain}"), MAIL)
    assert how == paid
    assert len(await mails_to(client, f"bob@{domain}")) == arrived


@pytest.mark.parametrize("domain", ["lost.example", "defer.example"])
async def test_an_e_mail_that_never_gets_away_is_not_paid_for(
    client: OrderClient, domain: str
) -> None:
    order_id, payment = await client.buy(MAIL, mail(f"cy@{domain}"))
    await client.until(order_id, lambda seen: seen["state"] in ("dispatching", "paid"))
    await client.shop.advance(DEADLINE_S)
    assert await asyncio.wait_for(payment, PATIENCE_S) == "FAILED"
    assert await mails_to(client, f"cy@{domain}") == []


async def test_an_unsubscribed_address_gets_no_more_e_mail(client: OrderClient) -> None:
    address = "dan@inbox.example"
    await ends(client, mail(address), MAIL)
    (shown,) = await mails_to(client, address)
    link = shown["headers"]["List-Unsubscribe"].strip("<>")
    late = await client.order(MAIL, mail(address))  # ordered before, paid after
    assert (await client.http.get(link)).status_code == 200
    assert (await client.http.post(link)).status_code == 200
    assert await client.pay(late["payreq"]) == "FAILED"
    assert len(await mails_to(client, address)) == 1
