"""Pages of other origins (CORS): at every address they may send what clients send, and read what
clients read, whichever family answers and whether it answers or refuses."""

from __future__ import annotations

import re

import pytest

from support.servers.shop import ShopServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

ORIGIN = {"Origin": "https://agent.example"}
SENT = "authorization,content-type,idempotency-key,accept-payment,if-none-match,x-api-key"
READ = {
    "www-authenticate", "payment-receipt", "x-error-code", "idempotent-replayed", "retry-after",
    "ratelimit", "ratelimit-policy", "etag",
}  # fmt: skip
METHODS = ("get", "post", "delete", "put", "patch")


async def addresses(shop: ShopServer) -> list[tuple[str, str]]:
    """Every operation of the OpenAPI document, with made-up parameters, and one lost address."""
    document = (await shop.http.get("/openapi.json")).json()
    found = [
        (method.upper(), re.sub(r"{\w+}", "0", path))
        for path, operations in document["paths"].items()
        for method in METHODS
        if method in operations
    ]
    assert ("POST", "/v2/l402/order") in found
    return [*found, ("GET", "/nothing")]


async def test_a_preflight_allows_what_clients_send(shared_shop: ShopServer) -> None:
    for method, path in await addresses(shared_shop):
        asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": SENT}
        answer = await shared_shop.http.options(path, headers=ORIGIN | asked)

        allowed = {
            each.strip().lower()
            for each in answer.headers["access-control-allow-headers"].split(",")
        }
        assert answer.is_success, (method, path, answer.text)
        assert answer.headers["access-control-allow-origin"] == "*", path
        assert method in answer.headers["access-control-allow-methods"], (method, path)
        assert set(SENT.split(",")) <= allowed, path


async def test_answers_and_refusals_show_the_same_headers(shared_shop: ShopServer) -> None:
    seen = set()
    for method, path in await addresses(shared_shop):
        answer = await shared_shop.http.request(method, path, headers=ORIGIN)

        shown = answer.headers["access-control-expose-headers"].lower()
        assert {each.strip() for each in shown.split(",")} >= READ, (method, path)
        assert answer.headers["access-control-allow-origin"] == "*", path
        seen.add(answer.status_code)
    assert {200, 400, 401, 404} <= seen


async def test_a_list_is_not_sent_again_to_a_page_that_has_it(shared_shop: ShopServer) -> None:
    for path in ("/openapi.json", "/.well-known/l402-services", "/getPrice"):
        first = await shared_shop.http.get(path, headers=ORIGIN)
        again = {**ORIGIN, "If-None-Match": first.headers["etag"]}
        second = await shared_shop.http.get(path, headers=again)

        assert (second.status_code, second.content) == (304, b""), path
        assert second.headers["access-control-allow-origin"] == "*", path
