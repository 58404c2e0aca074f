"""The same number again: what cannot be had is refused before anybody pays for it."""

from __future__ import annotations

from typing import Any

from api.conftest import OpenShop
from ringbolt.store import pool, receiving_orders
from support.clients.orders import GERMANY, USA, OrderClient
from support.waiting import eventually

OWN = "+4915112345671"


async def over(client: OrderClient, **wanted: Any) -> tuple[str, int]:
    """An order that got its code and is over, and its number."""
    body = {"country": USA, "service": "vk", **wanted}
    order_id, _ = await client.buy("/createorder", body)
    status = await client.until(order_id, lambda status: "number" in status)
    await client.text_to(status["number"], "Code 48014")
    await client.until(order_id, lambda status: status["state"] == "settled")
    await client.shop.advance(1500)

    async def is_closed() -> bool:
        found = await client.shop.shop.db.read(receiving_orders.receiving_of, order_id)
        return found is not None and found.closed_ms is not None

    await eventually(is_closed)
    return order_id, status["number"]


async def test_a_number_that_is_on_loan_again_is_refused_until_it_goes_back(
    open_shop: OpenShop,
) -> None:
    client = OrderClient(await open_shop())
    former, number = await over(client)
    again = {"reactivate": former}
    headers = {"Idempotency_Key": "again-1-5f0e6c1b9d3a"}
    created = await client.order("/createorder", again, **headers)
    client.pay(created["payreq"])
    await client.until(created["orderId"], lambda status: "number" in status)

    refused = await client.post("/createorder", again)
    repeated = await client.post("/createorder", again, **headers)

    assert refused.status_code == 409, refused.text
    assert refused.json()["error_code"] == "NUMBER_TAKEN"
    assert refused.json()["field"] == "reactivate"
    assert str(number) in refused.json()["reason"]
    assert 0 < int(refused.headers["retry-after"]) <= 1200
    assert repeated.json()["orderId"] == created["orderId"], "what was placed stays placed"


async def test_an_own_number_that_was_taken_away_is_refused(open_shop: OpenShop) -> None:
    client = OrderClient(await open_shop())
    store = client.shop.shop.db
    await store.tx(pool.add, OWN, GERMANY)
    await store.tx(pool.add, "+4915112345672", GERMANY)
    former, number = await over(client, country=GERMANY, realphone=True)
    offered = await client.post("/createorder", {"reactivate": former})
    await store.tx(pool.remove, f"+{number}")

    refused = await client.post("/createorder", {"reactivate": former})

    assert offered.status_code == 200, offered.text
    assert (refused.status_code, refused.json()["error_code"]) == (409, "NUMBER_GONE")
