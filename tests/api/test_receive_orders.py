"""Codes and rented numbers, from the order to the text and to the money, at a running shop."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from ringbolt.store import receiving_orders
from support.clients.orders import ANY, GERMANY, USA, OrderClient
from support.servers.shop import ShopServer
from support.waiting import PATIENCE_S, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

RECEIVE = "/createorder"
NO_NUMBER = (
    "No available number, payment request is canceled. "
    "Your funds are returned to your wallet automatically."
)


@pytest.fixture
def client(shared_shop: ShopServer) -> OrderClient:
    return OrderClient(shared_shop)


def code_of(service: str, country: int = USA, **more: Any) -> dict[str, Any]:
    return {"country": country, "service": service, **more}


async def with_number(
    client: OrderClient, service: str = "tg", **more: Any
) -> tuple[str, asyncio.Task[str], dict[str, Any]]:
    """An order's id, its payment on the way, and the status that shows the number."""
    order_id, payment = await client.buy(RECEIVE, code_of(service, **more))
    return order_id, payment, await client.until(order_id, lambda seen: seen.get("number"))


async def ended(payment: asyncio.Task[str]) -> str:
    return await asyncio.wait_for(payment, PATIENCE_S)


async def refusal(client: OrderClient, path: str, **query: Any) -> dict[str, Any]:
    answer = await client.http.post(path, params=query)
    assert answer.status_code == 409, answer.text
    document: dict[str, Any] = answer.json()
    assert document["status"] == "error"
    return document


async def test_a_code_comes_and_is_paid_for(client: OrderClient) -> None:
    order_id, payment, status = await with_number(client)
    assert (status["status"], status["paid"], status["service"]) == ("OK", True, "Telegram")
    assert isinstance(status["number"], int)
    assert "code" not in status
    assert not payment.done(), "the payment is held until a code came"
    await client.text_to(status["number"], "Your code is 48010")
    assert await ended(payment) == "SUCCEEDED"
    status = await client.status(order_id)
    assert (status["code"], status["codeText"], status["sms"]) == (
        48010,
        "48010",
        "Your code is 48010",
    )
    assert (await client.shop.audit()).differences == []


async def test_what_comes_later_is_shown_beside_it(client: OrderClient) -> None:
    order_id, payment, status = await with_number(client)
    await client.text_to(status["number"], "Your code is 48011")
    assert await ended(payment) == "SUCCEEDED"
    await client.text_to(status["number"], "Thank you")
    await client.text_to(status["number"], "Your code is 48012")
    status = await client.until(order_id, lambda seen: len(seen["messages"]) == 3)
    assert [text["text"] for text in status["messages"]] == [
        "Your code is 48011",
        "Thank you",
        "Your code is 48012",
    ]
    assert status["codeText"] == "48012"


@pytest.mark.parametrize(
    ("service", "text"),
    [("sim-leading-zero", "070051"), ("sim-two", ""), ("sim-doubled", ""), ("sim-alpha", "")],
)
async def test_services_that_act_by_themselves(
    client: OrderClient, service: str, text: str
) -> None:
    order_id, payment = await client.buy(RECEIVE, code_of(service, GERMANY))
    await client.until(order_id, lambda seen: seen.get("number"))
    await client.shop.advance(1)
    assert await ended(payment) == "SUCCEEDED"
    status = await client.status(order_id)
    assert status["codeText"]
    if text:
        assert status["code"] == text, "a code that a number would spoil is a text"
    if service == "sim-doubled":
        await client.text_to(status["number"], "The next one")  # what comes after both of them
        status = await client.until(order_id, lambda seen: len(seen["messages"]) > 1)
        assert [text["text"] == "The next one" for text in status["messages"]] == [False, True]


@pytest.mark.parametrize("service", ["sim-unknown", "sim-slow"])
async def test_a_provider_whose_answer_is_lost_or_late_leases_one_number(
    client: OrderClient, service: str
) -> None:
    order_id, payment = await client.buy(RECEIVE, code_of(service, ANY))
    for _ in range(12):
        await client.shop.advance(2)
    assert await ended(payment) == "SUCCEEDED"
    assert (await client.status(order_id))["codeText"]
    assert (await client.shop.audit()).differences == []


async def test_a_text_without_a_code_is_masked_until_it_is_accepted_and_paid_for(
    client: OrderClient,
) -> None:
    text = "Welcome! Show this at the door: QWERTYUI, or https://x.example/a1"
    order_id, payment, status = await with_number(client)
    early = await refusal(client, f"/v1/orders/{order_id}/accept")
    await client.text_to(status["number"], text)
    status = await client.until(order_id, lambda seen: seen.get("sms"))
    accepted = (await client.http.post(f"/v1/orders/{order_id}/accept")).json()

    assert "No text came" in early["reason"]
    assert status["sms"] == "Welcome! Show this at the door: •••••, or •••••"
    assert status["textMasked"] is True
    assert await ended(payment) == "SUCCEEDED"
    assert (accepted["sms"], accepted["messages"][0]["text"]) == (text, text)
    assert not {"code", "textMasked"} & set(accepted)
    assert (await client.shop.audit()).differences == []


async def test_a_text_that_was_not_accepted_stays_masked_when_the_money_is_back(
    client: OrderClient,
) -> None:
    order_id, payment, status = await with_number(client)
    await client.text_to(status["number"], "It is QWERTYUI")
    await client.until(order_id, lambda seen: seen.get("sms"))
    await client.shop.advance(121)
    await client.get("/cancelorder", orderId=order_id)

    assert await ended(payment) == "FAILED"
    status = await client.status(order_id)
    assert (status["sms"], status["textMasked"]) == ("It is •••••", True)


async def test_another_number_does_not_promise_more_time_than_the_order_has(
    client: OrderClient,
) -> None:
    order_id, _, first = await with_number(client, "sim-silent")
    await client.shop.advance(600)
    await client.http.post(f"/v1/orders/{order_id}/another-number")
    second = await client.until(
        order_id, lambda seen: seen.get("number") not in (None, first["number"])
    )

    assert 0 < second["expiresAt"] - first["expiresAt"] <= 120_000


@pytest.mark.parametrize("field", ["from", "text"])
async def test_half_a_surrogate_pair_is_no_text_to_the_world(
    client: OrderClient, field: str
) -> None:
    sms = {"to": "+12025550123", "from": "Service", "text": "Hello", field: "half \ud800"}
    answer = await client.http.post(
        f"{client.shop.world_url}/simulator/sms", content=json.dumps(sms)
    )

    assert answer.status_code == 400


async def test_no_number_returns_the_money_at_once(client: OrderClient) -> None:
    order_id, payment = await client.buy(RECEIVE, code_of("sim-none"))
    assert await ended(payment) == "FAILED"
    status = await client.status(order_id)
    assert (status["status"], status["paid"], status["error"]) == ("OK", True, NO_NUMBER)
    assert "number" not in status


async def test_a_cancel_waits_for_two_minutes_and_returns_the_money(client: OrderClient) -> None:
    order_id, payment, _ = await with_number(client, "sim-silent")
    early = await refusal(client, "/cancelorder", orderId=order_id)
    assert "too early" in early["reason"]
    await client.shop.advance(121)
    assert await client.get("/cancelorder", orderId=order_id) == {"status": "OK"}
    assert await ended(payment) == "FAILED"
    assert await client.get("/cancelorder", orderId=order_id) == {"status": "OK"}
    assert "Cancelled" in (await client.status(order_id))["error"]


async def test_a_code_in_the_instant_of_the_cancel_wins(client: OrderClient) -> None:
    order_id, payment, _ = await with_number(client, "sim-cancel-race")
    await client.shop.advance(121)
    late = await refusal(client, "/cancelorder", orderId=order_id)
    assert "code was delivered" in late["reason"]
    assert await ended(payment) == "SUCCEEDED"
    assert (await client.status(order_id))["codeText"]


async def test_an_early_refusal_of_the_provider_alone_is_passed_on(client: OrderClient) -> None:
    order_id, payment, _ = await with_number(client, "sim-early-cancel")
    url = f"/v1/orders/{order_id}/another-number"
    assert "too early" in (await refusal(client, url))["reason"]
    await client.shop.advance(121)
    assert await client.get("/cancelorder", orderId=order_id) == {"status": "OK"}
    assert await ended(payment) == "FAILED"


async def test_an_unpaid_order_is_cancelled_at_once(client: OrderClient) -> None:
    created = await client.order(RECEIVE, code_of("tg"))
    assert await client.get("/cancelorder", orderId=created["orderId"]) == {"status": "OK"}
    assert await client.pay(created["payreq"]) == "FAILED"
    assert (await client.status(created["orderId"]))["paid"] is False


async def test_without_a_code_the_money_is_back_after_21_minutes(client: OrderClient) -> None:
    order_id, payment, _ = await with_number(client, "sim-late")
    await client.shop.advance(20 * 60)
    assert not payment.done()
    await client.shop.advance(61)
    assert await ended(payment) == "FAILED"
    await client.shop.advance(61)  # the code comes, for nobody
    status = await client.status(order_id)
    assert "code" not in status
    assert "No code came in time" in status["error"]
    assert (await client.shop.audit()).differences == []


async def test_another_number_gets_the_code_that_the_first_did_not(client: OrderClient) -> None:
    order_id, payment, first = await with_number(client, "sim-first-bad")
    await client.shop.advance(121)
    answer = await client.post(f"/v1/orders/{order_id}/another-number")
    assert answer.status_code == 200, answer.text

    def has_another(seen: dict[str, Any]) -> bool:
        return bool(seen.get("number")) and seen["number"] != first["number"]

    await client.until(order_id, has_another)
    await client.shop.advance(1)
    assert await ended(payment) == "SUCCEEDED"


async def test_another_text_on_the_same_number(client: OrderClient) -> None:
    order_id, payment, status = await with_number(client, "sim-code")
    await client.shop.advance(1)
    assert await ended(payment) == "SUCCEEDED"
    first = (await client.status(order_id))["codeText"]
    answer = await client.post(f"/v1/orders/{order_id}/another-text")
    assert answer.status_code == 200, answer.text
    await client.shop.advance(1)
    status = await client.until(order_id, lambda seen: len(seen["messages"]) == 2)
    assert status["codeText"] != first


async def test_a_number_is_had_again_by_who_had_it(client: OrderClient) -> None:
    order_id, payment, status = await with_number(client, "sim-code")
    await client.shop.advance(1)
    assert await ended(payment) == "SUCCEEDED"
    await client.shop.advance(20 * 60)

    async def again() -> dict[str, Any] | None:
        answer = await client.post(RECEIVE, {"reactivate": order_id})
        return answer.json() if answer.status_code == 200 else None

    created = await eventually(again)
    payment = client.pay(created["payreq"])
    seen = await client.until(created["orderId"], lambda seen: seen.get("number"))
    assert seen["number"] == status["number"]
    await client.shop.advance(1)
    assert await ended(payment) == "SUCCEEDED"


async def test_a_rental_is_paid_for_at_its_first_text_and_shows_them_all(
    client: OrderClient,
) -> None:
    order_id, payment, status = await with_number(client, "full", isRental=True)
    assert status["isRental"] is True
    assert not payment.done()
    await client.text_to(status["number"], "Hello there")
    assert await ended(payment) == "SUCCEEDED"
    await client.shop.advance(3 * 3600)
    await client.text_to(status["number"], "Your code is 7777")
    status = await client.until(order_id, lambda seen: len(seen["messages"]) == 2)
    assert status["codeText"] == "7777"
    await client.shop.advance(3601)

    async def is_over() -> bool:
        found = await client.shop.shop.db.read(receiving_orders.receiving_of, order_id)
        return found is not None and found.closed_ms is not None

    await eventually(is_over)


async def test_a_rental_is_paid_for_after_twenty_minutes(client: OrderClient) -> None:
    _, payment, _ = await with_number(client, "full", isRental=True)
    await client.shop.advance(19 * 60)
    assert not payment.done()
    await client.shop.advance(61)
    assert await ended(payment) == "SUCCEEDED"


async def test_a_balance_is_given_back_without_a_number(client: OrderClient) -> None:
    key = await client.new_key(5000)
    created = await client.order(RECEIVE, code_of("sim-none", immediate=True), X_API_Key=key)
    await client.until(created["orderId"], lambda seen: seen.get("error"))
    assert await client.balance(key) == 5000
    paid = await client.order(RECEIVE, code_of("sim-code", immediate=True), X_API_Key=key)
    await client.until(paid["orderId"], lambda seen: seen.get("number"))
    await client.shop.advance(1)
    await client.until(paid["orderId"], lambda seen: seen.get("codeText"))
    assert await client.balance(key) == 2000


async def test_fifty_orders_at_once_each_get_their_own_code(client: OrderClient) -> None:
    async def one(n: int) -> tuple[int, str]:
        order_id, payment, status = await with_number(client)
        await client.text_to(status["number"], f"Your code is {100_000 + n}")
        assert await ended(payment) == "SUCCEEDED"
        return n, (await client.status(order_id))["codeText"]

    for n, code in await asyncio.gather(*(one(n) for n in range(50))):
        assert code == str(100_000 + n)
    assert (await client.shop.audit()).differences == []
