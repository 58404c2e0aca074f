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
    refused = await client.post("/createorder", REAL)

    assert before == of_the_world != []
    assert f"+{first['number']}" != OWN
    assert {item["count"] for item in own} == {"1"}
    assert f"+{second['number']}" == OWN
    assert refused.status_code == 409, "nobody else's number is sold as the operator's"


async def test_where_a_real_provider_leases_only_own_numbers_are_real(open_shop: OpenShop) -> None:
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


async def test_what_no_own_number_can_serve_is_refused_before_there_is_an_invoice(
    open_shop: OpenShop,
) -> None:
    running = await open_shop()
    await running.shop.db.tx(pool.add, OWN, GERMANY)
    own = running.shop.own_numbers
    assert own is not None
    only_own = parts_of(own, now_ms=running.shop.clock.now_ms)
    transport = httpx.ASGITransport(orders_api(replace(running.shop, number_providers=only_own)))
    await running.shop.db.tx(pool.acquire, "taken", "vk", GERMANY, 60_000)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as http:
        answers = {
            real: await http.post("/createorder", json={**REAL, "realphone": real})
            for real in (True, False)
        }
        await running.shop.db.tx(pool.remove, OWN)
        rental = await http.post("/createorder", json={"country": 999, "isRental": True})
        await running.shop.db.tx(pool.add, "+4915112345671", GERMANY)
        sold = await http.post("/createorder", json=REAL)

    refusals = {real: answer.json() for real, answer in answers.items()}
    assert {answer.status_code for answer in (*answers.values(), rental)} == {409}
    assert {each["error_code"] for each in refusals.values()} == {"NO_NUMBER_FREE"}
    assert (refusals[True]["field"], refusals[False]["field"]) == ("realphone", "country")
    assert all("payreq" not in each for each in refusals.values())
    assert sold.json()["status"] == "OK"
