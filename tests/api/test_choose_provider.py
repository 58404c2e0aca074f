"""Numbers of real telephones: what is listed is what is sold."""

from __future__ import annotations

from dataclasses import replace

import httpx

from api.conftest import OpenShop
from ringbolt.api.orders.routes import orders_api
from ringbolt.registry.parts import parts_of
from ringbolt.store import pool
from support.clients.orders import GERMANY, OrderClient

REAL = {"country": GERMANY, "service": "vk", "realphone": True}
OWN = "+4915112345670"


async def test_the_simulated_provider_s_are_listed_and_sold_until_there_are_own_ones(
    open_shop: OpenShop,
) -> None:
    client = OrderClient(await open_shop())
    of_the_world = await client.get("/getnumbersstatus", country=GERMANY)
    before = await client.get("/getnumbersstatus", country=GERMANY, realphone="true")
    order_id, _ = await client.buy("/createorder", REAL)
    first = await client.until(order_id, lambda status: "number" in status)
    await client.shop.shop.db.tx(pool.add, OWN, GERMANY)
    own = await client.get("/getnumbersstatus", country=GERMANY, realphone="true")
    order_id, _ = await client.buy("/createorder", REAL)
    second = await client.until(order_id, lambda status: "number" in status)
    order_id, payment = await client.buy("/createorder", REAL)

    assert before == of_the_world != []
    assert f"+{first['number']}" != OWN
    assert {item["count"] for item in own} == {"1"}
    assert f"+{second['number']}" == OWN
    assert await payment == "FAILED", "nobody else's number is sold as the operator's"


async def test_where_a_real_provider_lends_only_own_numbers_are_real(open_shop: OpenShop) -> None:
    running = await open_shop()
    real = parts_of(*running.shop.number_providers, now_ms=running.shop.clock.now_ms)
    transport = httpx.ASGITransport(orders_api(replace(running.shop, number_providers=real)))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as http:
        listed = await http.get("/getnumbersstatus?country=43&realphone=true")
        refused = await http.post("/createorder", json=REAL)
        await running.shop.db.tx(pool.add, OWN, GERMANY)
        sold = await http.post("/createorder", json=REAL)

    assert listed.json() == []
    assert (refused.status_code, refused.json()["error_code"]) == (400, "NO_REAL_NUMBERS")
    assert sold.json()["status"] == "OK"
