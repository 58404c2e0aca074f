"""Every refusal of the orders API says what is wrong in true words, and what to do about it."""

from __future__ import annotations

import ast
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import ringbolt
from ringbolt.api.orders import documents
from ringbolt.app.accounts.keys import create_key, revoke_key
from support.clients.orders import GERMANY, USA, OrderClient
from support.documents import check_document
from support.servers.shop import ShopServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOURCE = Path(ringbolt.__file__).parent
RECEIVE = {"country": USA, "service": "vk"}
SEND = {"phone": "+12025550123", "message": "Hello"}
MAIL = {"address": "satoshi@example.com", "message": "Hello"}
NO_ORDER = "0" * 64
TWICE = "9b2e4a1c-7d35-4f08-a6c1-twice"

_REFUSALS = frozenset(
    {
        "InvalidInput", "DestinationRefused", "RateLimited", "NotFound", "Conflict",
        "Unauthorized", "Forbidden", "Unavailable", "InsufficientFunds", "MethodNotAllowed",
        "BodyTooLarge", "BodyTooSlow",
    }
)  # fmt: skip
_FAMILY = (
    *(
        "http_body.py",
        "api/kit/http.py",
        "api/kit/limits.py",
        "api/orders/*.py",
        "app/accounts/*.py",
    ),
    *("app/checkout/*.py", "app/limits/*.py", "app/messages/*.py", "app/numbers/*.py"),
    *("app/webhooks/*.py", "core/*.py", "core/pricing/*.py", "store/ledger_entries.py"),
)
"""Where the family's refusals are made."""


@pytest.fixture
def client(shared_shop: ShopServer) -> OrderClient:
    return OrderClient(shared_shop)


def assert_helpful(answer: httpx.Response) -> dict[str, Any]:
    assert 400 <= answer.status_code < 500, answer.text
    document: dict[str, Any] = answer.json()
    check_document(document, documents.OrderError)
    for name in ("reason", "suggestion", "error_code"):
        assert document[name].strip(), document
    assert "$[" not in answer.text
    return document


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        ("/createorder", {"country": None}),
        ("/createorder", {"country": "Atlantis"}),
        ("/createorder", {"country": "Germanny"}),
        ("/createorder", {"country": True}),
        ("/createorder", {"country": [187]}),
        ("/createorder", {"country": 10**30}),
        ("/createorder", {"country": "x" * 500}),
        ("/createorder", {"country": "USA\nGermany"}),
        ("/createorder", {"service": None}),
        ("/createorder", {"service": "nothing of the kind"}),
        ("/createorder", {"service": 12}),
        ("/createorder", {"service": "full"}),
        ("/createorder", {"isRental": "perhaps"}),
        ("/createorder", {"isRental": True, "rentalHours": 0}),
        ("/createorder", {"isRental": True, "rentalHours": "four"}),
        ("/createorder", {"rentalHours": 4}),
        ("/createorder", {"reactivate": NO_ORDER}),
        ("/createorder", {"ref": "nobody"}),
        ("/createorder", {"webhookUrl": "http://127.0.0.1/hook"}),
        ("/createorder", {"webhookUrl": "nothing"}),
        ("/createorder", {"immediate": True}),
        ("/createorder", {f"field{n}": n for n in range(100)}),
        ("/createsendorder", {"phone": None}),
        ("/createsendorder", {"phone": "12"}),
        ("/createsendorder", {"phone": True}),
        ("/createsendorder", {"phone": "+19005550123"}),
        ("/createsendorder", {"phone": "+441414960123"}),
        ("/createsendorder", {"phone": "+999123456789"}),
        ("/createsendorder", {"phone": "+12345"}),
        ("/createsendorder", {"message": ""}),
        ("/createsendorder", {"message": "x" * 141}),
        ("/createsendorder", {"message": "x" * 100_000}),
        ("/createsendorder", {"message": "bell \x07"}),
        ("/createsendorder", {"message": ["Hello"]}),
        ("/createsendorder", {"message": "http://a.example/ http://b.example/"}),
        ("/createemailsendorder", {"address": None}),
        ("/createemailsendorder", {"address": "a@b.example, c@d.example"}),
        ("/createemailsendorder", {"address": "not an address"}),
        ("/createemailsendorder", {"subject": "Mine"}),
        ("/createemailsendorder", {"message": "bell \x07"}),
        ("/cancelorder", {"orderId": NO_ORDER}),
        ("/cancelorder", {}),
        ("/orderstatus", {}),
        ("/fund", {"amount": 1000}),
        ("/v1/inbound/texts", {}),
        ("/v1/inbound/heartbeats", {}),
        ("/v1/webhooks/msg_1/resend", {"orderId": NO_ORDER}),
        (f"/v1/orders/{NO_ORDER}/cancel", {}),
        (f"/v1/orders/{NO_ORDER}/another-number", {}),
        (f"/v1/orders/{NO_ORDER}/another-text", {}),
    ],
)
async def test_a_refused_post_says_what_to_do(
    client: OrderClient, path: str, changes: dict[str, Any]
) -> None:
    usual: dict[str, dict[str, Any]] = {
        "/createorder": RECEIVE,
        "/createsendorder": SEND,
        "/createemailsendorder": MAIL,
    }
    body = {**usual.get(path, {}), **changes}
    assert_helpful(await client.post(path, {k: v for k, v in body.items() if v is not None}))


@pytest.mark.parametrize(
    "query",
    [
        "/orderstatus",
        "/orderstatus?orderId=1",
        f"/v1/orders/{NO_ORDER}",
        f"/v1/orders/{NO_ORDER}/webhooks",
        "/price?country=Atlantis",
        "/price?phone=12",
        "/price?rentalHours=-1",
        "/price?message=%ff",
        "/getPrice?country=Atlantis",
        "/getServices?country=true",
        "/getnumbersstatus?country=Atlantis",
        "/getRentalCountries?service=nothing+of+the+kind",
        "/assets/saimages/nothing.gif",
        "/u/nothing",
        "/balance",
        "/history",
        "/v1/ledger",
    ],
)
async def test_a_refused_get_says_what_to_do(client: OrderClient, query: str) -> None:
    assert_helpful(await client.http.get(query))


async def _of_one_order(client: OrderClient) -> AsyncIterator[httpx.Response]:
    """What is refused in the course of an order that gets its code, and of its balance."""
    order_id, _ = await client.buy("/createorder", {**RECEIVE, "country": GERMANY})
    path = f"/v1/orders/{order_id}"
    status = await client.until(order_id, lambda status: "number" in status)
    yield await client.post("/cancelorder", {"orderId": order_id})
    yield await client.post(f"{path}/another-number")
    yield await client.post(f"{path}/another-text")
    yield await client.post(f"{path}/accept")
    yield await client.post("/createorder", {"reactivate": order_id})
    yield await client.http.get(f"{path}/webhooks?cursor=nothing")
    await client.text_to(status["number"], "Code 48010")
    await client.until(order_id, lambda status: status["state"] == "settled")
    yield await client.post("/cancelorder", {"orderId": order_id})
    yield await client.post(f"{path}/another-number")
    await client.shop.advance(1500)
    yield await client.post(f"{path}/another-text")
    rental, _ = await client.buy("/createorder", {"country": GERMANY, "isRental": True})
    number = (await client.until(rental, lambda status: "number" in status))["number"]
    for name in ("another-text", "accept"):
        yield await client.post(f"/v1/orders/{rental}/{name}")
    await client.text_to(number, "Hello")
    await client.until(rental, lambda status: status["state"] == "settled")
    yield await client.post("/cancelorder", {"orderId": rental})
    sent, _ = await client.buy("/createsendorder", SEND)
    await client.until(sent, lambda status: status["paid"])
    yield await client.post("/cancelorder", {"orderId": sent})


async def test_what_an_order_is_too_early_or_too_late_for_says_what_to_do(
    client: OrderClient,
) -> None:
    codes = [assert_helpful(answer)["error_code"] async for answer in _of_one_order(client)]

    assert codes.count("CONFLICT") >= 6
    assert {"TOO_EARLY", "ORDER_NOT_OVER", "INVALID_CURSOR"} <= set(codes)


async def test_a_refused_key_says_what_to_do(client: OrderClient) -> None:
    db = client.shop.shop.db
    revoked = await create_key(db, "a test")
    await revoke_key(db, revoked.id)
    reading = await create_key(db, "a test", frozenset({"read"}))
    empty = await client.new_key()
    for key in ("unknown", "k" * 300, revoked.key, reading.key, empty):
        assert_helpful(
            await client.post("/createsendorder", {**SEND, "immediate": True}, X_API_Key=key)
        )
    assert_helpful(await client.http.get("/v1/ledger?cursor=no", headers={"X-API-Key": empty}))
    assert_helpful(await client.http.get("/history?limit=0", headers={"X-API-Key": empty}))


async def test_a_name_for_two_requests_says_what_to_do(client: OrderClient) -> None:
    await client.order("/createorder", RECEIVE, Idempotency_Key=TWICE)
    for body, name in ((SEND, TWICE), (SEND, "x" * 300)):
        assert_helpful(await client.post("/createsendorder", body, Idempotency_Key=name))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (rb'{"phone":"+12025550123","message":"\ud800"}', "half of a surrogate pair"),
        (rb'{"phone":"+12025550123","message":"a \udfff b"}', "half of a surrogate pair"),
        (b'{"phone":1e999,"message":"Hello"}', "a number that is too large"),
        (b'{"phone":"+12025550123"', "it ends too early"),
        (b"[]", "must be a JSON object"),
        (b'{"phone":"\xff"}', "not UTF-8"),
    ],
)
async def test_a_body_that_cannot_be_read_gets_the_reason(
    client: OrderClient, content: bytes, said: str
) -> None:
    answer = await client.http.post("/createsendorder", content=content)

    assert said in assert_helpful(answer)["reason"]
    assert answer.json()["error_code"] == "INVALID_JSON"


@pytest.mark.parametrize("value", [True, [187], {"cc": 187}])
async def test_a_country_that_is_none_is_answered_with_what_one_is(
    client: OrderClient, value: Any
) -> None:
    document = assert_helpful(await client.post("/createorder", {**RECEIVE, "country": value}))

    assert "a number, a name or an ISO code" in document["reason"]
    assert document["field"] == "country"


async def test_what_is_too_large_or_asked_for_otherwise_says_what_to_do(
    client: OrderClient,
) -> None:
    assert_helpful(await client.http.post("/createorder", content=b"{" + b" " * 300_000))
    assert_helpful(await client.http.put("/createorder"))
    assert_helpful(await client.http.post("/createorder", files={"country": (None, "187")}))


async def test_an_unpaid_order_that_ran_out_has_an_error_and_was_not_paid(
    client: OrderClient,
) -> None:
    cancelled = (await client.order("/createorder", RECEIVE))["orderId"]
    await client.order("/createsendorder", SEND)
    forgotten = (await client.order("/createsendorder", SEND))["orderId"]
    await client.post("/cancelorder", {"orderId": cancelled})
    await client.shop.advance(1200)
    for order_id, why in ((cancelled, "cancelled"), (forgotten, "expired")):
        status = await client.until(order_id, lambda status: status["state"] == "expired")

        assert (status["status"], status["paid"]) == ("OK", False)
        assert why in status["error"]
        assert "returned" not in status["error"], "there is nothing to return"
        check_document(status, documents.OrderStatus)


def _without_suggestion(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name | ast.Attribute):
            continue
        called: ast.expr = node.func
        if isinstance(called, ast.Attribute) and called.attr == "about":
            called = called.value  # InvalidInput.about(...)
        name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
        said = {keyword.arg: keyword.value for keyword in node.keywords}
        suggestion = said.get("suggestion")
        is_empty = isinstance(suggestion, ast.Constant) and not suggestion.value
        if name in _REFUSALS and (suggestion is None or is_empty):
            yield f"{path.relative_to(SOURCE)}:{node.lineno} {name}"


async def test_no_refusal_of_the_family_is_written_without_a_suggestion() -> None:
    files = {path for pattern in _FAMILY for path in SOURCE.glob(pattern)}
    found = [fault for path in sorted(files) for fault in _without_suggestion(path)]

    assert len(files) > 40
    assert found == []
