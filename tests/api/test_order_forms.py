"""However an existing client writes its request: addresses, bodies, blanks, browsers."""

from __future__ import annotations

import gzip

import pytest

from support.clients.orders import USA, OrderClient
from support.servers.shop import ShopServer
from support.waiting import PATIENCE_S

pytestmark = pytest.mark.asyncio(loop_scope="module")

RECEIVE = {"country": USA, "service": "vk"}


@pytest.fixture
def client(shared_shop: ShopServer) -> OrderClient:
    return OrderClient(shared_shop)


@pytest.mark.parametrize("path", ["/getprice", "/GetPrice", "//getPrice", "//GETPRICE//"])
async def test_capitals_and_slashes_too_many_change_nothing(client: OrderClient, path: str) -> None:
    answer = await client.http.get(f"{client.http.base_url}{path}?country=187")

    assert (answer.status_code, answer.json()) == (200, {"price": 3000})


async def test_an_idempotency_key_holds_however_the_address_is_written(
    client: OrderClient,
) -> None:
    name = {"Idempotency_Key": "however it is written"}
    first = await client.order("/createorder", RECEIVE, **name)
    again = await client.order("/CreateOrder", RECEIVE, **name)

    assert again == first


async def test_a_form_that_does_not_say_so_is_read(client: OrderClient) -> None:
    answer = await client.http.post("/createorder", content=b"country=187&service=vk")

    assert "content-type" not in answer.request.headers
    assert answer.status_code == 200, answer.text


async def test_a_compressed_body_is_refused_for_what_it_is(client: OrderClient) -> None:
    answer = await client.http.post(
        "/createorder",
        content=gzip.compress(b'{"country":187,"service":"vk"}'),
        headers={"content-type": "application/json", "content-encoding": "gzip"},
    )

    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_BODY")
    assert "gzip" in answer.json()["reason"]


async def test_a_number_left_empty_in_a_form_is_not_there(client: OrderClient) -> None:
    rental = await client.http.post(
        "/createorder", data={"country": "187", "isRental": "true", "rentalHours": ""}
    )
    waited = await client.http.get(
        "/orderstatus", params={"orderId": rental.json()["orderId"], "wait": "", "since": ""}
    )
    in_json = await client.post(
        "/createorder", {"country": USA, "isRental": True, "rentalHours": ""}
    )

    assert rental.json()["price"] == 15_000
    assert waited.status_code == 200
    assert in_json.json()["error_code"] == "INVALID_TYPE"


async def test_a_browser_may_send_whatever_headers_its_library_adds(client: OrderClient) -> None:
    preflight = await client.http.options(
        "/createorder",
        headers={
            "Origin": "https://wallet.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type,cache-control,x-requested-with",
        },
    )

    assert preflight.status_code == 200, preflight.text
    allowed = preflight.headers["access-control-allow-headers"].lower()
    assert "cache-control" in allowed
    assert "access-control-allow-credentials" not in preflight.headers


async def test_an_answer_without_content_has_neither_length_nor_type(client: OrderClient) -> None:
    answer = await client.http.options("/price")

    assert answer.status_code == 204
    assert not {"content-length", "content-type"} & set(answer.headers)
    assert answer.headers["allow"] == "GET, OPTIONS"


async def test_who_cannot_be_texted_is_not_advised_to_name_a_fixed_line(
    client: OrderClient,
) -> None:
    answer = await client.post("/createsendorder", {"phone": "+19005550123", "message": "a"})

    assert answer.status_code == 422
    assert "fixed" not in answer.json()["suggestion"]


async def test_a_head_of_a_stream_ends_at_once(client: OrderClient) -> None:
    order_id = (await client.order("/createorder", RECEIVE))["orderId"]

    answer = await client.http.head(f"/v1/orders/{order_id}/events", timeout=PATIENCE_S)
    after = await client.http.get("/price", timeout=PATIENCE_S)

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert after.status_code == 200, "the same connection is free again"
