"""Bad requests to the orders API: each is refused in plain words that name the field, for free."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest

from ringbolt.api.orders import documents
from support.clients.orders import GETS_IT, USA, OrderClient
from support.documents import check_document
from support.servers.shop import ShopServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

RECEIVE = {"country": USA, "service": "vk"}
SEND = {"phone": GETS_IT, "message": "Hello"}
MAIL = {"address": "satoshi@example.com", "message": "Hello"}
GONE = object()
ONE, TWO, THREE = (str(uuid.uuid4()) for _ in range(3))


@pytest.fixture
def client(shared_shop: ShopServer) -> OrderClient:
    return OrderClient(shared_shop)


def changed(body: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**body, **changes}.items() if value is not GONE}


async def refused(
    client: OrderClient, path: str, body: Any, **headers: str
) -> tuple[int, dict[str, Any]]:
    """Status and document of a refusal, which has the family's form."""
    answer = await client.post(path, body, **headers)
    document: dict[str, Any] = answer.json()
    assert document["status"] == "error", document
    check_document(document, documents.OrderError)
    assert answer.headers["x-error-code"] == document["error_code"]
    assert answer.status_code < 500
    return answer.status_code, document


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("country", GONE),
        ("country", ""),
        ("country", "Atlantis"),
        ("country", 188),
        ("country", -1),
        ("country", 187.5),
        ("country", True),
        ("country", 10**30),
        ("country", [187]),
        ("country", "187\x00"),
        ("service", GONE),
        ("service", "no such service"),
        ("service", 12),
        ("service", "full"),
        ("service", "v" * 500),
        ("isRental", "perhaps"),
        ("isRental", 2),
        ("realphone", {}),
        ("immediate", "sure"),
        ("reactivate", "0" * 64),
        ("reactivate", "not an id"),
        ("rentalHours", 4),
        ("rentalHours", "4"),
        ("ref", "not an address"),
        ("ref", "me@127.0.0.1"),
        ("ref", "me@localhost"),
        ("ref", "a@b.c, d@example.com"),
        ("webhookUrl", "ftp://example.com"),
        ("webhookUrl", "http://127.0.0.1/hook"),
        ("webhookUrl", "https://10.0.0.1/hook"),
        ("webhookUrl", "https://example.com/\r\nX: y"),
        ("webhookUrl", "h" * 4000),
    ],
)
async def test_a_wrong_field_of_a_receive_order_is_named(
    client: OrderClient, field: str, value: Any
) -> None:
    before = (await client.shop.rows())["orders"]
    status, document = await refused(client, "/createorder", changed(RECEIVE, **{field: value}))

    assert status in (400, 404, 422)
    assert document["field"] == field
    assert (await client.shop.rows())["orders"] == before


@pytest.mark.parametrize("value", [0, -4, 4.5, "4.5", "four", 169, 10**40, None])
async def test_a_rental_lasts_whole_hours_within_the_operators_limit(
    client: OrderClient, value: Any
) -> None:
    body = {"country": USA, "isRental": True, "rentalHours": value}
    if value is None:  # as if it were not there
        assert (await client.order("/createorder", body))["price"] == 15000
        return
    _, document = await refused(client, "/createorder", body)

    assert document["field"] == "rentalHours"
    assert "rentalHours" in document["reason"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("phone", GONE),
        ("phone", ""),
        ("phone", "12"),
        ("phone", "+0123456789"),
        ("phone", "call me"),
        ("phone", "+1202555012" + "9" * 20),
        ("phone", "+12025550123;+12025550124"),
        ("phone", "+1900" + "5550123"),  # premium rate
        ("phone", "+18005550123"),  # toll free
        ("phone", "+441414960123"),  # a landline in Glasgow
        ("phone", "+8816" + "12345678"),  # satellite
        ("phone", "+44 020 7946 0958"),  # a zero dialled inside the country only
        ("phone", "+1٢٠٢5550123"),
        ("phone", 12.5),
        ("phone", True),
        ("phone", 10**200),
        ("message", GONE),
        ("message", ""),
        ("message", " \n "),
        ("message", "a" * 141),
        ("message", "😀" * 141),
        ("message", "nul\x00"),
        ("message", "bell\x07"),
        ("message", 42),
        ("message", ["Hello"]),
        ("ref", 5),
        ("webhookUrl", "javascript:alert(1)"),
        ("immediate", []),
    ],
)
async def test_a_wrong_field_of_a_send_order_is_named(
    client: OrderClient, field: str, value: Any
) -> None:
    status, document = await refused(client, "/createsendorder", changed(SEND, **{field: value}))

    assert status in (400, 422)
    assert document["field"] == field
    assert field in document["reason"]
    assert "phone_number" not in document["reason"] + document["suggestion"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("address", GONE),
        ("address", "nobody"),
        ("address", "a@b"),
        ("address", "a@example.com, b@example.com"),
        ("address", "a@example.com>\r\nRCPT TO:<b@example.com"),
        ("address", "a@example.com\r\nBcc: b@example.com"),
        ("address", '"a b"@example.com'),
        ("address", "a@[127.0.0.1]"),
        ("address", "a" * 300 + "@example.com"),
        ("message", "m" * 141),
        ("subject", "A subject of mine"),
        ("subject", "One\r\nBcc: b@example.com"),
    ],
)
async def test_a_wrong_field_of_an_email_order_is_named(
    client: OrderClient, field: str, value: Any
) -> None:
    _, document = await refused(client, "/createemailsendorder", changed(MAIL, **{field: value}))

    assert document["field"] == field


@pytest.mark.parametrize(
    "amount", [GONE, 0, -1, -(10**30), 10**9, 10**30, 0.5, 100.5, "100", "", True, None, [1], {}]
)
async def test_an_amount_that_is_no_number_of_sats_is_refused(
    client: OrderClient, amount: Any
) -> None:
    key = await client.new_key()
    _, document = await refused(client, "/fund", changed({"amount": amount}), X_API_Key=key)

    assert document["field"] == "amount"
    assert "amount" in document["reason"]


async def test_an_amount_in_a_form_is_a_number(client: OrderClient) -> None:
    key = await client.new_key()
    headers = {"X-API-Key": key}
    good = await client.http.post("/fund", data={"amount": "1"}, headers=headers)
    bad = await client.http.post("/fund", data={"amount": "1e3"}, headers=headers)

    assert good.status_code == 200
    assert good.json()["price"] == 1
    assert bad.status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"NaN",
        b'{"phone": NaN}',
        b'{"message": "\xff"}',
        b'{"message": "\\ud800", "phone": "+1234567800"}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"phone": ' + b"9" * 50_000 + b"}",
        b'{"phone": 1e999}',
        b"{" + b",".join(b'"f%d":1' % n for n in range(100)) + b"}",
        b"\x00" * 100,
    ],
)
@pytest.mark.parametrize("kind", ["application/json", "text/plain", ""])
async def test_a_body_that_cannot_be_read_is_refused(
    client: OrderClient, body: bytes, kind: str
) -> None:
    answer = await client.http.post(
        "/createsendorder", content=body, headers={"Content-Type": kind}
    )

    assert answer.status_code == 400
    assert answer.json()["status"] == "error"


@pytest.mark.parametrize(
    "body", [b"message=%ff&phone=1", b"&".join(b"f%d=1" % n for n in range(100)), b"\xff=1"]
)
async def test_a_form_that_cannot_be_read_is_refused(client: OrderClient, body: bytes) -> None:
    answer = await client.http.post(
        "/createsendorder",
        content=body,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )

    assert answer.status_code == 400
    assert answer.json()["error_code"] in ("INVALID_BODY", "MISSING_FIELD")


@pytest.mark.parametrize(
    "path", ["/createorder", "/createsendorder", "/createemailsendorder", "/fund"]
)
async def test_a_body_of_a_megabyte_is_too_large(client: OrderClient, path: str) -> None:
    answer = await client.http.post(path, content=b'{"message": "' + b"m" * 1_000_000 + b'"}')

    assert answer.status_code == 413
    assert answer.json()["status"] == "error"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/createorder"),
        ("PUT", "/createsendorder"),
        ("DELETE", "/fund"),
        ("POST", "/orderstatus"),
        ("PATCH", "/cancelorder"),
        ("POST", "/price"),
        ("GET", "/v1/inbound/texts"),
    ],
)
async def test_a_wrong_method_is_reported_in_the_familys_form(
    client: OrderClient, method: str, path: str
) -> None:
    answer = await client.http.request(method, path)

    assert answer.status_code == 405
    assert answer.json()["status"] == "error"
    assert "OPTIONS" in answer.headers["allow"]


async def test_unknown_fields_are_ignored(client: OrderClient) -> None:
    created = await client.order("/createsendorder", {**SEND, "colour": "orange", "x": [{}]})

    assert created["status"] == "OK"


@pytest.mark.parametrize("value", ["true", "1", 1, True, "TRUE"])
async def test_true_is_taken_as_clients_write_it(client: OrderClient, value: Any) -> None:
    created = await client.order("/createorder", {"country": USA, "isRental": value})

    assert created["price"] == 15000


async def test_the_same_named_request_is_one_order(client: OrderClient) -> None:
    first = await client.post("/createsendorder", SEND, Idempotency_Key=ONE)
    again = await client.post("/createsendorder", dict(reversed(SEND.items())), Idempotency_Key=ONE)
    other = await client.post("/createsendorder", SEND, Idempotency_Key=TWO)

    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert other.json()["orderId"] != first.json()["orderId"]


@pytest.mark.parametrize(
    ("path", "body"),
    [("/createsendorder", {**SEND, "message": "Other"}), ("/createorder", RECEIVE)],
)
async def test_a_name_stands_for_one_request_only(
    client: OrderClient, path: str, body: dict[str, Any]
) -> None:
    await client.post("/createsendorder", SEND, Idempotency_Key=THREE)
    answer = await client.post(path, body, Idempotency_Key=THREE)

    assert answer.json()["error_code"] == "IDEMPOTENCY_MISMATCH"
    assert answer.status_code == 422


async def test_a_name_is_known_whatever_the_address_it_comes_from(client: OrderClient) -> None:
    name = str(uuid.uuid4())
    first = await client.post("/createsendorder", SEND, Idempotency_Key=name)
    elsewhere = httpx.AsyncHTTPTransport(local_address="127.0.5.9")
    async with httpx.AsyncClient(transport=elsewhere, base_url=client.shop.url) as http:
        again = await http.post("/createsendorder", json=SEND, headers={"Idempotency-Key": name})

    assert again.json() == first.json()


@pytest.mark.parametrize("name", ["1", "order-17", "1795272110-12345", "n" * 19, "ab" * 40])
async def test_a_name_that_others_may_think_of_is_refused_without_a_key(
    client: OrderClient, name: str
) -> None:
    refused = await client.post("/createsendorder", SEND, Idempotency_Key=name)
    key = await client.new_key()
    alone = await client.post(
        "/createsendorder", {**SEND, "immediate": True}, X_API_Key=key, Idempotency_Key=name
    )

    assert refused.status_code == 400
    assert refused.json()["error_code"] == "INVALID_IDEMPOTENCY_KEY"
    assert "uuid" in refused.json()["suggestion"]
    assert alone.json().get("field") != "Idempotency-Key"  # the name is the key's own


@pytest.mark.parametrize("name", ["n" * 256, "caf\xe9"])
async def test_a_name_is_printable_and_short(client: OrderClient, name: str) -> None:
    answer = await client.http.post(
        "/createsendorder", json=SEND, headers={b"Idempotency-Key": name.encode("latin-1")}
    )

    assert answer.status_code == 400
    assert answer.json()["field"] == "Idempotency-Key"


@pytest.mark.parametrize("path", ["/balance", "/history", "/v1/ledger"])
@pytest.mark.parametrize("key", ["", "rb_unknown", "k" * 300])
async def test_accounts_are_shown_to_their_key_only(
    client: OrderClient, path: str, key: str
) -> None:
    answer = await client.http.get(path, headers={"X-API-Key": key} if key else {})

    assert answer.status_code in (400, 401)
    assert answer.json()["status"] == "error"


async def test_browsers_of_other_origins_may_send_a_key(client: OrderClient) -> None:
    answer = await client.http.options(
        "/createsendorder",
        headers={
            "Origin": "https://app.example.com",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "X-API-Key, Idempotency-Key, Content-Type",
        },
    )

    assert answer.status_code == 200
    assert "x-api-key" in answer.headers["access-control-allow-headers"].lower()
