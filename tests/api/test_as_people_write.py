"""Numbers and countries as people and programs write them, through the APIs."""

from __future__ import annotations

import pytest

from support.clients.orders import OrderClient
from support.servers.shop import ShopServer

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def client(shared_shop: ShopServer) -> OrderClient:
    return OrderClient(shared_shop)


@pytest.mark.parametrize(
    "phone",
    [
        "\u202d+12025550123\u202c",
        "\u200e12025550123",
        "+1\ufe0d-202-555-0123",
        "+1202\u200b5550123",
        "\ufeff+12025550123",
        "+1202\t5550123",
        "+33\u202f6\u202f39\u202f98\u202f10\u202f01",
        "tel:+1-202-555-0123",
        "+" + "\u200b".join("12025550123") + "\u2060" * 60,
    ],
)
async def test_a_text_goes_to_a_number_as_it_is_copied(client: OrderClient, phone: str) -> None:
    answer = await client.post("/createsendorder", {"phone": phone, "message": "Hello"})
    priced = await client.http.get("/price", params={"phone": phone, "message": "Hello"})

    assert (answer.status_code, priced.status_code) == (200, 200), answer.text


@pytest.mark.parametrize(
    "phone",
    ["(202) 555-0123", "+1 202 555 0123 x5", "+12025550123,,1", "+1202555O123", "\u200b" * 50,
     "\U0001f600" * 300],
)  # fmt: skip
async def test_what_may_be_another_number_is_refused(client: OrderClient, phone: str) -> None:
    answer = await client.post("/createsendorder", {"phone": phone, "message": "Hello"})

    assert answer.status_code == 400
    assert "phone" in answer.json()["reason"]


@pytest.mark.parametrize(
    ("written", "cc"),
    [
        ("Papua new gvineya", 79),
        ("Cote d'Ivoire/Ivory Coast", 27),
        ("United States virt", 12),
        ("Германия", 43),
    ],
)
async def test_a_country_is_priced_as_it_is_spelt(
    client: OrderClient, written: str, cc: int
) -> None:
    asked = await client.get("/price", country=written, service="ot")

    assert asked == await client.get("/price", country=cc, service="ot")


async def test_a_name_of_two_countries_is_refused_and_both_are_named(client: OrderClient) -> None:
    asked = {"country": "Republic of Dominica", "service": "ot"}
    answer = await client.http.get("/price", params=asked)

    assert answer.status_code == 400
    assert '"Dominican" (109) or "Dominica" (126)' in answer.text.replace("\\", "")
