"""A program that knows nothing of the shop finds what it sells now, and buys it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ringbolt.api.operator.routes import operator_token
from support.clients.pages import ACCEPT
from support.numbers import ANSWERS
from support.servers.shop import ShopServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

MANIFEST = "/.well-known/l402-services"


async def get(shop: ShopServer, path: str, **headers: str) -> Any:
    answer = await shop.http.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_from_the_root_alone_an_agent_buys_a_call(shared_shop: ShopServer) -> None:
    root = await get(shared_shop, "/")
    page = (await shared_shop.http.get(root["links"]["llms"])).text
    assert root["links"]["services"] in page

    manifest = await get(shared_shop, root["links"]["services"])
    (found,) = (each for each in manifest["services"] if "call" in each["sells"])
    described = (await get(shared_shop, found["url"]))["access"]
    assert (described["endpoint"], described["method"]) == (found["url"], found["method"])

    body = {**found["examples"][0], "phone_number": ANSWERS}
    assert {name for name, each in found["request_schema"].items() if each["required"]} <= {*body}
    asked = await shared_shop.http.post(found["url"], json=body)
    challenge = asked.json()
    assert challenge["amount_sats"] >= found["pricing"][0]["minimum"]
    preimage = await shared_shop.pay(challenge["invoice"])
    credential = f"L402 {challenge['macaroon']}:{preimage}"
    bought = await shared_shop.http.post(
        found["url"], json=body, headers={"Authorization": credential}
    )
    assert bought.status_code == 200
    assert bought.json()["status_url"]


async def test_every_l402_service_answers_402_to_its_examples(shared_shop: ShopServer) -> None:
    for service in (await get(shared_shop, MANIFEST))["services"]:
        body = service["examples"][0]
        answer = await shared_shop.http.request(service["method"], service["url"], json=body)
        assert answer.status_code == 402, service["endpoint"]
        assert answer.headers["www-authenticate"].startswith("L402 ")


async def test_the_manifest_has_what_both_known_readers_look_for(shared_shop: ShopServer) -> None:
    manifest = await get(shared_shop, MANIFEST)

    # 402index.io: a path, a method and the fields with their types.
    for service in manifest["services"]:
        assert service["endpoint"].startswith("/")
        assert service["method"] == "POST"
        assert {each["type"] for each in service["request_schema"].values()} <= {
            "string", "number", "integer", "boolean", "object",
        }  # fmt: skip
    # ngx-l402: version 1, payment methods, and routes with a price in msat.
    assert manifest["version"] == "1"
    assert manifest["payment_methods"][0]["type"] == "lightning"
    routes = {route["path"]: route for route in manifest["routes"]}
    assert routes.keys() == {service["endpoint"] for service in manifest["services"]}
    call = routes["/api/l402/place-call"]
    assert call["price"]["amount_msat"] == 1000 * min(
        price["minimum"] for price in manifest["services"][0]["pricing"]
    )


async def test_every_paid_address_is_described_by_get(shared_shop: ShopServer) -> None:
    manifest = await get(shared_shop, MANIFEST)
    paths = [each["endpoint"] for each in manifest["other_services"]]

    assert {"/createorder", "/createsendorder", "/createcallorder"} <= {*paths}
    for path in paths:
        if path == "/voice/v1/calls":  # lists the calls of a key
            continue
        described = await get(shared_shop, path)
        service = described.get("data", described)["service"]
        assert service["endpoint"] == path
        assert service["pricing"][0]["minimum"] > 0
        assert service["examples"]


async def test_words_find_services(shared_shop: ShopServer) -> None:
    async def best(words: str) -> str:
        answer = await shared_shop.http.get("/api/discover", params={"q": words})
        return str(answer.json()["services"][0]["service"]["sells"][0])

    assert await best("call a phone and speak") == "call"
    assert await best("send an SMS") == "text"
    assert await best("verification codes") == "code"
    assert await best("E-MAIL") == "email"
    assert await best("text to speech") == "speech"
    nothing = await shared_shop.http.get("/api/discover", params={"q": "pizza"})
    assert nothing.json()["services"] == []
    everything = await get(shared_shop, "/api/discover")
    assert len(everything["services"]) > 5


async def test_only_what_is_sold_now_is_listed(shared_shop: ShopServer) -> None:
    shop = shared_shop

    async def listed() -> set[str]:
        manifest = await get(shop, MANIFEST)
        both = manifest["services"] + manifest["other_services"]
        return {service for each in both for service in each["sells"]}

    assert await listed() == {"call", "text", "code", "rent", "email", "speech"}
    await _close(shop, services=["call", "email", "speech"])
    assert await listed() == {"text", "code", "rent"}
    page = (await shop.http.get("/llms.txt")).text
    assert "/createsendorder" in page
    assert "place-call" not in page
    paid_by_request = (await get(shop, MANIFEST))["services"]
    assert [each["id"] for each in paid_by_request] == ["send_sms", "order_number"]
    gone = await shop.http.get("/createemailsendorder")
    assert (gone.status_code, gone.headers["x-error-code"]) == (404, "NOT_SOLD_NOW")
    await _close(shop, is_closed=True)
    assert await listed() == set()
    assert "Nothing is sold here at the moment" in (await shop.http.get("/llms.txt")).text
    closed = await shop.http.get("/api/estimate-cost", params={"service": "email"})
    assert (closed.status_code, closed.headers["x-error-code"]) == (503, "SALES_CLOSED")
    await _close(shop)


async def test_a_lost_program_is_told_where_to_begin(shared_shop: ShopServer) -> None:
    lost = await shared_shop.http.get("/api/l402/nothing")

    links = lost.json()["links"]
    assert links["services"] == MANIFEST
    # Agents POST there; what they say first is tested with their clients.
    assert (await shared_shop.http.get(links.pop("mcp"))).status_code == 405
    for path in links.values():
        found = await shared_shop.http.get(path, params={"service": "email"})
        assert found.status_code == 200, path
    page = (await shared_shop.http.get("/", headers=ACCEPT)).text
    assert re.search(r'<link rel="service-desc" href="/openapi.json"', page)
    robots = (await shared_shop.http.get("/robots.txt")).text
    assert "/llms.txt" in robots


async def test_nothing_is_sent_twice_to_who_has_it(shared_shop: ShopServer) -> None:
    documents = (MANIFEST, "/llms.txt", "/llms-full.txt", "/api/error-codes", "/openapi.json")
    lists = ("/price", "/getPrice", "/getServices", "/getCountries", "/getRentalCountries")
    for path in documents + lists:
        first = await shared_shop.http.get(path)
        again = await shared_shop.http.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b""), path


async def _close(shop: ShopServer, **sales: Any) -> None:
    answer = await shop.http.post(
        "/v1/operator/terms/sales",
        json={"by": "olga", **sales},
        headers={"Authorization": f"Bearer {operator_token(shop.shop.keyring)}"},
    )
    assert answer.status_code == 200, answer.text
