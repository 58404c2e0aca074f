"""The addresses of the orders API: what only looks changes nothing, and how they may be written."""

from __future__ import annotations

import time

import pytest

from support.clients.orders import GERMANY, USA, OrderClient
from support.servers.shop import ShopServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

RECEIVE = {"country": USA, "service": "vk"}
WAIT_S = 2


@pytest.fixture
def client(shared_shop: ShopServer) -> OrderClient:
    return OrderClient(shared_shop)


async def settled(client: OrderClient, **more: object) -> tuple[str, int]:
    """A receive order whose first text came, paid for; its number is still the buyer's."""
    body = {"country": GERMANY, "service": "vk", **more}
    order_id, _ = await client.buy("/createorder", body)
    number = (await client.until(order_id, lambda status: "number" in status))["number"]
    await client.text_to(number, "Code 48010")
    await client.until(order_id, lambda status: status["state"] == "settled")
    return order_id, number


async def seconds_of(client: OrderClient, order_id: str, **query: int) -> float:
    began = time.monotonic()
    await client.status(order_id, **query)
    return time.monotonic() - began


async def test_a_head_cancels_nothing(client: OrderClient) -> None:
    order_id = (await client.order("/createorder", RECEIVE))["orderId"]
    for path in (f"/cancelorder?orderId={order_id}", f"/cancelorder/?orderId={order_id}"):
        answer = await client.http.head(path)

        assert answer.status_code == 405
        assert answer.headers["allow"] == "POST, GET, OPTIONS"
    assert (await client.status(order_id))["state"] == "awaiting_payment"


@pytest.mark.parametrize(
    "path",
    [
        "/fund",
        "/v1/orders/{id}/cancel",
        "/v1/orders/{id}/another-number",
        "/v1/orders/{id}/another-text",
        "/v1/orders/{id}/accept",
        "/v1/webhooks/msg_1/resend",
        "/v1/inbound/texts",
        "/v1/inbound/heartbeats",
    ],
)
async def test_what_changes_something_takes_neither_head_nor_get(
    client: OrderClient, path: str
) -> None:
    order_id = (await client.order("/createorder", RECEIVE))["orderId"]
    for method in ("HEAD", "GET"):
        answer = await client.http.request(method, path.format(id=order_id))

        assert answer.status_code == 405
    assert (await client.status(order_id))["state"] == "awaiting_payment"


@pytest.mark.parametrize("path", ["/createorder", "/createsendorder", "/createemailsendorder"])
async def test_reading_what_sells_describes_it_and_orders_nothing(
    client: OrderClient, path: str
) -> None:
    before = (await client.shop.rows())["orders"]
    for method in ("HEAD", "GET"):
        assert (await client.http.request(method, path)).status_code == 200
    assert (await client.shop.rows())["orders"] == before


async def test_a_head_of_what_only_tells_is_answered(client: OrderClient) -> None:
    answer = await client.http.head("/price")

    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Purpose": "preview"},
        {"Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"X-Moz": "prefetch"},
    ],
)
@pytest.mark.parametrize("path", ["/cancelorder", "/cancelorder/"])
async def test_a_speculative_get_cancels_nothing(
    client: OrderClient, path: str, headers: dict[str, str]
) -> None:
    order_id = (await client.order("/createorder", RECEIVE))["orderId"]
    answer = await client.http.get(path, params={"orderId": order_id}, headers=headers)

    assert (answer.status_code, answer.json()["error_code"]) == (409, "PREFETCH_REFUSED")
    assert (await client.status(order_id))["state"] == "awaiting_payment"


async def test_a_slash_at_the_end_changes_nothing(client: OrderClient) -> None:
    created = await client.post("/createorder/", RECEIVE)
    order_id = created.json()["orderId"]
    answers = [
        await client.http.get(path)
        for path in (
            f"/orderstatus/?orderId={order_id}",
            f"/v1/orders/{order_id}/",
            "/price/",
            "/getnumbersstatus/?country=187",
            "/assets/saimages/vk0.png/",
        )
    ]
    cancelled = await client.post(f"/v1/orders/{order_id}/cancel/")

    assert created.status_code == 200
    assert [answer.status_code for answer in answers] == [200] * 5
    assert answers[0].content == answers[1].content
    assert cancelled.status_code == 200


async def test_an_idempotency_key_holds_with_and_without_the_slash(client: OrderClient) -> None:
    name = {"Idempotency_Key": "one order, 5f0e6c1b9d3a"}
    first = await client.order("/createorder", RECEIVE, **name)
    again = await client.order("/createorder/", RECEIVE, **name)

    assert again["orderId"] == first["orderId"]


async def test_the_status_of_an_order_whose_money_is_settled_is_answered_at_once(
    client: OrderClient, endless_waits: int
) -> None:
    order_id, _ = await settled(client)

    assert (await client.status(order_id, wait=endless_waits))["state"] == "settled"


async def test_the_status_of_an_order_that_was_cancelled_unpaid_is_answered_at_once(
    client: OrderClient, endless_waits: int
) -> None:
    order_id = (await client.order("/createorder", RECEIVE))["orderId"]
    await client.post("/cancelorder", {"orderId": order_id})

    assert (await client.status(order_id, wait=endless_waits))["state"] == "expired"


async def test_a_settled_rental_is_waited_for_while_texts_may_come(client: OrderClient) -> None:
    order_id, _ = await settled(client, service="full", isRental=True)

    assert await seconds_of(client, order_id, wait=WAIT_S) >= WAIT_S - 0.5


async def test_who_names_since_waits_for_what_comes_after_the_end(client: OrderClient) -> None:
    order_id, _ = await settled(client)
    timestamp = (await client.status(order_id))["timestamp"]

    assert await seconds_of(client, order_id, wait=WAIT_S, since=timestamp) >= WAIT_S - 0.5
