"""How often codes came, as buyers are told."""

from __future__ import annotations

import pytest

from ringbolt.api.orders import documents
from ringbolt.app.checkout.code_success import LEAST
from ringbolt.store import receiving_orders
from ringbolt.store.engine.db import Tx
from support.clients.orders import GERMANY, USA, OrderClient
from support.databases.order_rows import put_order
from support.documents import check_document
from support.servers.shop import ShopServer

pytestmark = pytest.mark.asyncio(loop_scope="module")


def _put(tx: Tx, country: int, delivered: int, orders: int) -> None:
    for n in range(orders):
        order = put_order(tx, "activation", "settled" if n < delivered else "returned")
        number = {"number": "+12025550111", "number_country": country}
        receiving_orders.update_receiving(tx, order.id, **number)


async def test_rates_are_reported_by_country_and_service_the_best_first(
    shared_shop: ShopServer,
) -> None:
    client = OrderClient(shared_shop)
    for country, delivered, orders in (
        (USA, LEAST - 1, LEAST), (GERMANY, LEAST, LEAST), (16, LEAST - 1, LEAST - 1),
    ):  # fmt: skip
        await shared_shop.shop.db.tx(_put, country, delivered, orders)

    reported = await client.get("/v1/receive/rates", service="Telegram")
    of_usa = await client.get("/v1/receive/rates", country="us")
    of_another = await client.get("/v1/receive/rates", service="vk")
    unknown = await client.http.get("/v1/receive/rates?country=nowhere")

    check_document(reported, documents.SuccessRates)
    assert [(rate["cc"], rate["successPercent"]) for rate in reported["rates"]] == [
        (GERMANY, 100),
        (USA, 95),
    ]
    assert of_usa["rates"] == reported["rates"][1:]
    assert of_another["rates"] == []
    assert unknown.json()["error_code"] == "UNKNOWN_COUNTRY"
