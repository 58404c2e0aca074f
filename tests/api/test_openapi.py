"""The OpenAPI document keeps to OpenAPI 3.1, and its examples to its schemas."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from support.clients.orders import OrderClient
from support.openapi import Whole, faults, resolved
from support.servers.shop import ShopServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

Document = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def client(shared_shop: ShopServer) -> OrderClient:
    return OrderClient(shared_shop)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def document(client: OrderClient) -> Document:
    found: Document = await client.get("/openapi.json")
    return found


@pytest.fixture
def whole(document: Document) -> Whole:
    return msgspec.convert(document, Whole)


async def test_it_has_nothing_that_openapi_does_not_know(whole: Whole) -> None:
    assert len(list(whole.operations())) > 40


async def test_every_reference_leads_somewhere(document: Document) -> None:
    text = msgspec.json.encode(document).decode()
    references = set(re.findall(r'"\$ref":"([^"]+)"', text))

    assert references
    for each in references:
        assert resolved(each, document), each


async def test_names_are_declared_and_unique(whole: Whole) -> None:
    ids = [operation.operation_id for _, _, operation in whole.operations()]
    tags = {tag.name for tag in whole.tags}

    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[A-Za-z0-9_]+", each) for each in ids)
    for path, _, operation in whole.operations():
        assert set(operation.tags) <= tags, path
        in_path = [each.name for each in operation.parameters if each.in_ == "path"]
        assert sorted(in_path) == sorted(re.findall(r"{(\w+)}", path)), path
        for alternative in operation.security:
            assert alternative.keys() <= whole.components.security_schemes.keys(), path


async def test_every_example_keeps_to_its_schema(whole: Whole, document: Document) -> None:
    found: list[str] = []
    count = 0
    for path, method, operation in whole.operations():
        contents = [whole.answer(operation, status).content for status in operation.responses]
        if operation.request_body is not None:
            contents.append(operation.request_body.content)
        for content in contents:
            for kind, media in content.items():
                named = [each["value"] for each in media.examples.values()]
                for example in filter(None, [*named, media.example]):
                    count += 1
                    found += faults(example, media.schema, document, f"{method} {path} {kind}")

    assert found == []
    assert count > 200


async def test_errors_say_what_is_in_their_headers(whole: Whole) -> None:
    for path, _, operation in whole.operations():
        for status in operation.responses:
            headers = whole.answer(operation, status).headers
            assert ("X-Error-Code" in headers) == (status >= "400"), path
            assert ("Retry-After" in headers) == (status in ("429", "503")), path
    paid = whole.paths["/api/l402/place-call"]["post"]
    assert "WWW-Authenticate" in whole.answer(paid, "402").headers


async def test_everything_paid_says_how_it_is_paid(whole: Whole) -> None:
    paid = {path for path, _, operation in whole.operations() if operation.payment is not None}

    assert paid == {
        path for path, _, operation in whole.operations() if "402" in operation.responses
    } | {"/fund"}


async def test_who_may_use_an_address_is_said_in_one_way(whole: Whole) -> None:
    security = {
        f"{method} {path}": operation.security for path, method, operation in whole.operations()
    }

    assert security["post /api/l402/place-call"] == [{}, {"L402": []}, {"Payment": []}]
    assert security["post /createorder"] == [{}, {"ApiKey": []}]
    assert security["get /balance"] == security["post /fund"] == [{"ApiKey": []}]
    assert security["post /voice/v1/calls"] == [{"Bearer": []}]
    assert security["get /price"] == []


async def test_it_names_this_host_and_is_asked_for_only_once(client: OrderClient) -> None:
    first = await client.http.get("/openapi.json")
    again = await client.http.get(
        "/openapi.json", headers={"If-None-Match": f'"x", W/{first.headers["etag"]}'}
    )
    elsewhere = await client.http.get("/openapi.json", headers={"Host": "shop.example"})

    assert first.json()["servers"] == [{"url": client.shop.url}]
    assert (again.status_code, again.content) == (304, b"")
    assert elsewhere.json()["servers"] == [{"url": "http://shop.example"}]
    assert elsewhere.json()["externalDocs"]["url"] == "http://shop.example/docs"
    assert elsewhere.headers["etag"] != first.headers["etag"]


async def test_every_error_code_is_listed_as_the_documentation_has_it(client: OrderClient) -> None:
    page = (ROOT / "docs/errors.md").read_text(encoding="utf-8")
    written = re.findall(r"^\| `([A-Z0-9_*]+)` \| ([^|]*) \|", page, re.MULTILINE)
    listed = (await client.get("/api/error-codes"))["errors"]

    assert [each["code"] for each in listed] == [code for code, _ in written]
    for each, (_, statuses) in zip(listed, written, strict=True):
        assert each["statuses"] == [int(number) for number in re.findall(r"\d+", statuses)]
        assert each["meaning"]
        assert each["what_to_do"]


async def test_errors_that_are_sent_are_listed(client: OrderClient) -> None:
    listed = {each["code"] for each in (await client.get("/api/error-codes"))["errors"]}
    for path in ("/orderstatus", "/getPrice?country=atlantis", "/balance", "/v1/orders/0"):
        answer = await client.http.get(path)
        assert answer.headers["x-error-code"] in listed, path
