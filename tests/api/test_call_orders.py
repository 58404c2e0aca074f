"""Calls that are paid by a hold invoice: the payment is taken when somebody answers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from support.clients.orders import OrderClient
from support.numbers import ANSWERS, BUSY, DECLINES, LISTENS, NEVER_ANSWERS, PLAIN, REFUSED
from support.servers.shop import ShopServer
from support.waiting import PATIENCE_S

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALL = "/createcallorder"


@pytest.fixture
def client(shared_shop: ShopServer) -> OrderClient:
    return OrderClient(shared_shop)


def call(number: str, **fields: Any) -> dict[str, Any]:
    return {"phone": number, "message": "Your table is ready.", **fields}


async def test_an_answered_call_is_paid_for_and_its_keys_are_shown(client: OrderClient) -> None:
    order_id, payment = await client.buy(CALL, call(ANSWERS, gather=True))
    assert await asyncio.wait_for(payment, PATIENCE_S) == "SUCCEEDED"
    status = await client.until(order_id, lambda seen: seen.get("callStatus") == "completed")
    assert (status["digits"], status["paid"], status["id"][:2]) == ("1", True, "CA")
    settled = await client.until(order_id, lambda seen: seen["state"] == "settled")
    assert settled["callDuration"] >= 1
    assert (await client.shop.audit()).differences == []


@pytest.mark.parametrize(
    ("number", "status"),
    [(BUSY, "busy"), (NEVER_ANSWERS, "no-answer"), (DECLINES, "busy"), (REFUSED, "failed")],
)
async def test_a_call_that_nobody_answers_costs_nothing(
    client: OrderClient, number: str, status: str
) -> None:
    order_id, payment = await client.buy(CALL, call(number))
    assert await asyncio.wait_for(payment, PATIENCE_S) == "FAILED"
    shown = await client.until(order_id, lambda seen: seen["state"] == "returned")
    assert shown["callStatus"] == status
    assert "returned to your wallet" in shown["error"]
    assert (await client.shop.audit()).differences == []


async def test_a_ringing_call_is_hung_up_and_costs_nothing(client: OrderClient) -> None:
    order_id, payment = await client.buy(CALL, call(PLAIN))
    await client.until(order_id, lambda seen: seen.get("callStatus") == "ringing")
    answer = await client.post(f"/v1/orders/{order_id}/cancel")
    assert answer.status_code == 200, answer.text
    assert await asyncio.wait_for(payment, PATIENCE_S) == "FAILED"
    shown = await client.status(order_id)
    assert shown["callStatus"] == "canceled"


async def test_an_unpaid_call_is_cancelled(client: OrderClient) -> None:
    created = await client.order(CALL, call(LISTENS))
    answer = await client.post(f"/v1/orders/{created['orderId']}/cancel")
    assert answer.status_code == 200, answer.text
    assert (await client.status(created["orderId"]))["state"] == "expired"


async def test_a_balance_pays_for_the_minutes_begun(client: OrderClient) -> None:
    key = await client.new_key(5000)
    body = call(LISTENS, repeat=2, durationMinutes=3, immediate=True)
    created = await client.order(CALL, body, X_API_Key=key)
    assert created["payreq"] == "paid"
    await client.until(created["orderId"], lambda seen: seen["state"] == "settled")
    assert await client.balance(key) == 5000 - created["price"] // 3


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"phone": LISTENS}, "message"),
        (call("+999"), "phone"),
        (call(LISTENS, message="x" * 501), "message"),
        (call(LISTENS, message="😀"), "message"),
        (call(LISTENS, voice="Nobody"), "voice"),
        (call(LISTENS, language="tlh"), "language"),
        (call(LISTENS, repeat=11), "repeat"),
        (call(LISTENS, gather={"finishKey": "x"}), "gather.finishKey"),
        ({"phone": LISTENS, "audioUrl": "ftp://example.com/a.mp3", "durationMinutes": 1},
         "audioUrl"),
        ({"phone": LISTENS, "audioUrl": "https://example.com/a.mp3"}, "durationMinutes"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_named_before_any_invoice(
    client: OrderClient, body: dict[str, Any], field: str
) -> None:
    answer = await client.post(CALL, body)
    assert answer.status_code in (400, 422), answer.text
    document = answer.json()
    assert (document["status"], document["field"]) == ("error", field)
    assert document["suggestion"]
