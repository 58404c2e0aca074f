"""What can be received, where, and for how much, as clients read it; also while the provider of
numbers is away."""

from __future__ import annotations

from collections.abc import Awaitable

import pytest

from ringbolt.api.orders import documents
from ringbolt.app.checkout.number_catalogue import FRESH_MS, Remembered
from ringbolt.core.countries import COUNTRIES
from ringbolt.core.errors import Unavailable
from support.clients.orders import ANY, GERMANY, USA, OrderClient
from support.documents import check_document
from support.servers.shop import ShopServer

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def client(shared_shop: ShopServer) -> OrderClient:
    return OrderClient(shared_shop)


async def test_countries_come_in_both_writings(client: OrderClient) -> None:
    found = await client.get("/getCountries")
    usa = next(item for item in found if item["id"] == USA)

    assert usa == {
        "id": USA,
        "eng": "USA",
        "visible": 1,
        "rent": True,
        "cc": USA,
        "country": "USA",
    }
    assert {item["cc"] for item in found} <= set(COUNTRIES)
    check_document(found, list[documents.Country])


@pytest.mark.parametrize("country", [USA, "usa", "germany", "DE", ANY, "auto"])
async def test_services_are_listed_by_country(client: OrderClient, country: int | str) -> None:
    found = await client.get("/getServices", country=country)

    assert {"code": "tg", "name": "Telegram"} in found
    check_document(found, list[documents.Service])


async def test_every_service_listed_can_be_ordered(client: OrderClient) -> None:
    found = await client.get("/getServices", country=GERMANY)
    refused = []
    for service in found:
        answer = await client.post("/createorder", {"country": GERMANY, "service": service["code"]})
        if answer.status_code != 200 and service["code"] != "full":
            refused.append(service["code"])

    assert len(found) > 20
    assert not refused


async def test_a_country_that_is_not_there_is_named(client: OrderClient) -> None:
    for path in ("/getnumbersstatus", "/getServices", "/price", "/getPrice"):
        answer = await client.http.get(path, params={"country": "Atlantis"})

        assert answer.status_code == 400
        assert answer.json()["field"] == "country"


async def test_rentals_are_priced_by_country(client: OrderClient) -> None:
    found = await client.get("/getRentalCountries", service="full")
    germany = next(item for item in found if item["cc"] == GERMANY)

    assert germany == {"cc": GERMANY, "country": "Germany", "duration": "4", "price": 15000}
    check_document(found, list[documents.RentalCountry])


async def test_get_price_is_the_price_of_a_code(client: OrderClient) -> None:
    assert await client.get("/getPrice", country=USA, service="vk") == {"price": 3000}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_picture_is_a_png_of_letters(client: OrderClient, method: str) -> None:
    answer = await client.http.request(method, "/assets/saimages/vk0.png")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    assert "max-age" in answer.headers["cache-control"]


async def test_every_listed_picture_is_there(client: OrderClient) -> None:
    for item in await client.get("/getnumbersstatus", country=USA):
        answer = await client.http.get(item["image"]["src"])
        assert answer.status_code == 200, item


@pytest.mark.parametrize("name", ["vk.png", "vk0.jpg", "../0.png", "VK0.png", "", "a" * 40])
async def test_no_other_picture_is_there(client: OrderClient, name: str) -> None:
    answer = await client.http.get(f"/assets/saimages/{name}")

    assert answer.status_code == 404


async def test_a_service_that_has_no_picture_has_that_of_any_other(client: OrderClient) -> None:
    own = await client.http.get("/assets/saimages/tg0.png")
    other = await client.http.get("/assets/saimages/ot0.png")
    unknown = await client.http.get("/assets/saimages/zzz0.png")

    assert own.headers["content-type"] == "image/png"
    assert own.content != other.content
    assert unknown.status_code == 200
    assert unknown.content == other.content


class Provider:
    """Somebody who is asked, and may be away."""

    def __init__(self) -> None:
        self.asked = 0
        self.is_away = False

    async def ask(self) -> int:
        self.asked += 1
        if self.is_away:
            raise Unavailable("nobody is here")
        return self.asked


class Hours:
    now_ms = 0

    def __call__(self) -> int:
        return self.now_ms


async def test_a_provider_is_asked_once_a_minute() -> None:
    provider, hours = Provider(), Hours()
    known: Remembered[int] = Remembered(hours)

    assert [await known.get("us", provider.ask) for _ in range(3)] == [1, 1, 1]
    hours.now_ms += FRESH_MS
    assert await known.get("us", provider.ask) == 2
    assert await known.get("de", provider.ask) == 3


async def test_what_was_known_outlives_an_outage() -> None:
    provider, hours = Provider(), Hours()
    known: Remembered[int] = Remembered(hours)
    await known.get("us", provider.ask)
    provider.is_away = True
    hours.now_ms += FRESH_MS

    assert await known.get("us", provider.ask) == 1
    assert await known.get("us", provider.ask) == 1
    assert provider.asked == 2, "not asked for every request while it is away"
    hours.now_ms += FRESH_MS
    provider.is_away = False
    assert await known.get("us", provider.ask) == 3


async def test_what_was_never_known_is_unavailable_in_plain_words() -> None:
    provider, hours = Provider(), Hours()
    provider.is_away = True
    known: Remembered[int] = Remembered(hours)

    async def reported(asking: Awaitable[int]) -> str:
        with pytest.raises(Unavailable) as raised:
            await asking
        assert raised.value.retry_after_s
        return raised.value.message

    assert "provider" in await reported(known.get("us", provider.ask))
    await reported(known.get("us", provider.ask))
    assert provider.asked == 1
    hours.now_ms += FRESH_MS
    provider.is_away = False
    assert await known.get("us", provider.ask) == 2


async def test_the_openapi_document_describes_the_whole(client: OrderClient) -> None:
    document = await client.get("/openapi.json")
    operations = [one for path in document["paths"].values() for one in path.values()]
    meanings = {tag["name"]: tag["description"] for tag in document["tags"]}

    assert "three APIs" in document["info"]["description"]
    assert {tag for one in operations for tag in one["tags"]} == set(meanings)
    assert set(document["components"]["securitySchemes"]) == {
        "L402",
        "Payment",
        "ApiKey",
        "Bearer",
    }
    assert document["paths"]["/balance"]["get"]["security"] == [{"ApiKey": []}]
    assert document["paths"]["/voice/v1/calls"]["post"]["security"] == [{"Bearer": []}]


async def test_the_root_and_what_is_not_there_point_on(client: OrderClient) -> None:
    root = await client.get("/")

    assert [api["name"] for api in root["apis"]] == ["pay per request", "orders", "voice"]
    for api in root["apis"]:
        assert (await client.http.get(api["begin"])).status_code in (200, 401)
    for path in ("/nothing", "/voice/v1/nothing", "/v1/nothing"):
        answer = await client.http.get(path)
        assert (answer.status_code, "/openapi.json" in answer.text) == (404, True), path


async def test_the_openapi_document_tells_of_every_address(client: OrderClient) -> None:
    document = await client.get("/openapi.json")
    paths = document["paths"]

    for path, method, required in (
        ("/createorder", "post", ["country", "service"]),
        ("/createsendorder", "post", ["message", "phone"]),
        ("/createemailsendorder", "post", ["message", "address"]),
        ("/fund", "post", ["amount"]),
    ):
        operation = paths[path][method]
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        assert sorted(schema["required"]) == sorted(required), path
        assert all("description" in field for field in schema["properties"].values()), path
        assert operation["summary"]
    for path in ("/price", "/getnumbersstatus", "/orderstatus", "/balance", "/history", "/"):
        ok = paths[path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        assert ok, path
    status = {item["name"]: item for item in paths["/orderstatus"]["get"]["parameters"]}
    assert status["orderId"]["required"]
    assert not status["wait"]["required"]
    assert {"get", "post"} <= set(paths["/cancelorder"])
    ids = [item["operationId"] for path in paths.values() for item in path.values()]
    assert len(ids) == len(set(ids))
