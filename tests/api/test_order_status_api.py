"""An order that stands: looking, waiting, following, cancelling, other numbers, webhooks."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from ringbolt.api.orders import documents
from ringbolt.app.accounts.keys import create_key
from ringbolt.store import pool
from support.clients.l402 import say
from support.clients.orders import GERMANY, GETS_IT, USA, OrderClient
from support.documents import check_document
from support.numbers import ANSWERS
from support.servers.shop import ShopServer
from support.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

SEND = {"phone": GETS_IT, "message": "Hello"}
UNKNOWN_IDS = ["0" * 64, "abc", "", "../../etc", "0" * 5000, "\x00", "%00", "é" * 64]


@pytest.fixture
def client(shared_shop: ShopServer) -> OrderClient:
    return OrderClient(shared_shop)


async def waiting_order(client: OrderClient, service: str = "vk") -> tuple[str, int]:
    """A paid receive order that has a number and waits: its id and the number."""
    order_id, _ = await client.buy("/createorder", {"country": GERMANY, "service": service})
    status = await client.until(order_id, lambda status: "number" in status)
    return order_id, status["number"]


@pytest.mark.parametrize("order_id", UNKNOWN_IDS)
@pytest.mark.parametrize("path", ["/orderstatus", "/cancelorder"])
async def test_an_unknown_order_is_not_found(client: OrderClient, path: str, order_id: str) -> None:
    answer = await client.http.get(path, params={"orderId": order_id})

    assert answer.status_code == 404
    assert answer.json()["status"] == "error"
    assert answer.json()["reason"] == "order not found"


@pytest.mark.parametrize(
    "name", ["", "/cancel", "/another-number", "/another-text", "/accept", "/events"]
)
async def test_an_unknown_order_is_not_found_under_v1(client: OrderClient, name: str) -> None:
    method = "GET" if name in ("", "/events") else "POST"
    answer = await client.http.request(method, f"/v1/orders/{'0' * 64}{name}")

    assert answer.status_code == 404
    assert answer.json()["reason"] == "order not found"


async def test_calls_of_the_other_api_are_no_orders_here(client: OrderClient) -> None:
    _, call = await client.shop.buy(say(ANSWERS))
    answer = await client.http.get("/orderstatus", params={"orderId": call["call_id"]})

    assert answer.status_code == 404


async def test_v1_shows_the_same_document(client: OrderClient) -> None:
    created = await client.order("/createsendorder", SEND)

    assert await client.get(f"/v1/orders/{created['orderId']}") == await client.status(
        created["orderId"]
    )


async def test_a_long_poll_answers_as_soon_as_something_changes(
    client: OrderClient, endless_waits: int
) -> None:
    order_id, number = await waiting_order(client)
    polls = [asyncio.create_task(client.status(order_id, wait=endless_waits)) for _ in range(20)]
    await client.shop.requests.until_at("/orderstatus", 20)
    assert not any(poll.done() for poll in polls)
    await client.text_to(number, "Code 48010")

    for status in await asyncio.gather(*polls):
        assert status["code"] == 48010


async def test_a_long_poll_without_a_change_answers_after_its_time(client: OrderClient) -> None:
    order_id, _ = await waiting_order(client)
    began = time.monotonic()
    status = await client.status(order_id, wait=1)

    assert time.monotonic() - began > 0.9
    assert "code" not in status


async def test_since_answers_at_once_with_what_came_meanwhile(
    client: OrderClient, endless_waits: int
) -> None:
    order_id, _ = await waiting_order(client)
    status = await client.status(order_id)
    since = status["timestamp"] - 1
    seen_before = await client.status(order_id, wait=endless_waits, since=since)

    assert seen_before == status


async def test_the_status_of_an_order_that_is_over_is_answered_at_once(
    client: OrderClient, endless_waits: int
) -> None:
    order_id, payment = await client.buy("/createsendorder", SEND)
    await client.until(order_id, lambda status: status.get("smsStatus") == "delivered")
    await payment

    assert (await client.status(order_id, wait=endless_waits))["smsStatus"] == "delivered"


@pytest.mark.parametrize("wait", ["-1", "soon", "1.5", "9" * 40])
async def test_a_wait_that_is_none_is_refused(client: OrderClient, wait: str) -> None:
    created = await client.order("/createsendorder", SEND)
    answer = await client.http.get(
        "/orderstatus", params={"orderId": created["orderId"], "wait": wait}
    )

    assert answer.status_code == 400
    assert answer.json()["field"] == "wait"


async def events_of(client: OrderClient, order_id: str, **headers: str) -> AsyncIterator[Any]:
    """(id, document) of each event, until the stream ends."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    async with client.http.stream("GET", f"/v1/orders/{order_id}/events", headers=sent) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        name = ""
        async for line in answer.aiter_lines():
            if line.startswith("id: "):
                name = line[4:]
            if line.startswith("data: "):
                yield name, json.loads(line[6:])


async def test_events_tell_every_change_and_end_with_the_last(client: OrderClient) -> None:
    created = await client.order("/createsendorder", {**SEND, "phone": "+12025550177"})
    seen: list[tuple[str, dict[str, Any]]] = []
    payment: asyncio.Task[str] | None = None
    async for event in events_of(client, created["orderId"]):
        seen.append(event)
        payment = payment or client.pay(created["payreq"])
    reported = [document for _, document in seen]

    assert reported[0]["paid"] is False
    assert reported[-1] == await client.status(created["orderId"])
    assert reported[-1]["smsStatus"] == "delivered"
    assert len({name for name, _ in seen}) == len(seen)
    assert payment is not None and await payment == "SUCCEEDED"


async def test_what_was_seen_is_not_reported_again(client: OrderClient) -> None:
    order_id, payment = await client.buy("/createsendorder", SEND)
    await payment
    seen = [event async for event in events_of(client, order_id)]
    answer = await client.http.get(
        f"/v1/orders/{order_id}/events", headers={"Last-Event-ID": seen[-1][0]}
    )
    again = [event async for event in events_of(client, order_id, Last_Event_ID="of long ago")]

    assert answer.status_code == 204, "which tells a browser not to come again"
    assert again == seen[-1:]


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}, {"X-Moz": "prefetch"}],
)
async def test_a_prefetch_cancels_nothing(client: OrderClient, headers: dict[str, str]) -> None:
    created = await client.order("/createorder", {"country": USA, "service": "vk"})
    answer = await client.http.get(
        "/cancelorder", params={"orderId": created["orderId"]}, headers=headers
    )

    assert answer.status_code == 409
    assert (await client.status(created["orderId"]))["state"] == "awaiting_payment"


@pytest.mark.parametrize("where", ["json", "data", "params"])
async def test_an_unpaid_order_is_cancelled(client: OrderClient, where: str) -> None:
    created = await client.order("/createorder", {"country": USA, "service": "vk"})
    said: dict[str, Any] = {where: {"orderId": created["orderId"]}}
    answer = await client.http.post("/cancelorder", **said)
    again = await client.http.post("/cancelorder", **said)

    assert (answer.status_code, answer.json()) == (200, {"status": "OK"})
    assert again.status_code == 200
    assert (await client.status(created["orderId"]))["paid"] is False


async def test_a_delivered_code_cannot_be_cancelled(client: OrderClient) -> None:
    order_id, number = await waiting_order(client)
    await client.text_to(number, "Code 48010")
    await client.until(order_id, lambda status: "code" in status)
    await client.shop.advance(130)
    answer = await client.post(f"/v1/orders/{order_id}/cancel")

    assert answer.status_code == 409
    assert answer.json()["status"] == "error"
    assert (await client.status(order_id))["code"] == 48010


async def test_another_number_costs_nothing(client: OrderClient) -> None:
    order_id, first = await waiting_order(client)
    early = await client.post(f"/v1/orders/{order_id}/another-number")
    await client.shop.advance(125)
    answer = await client.post(f"/v1/orders/{order_id}/another-number")
    assert answer.status_code == 200, answer.text
    status = await client.until(order_id, lambda status: status.get("number", first) != first)
    await client.text_to(status["number"], "Code 48011")
    done = await client.until(order_id, lambda status: "code" in status)

    assert early.status_code == 409
    assert done["code"] == 48011


async def test_another_text_comes_to_the_same_number(client: OrderClient) -> None:
    order_id, number = await waiting_order(client)
    early = await client.post(f"/v1/orders/{order_id}/another-text")
    await client.text_to(number, "Code 48012")
    await client.until(order_id, lambda status: status.get("code") == 48012)
    answer = await client.post(f"/v1/orders/{order_id}/another-text")
    await client.text_to(number, "Code 48013")
    done = await client.until(order_id, lambda status: status.get("code") == 48013)

    assert early.status_code == 409
    assert answer.status_code == 200, answer.text
    assert [text["code"] for text in done["messages"]] == ["48012", "48013"]
    check_document(done, documents.OrderStatus)


async def test_a_used_number_is_had_again(client: OrderClient) -> None:
    order_id, number = await waiting_order(client)
    early = await client.post("/createorder", {"reactivate": order_id})
    await client.text_to(number, "Code 48014")
    await client.until(order_id, lambda status: "code" in status)
    await client.shop.advance(1500)

    async def ordered() -> dict[str, Any] | None:
        answer = await client.post("/createorder", {"reactivate": order_id})
        found: dict[str, Any] = answer.json()
        return found if answer.status_code == 200 else None

    created = await eventually(ordered)
    others = [
        await client.post("/createorder", {"reactivate": order_id, **other})
        for other in ({"country": USA}, {"service": "ig"}, {"service": "full", "isRental": 1})
    ]
    await client.order("/createorder", {"reactivate": order_id, "country": 999})
    client.pay(created["payreq"])
    status = await client.until(created["orderId"], lambda status: "number" in status)

    assert early.status_code == 409
    assert early.json()["field"] == "reactivate"
    assert [answer.status_code for answer in others] == [400, 400, 400]
    assert [answer.json()["field"] for answer in others] == ["country", "service", "service"]
    assert status["number"] == number


async def test_the_operators_own_numbers_receive_what_is_handed_in(client: OrderClient) -> None:
    own = "+4915112345678"
    await client.shop.shop.db.tx(pool.add, own, GERMANY, "a phone on the shelf")
    key = (await create_key(client.shop.shop.db, "modem", frozenset({"inbound"}))).key
    order_id, payment = await client.buy(
        "/createorder", {"country": GERMANY, "service": "vk", "realphone": True}
    )
    status = await client.until(order_id, lambda status: "number" in status)
    text = {"id": "1", "to": own, "from": "VK", "text": "VK: 070051 is your code", "at": None}
    answers = [await client.post("/v1/inbound/texts", text, X_API_Key=key) for _ in range(2)]
    done = await client.until(order_id, lambda status: "code" in status)

    assert f"+{status['number']}" == own
    assert [answer.status_code for answer in answers] == [200, 200]
    assert done["codeText"] == "070051"
    assert len(done["messages"]) == 1
    assert await payment == "SUCCEEDED"


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("id", "", 400),
        ("to", "49", 400),
        ("to", "+4915199999999", 404),
        ("text", "", 400),
        ("text", "x" * 9000, 400),
        ("at", "yesterday", 400),
    ],
)
async def test_a_text_that_cannot_be_taken_is_refused(
    client: OrderClient, field: str, value: str, status: int
) -> None:
    key = (await create_key(client.shop.shop.db, "modem", frozenset({"inbound"}))).key
    own = "+4915112345679"
    await client.shop.shop.db.tx(pool.add, own, GERMANY)
    text = {"id": "1", "to": own, "from": "VK", "text": "Code 1234"}
    answer = await client.post("/v1/inbound/texts", {**text, field: value}, X_API_Key=key)

    assert answer.status_code == status
    assert answer.json()["field"] == field


async def test_what_a_strangers_text_holds_is_cleaned_and_not_refused(
    client: OrderClient,
) -> None:
    own = "+4915112345677"
    await client.shop.shop.db.tx(pool.add, own, GERMANY)
    key = (await create_key(client.shop.shop.db, "modem", frozenset({"inbound"}))).key
    order = {"country": GERMANY, "service": "ok", "realphone": True}
    order_id, payment = await client.buy("/createorder", order)
    number = (await client.until(order_id, lambda status: "number" in status))["number"]
    text = {
        "id": "c",
        "to": f"+{number}",
        "from": "V\nK\x1b",
        "text": "Your\x00 code\x07\x1b 48015",
    }
    answer = await client.post("/v1/inbound/texts", text, X_API_Key=key)

    assert answer.status_code == 200, answer.text
    assert await payment == "SUCCEEDED"
    done = await client.status(order_id)
    assert (done["codeText"], done["sms"]) == ("48015", "Your\ufffd code\ufffd\ufffd 48015")
    assert done["messages"][0]["from"] == "V K\ufffd"


async def test_texts_are_handed_in_by_keys_that_may(client: OrderClient) -> None:
    key = await client.new_key()
    body = {"id": "1", "to": "+4915112345678", "text": "Code 1234"}
    answers = [
        await client.post("/v1/inbound/texts", body),
        await client.post("/v1/inbound/texts", body, X_API_Key=key),
    ]

    assert [answer.status_code for answer in answers] == [401, 403]
    assert "inbound" in answers[1].json()["reason"]


async def test_who_unsubscribes_gets_nothing_more(client: OrderClient) -> None:
    mail = {"address": "tired@example.com", "message": "One more"}
    _, payment = await client.buy("/createemailsendorder", mail)
    assert await payment == "SUCCEEDED"
    box = (await client.http.get("/simulator/mailbox/tired@example.com")).json()["messages"]
    link = box[0]["headers"]["List-Unsubscribe"].strip("<>")
    path = "/u/" + link.rsplit("/", 1)[1]
    looked = await client.http.get(path)
    still = await client.post("/createemailsendorder", mail)
    done = await client.http.post(path, files={"List-Unsubscribe": (None, "One-Click")})
    after = await client.post("/createemailsendorder", mail)

    assert looked.status_code == 200
    assert "<form" in looked.text
    assert still.status_code == 200, "looking changes nothing"
    assert done.status_code == 200
    assert after.status_code == 422
    assert after.json()["error_code"] == "SUPPRESSED"


async def test_who_unsubscribed_is_known_however_the_address_is_written(
    client: OrderClient,
) -> None:
    mail = {"address": "Weary+shop@example.com", "message": "One more"}
    _, payment = await client.buy("/createemailsendorder", mail)
    assert await payment == "SUCCEEDED"
    box = (await client.http.get("/simulator/mailbox/weary+shop@example.com")).json()["messages"]
    link = box[0]["headers"]["List-Unsubscribe"].strip("<>")
    await client.http.post("/u/" + link.rsplit("/", 1)[1])

    for written in ("weary+SHOP@example.com", "WEARY@Example.com", "weary+2@example.com"):
        refused = await client.post("/createemailsendorder", mail | {"address": written})
        assert refused.json()["error_code"] == "SUPPRESSED", written


@pytest.mark.parametrize("token", ["abc", "A" * 60, "a" * 500, "%ff"])
async def test_a_forged_unsubscribe_link_is_none(client: OrderClient, token: str) -> None:
    assert (await client.http.post(f"/u/{token}")).status_code == 404
