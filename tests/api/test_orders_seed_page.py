"""sms4sats' page, address by address: names, types and shapes as it has them, and what is promised
there of the money. Answers are held against the models of the OpenAPI document, too."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import pytest

from ringbolt.api.orders import documents
from ringbolt.core.lightning import bolt11
from support.clients.orders import GERMANY, GETS_IT, USA, OrderClient
from support.documents import check_document, field_names
from support.servers.shop import ShopServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

PRICES = {"receive": 3000, "send": 1000, "rent": 15000, "s4s": 5000}


@pytest.fixture
def client(shared_shop: ShopServer) -> OrderClient:
    return OrderClient(shared_shop)


def seed_part(document: dict[str, Any], *names: str) -> dict[str, Any]:
    """What the page shows of a document; the rest is additive."""
    return {name: document[name] for name in names if name in document}


async def test_the_root_tells_that_the_api_is_there(client: OrderClient) -> None:
    document = await client.get("/")

    assert document["status"] == "OK"
    check_document(document, documents.Availability)


async def test_price_has_the_four_prices_as_numbers(client: OrderClient) -> None:
    assert await client.get("/price") == PRICES
    assert await client.get("/price", country=USA, service="vk") == PRICES


async def test_numbers_status_lists_services_as_the_page_does(client: OrderClient) -> None:
    found = await client.get("/getnumbersstatus", country=USA)
    vk = next(item for item in found if item["key"] == "vk")

    assert set(vk) == {"key", "text", "value", "count", "image"}
    assert vk["value"] == "vk"
    assert isinstance(vk["count"], str) and vk["count"].isdigit()
    assert vk["image"] == {"avatar": True, "src": "/assets/saimages/vk0.png"}
    check_document(found, list[documents.ServiceStatus])


async def test_a_created_order_has_an_id_and_an_invoice(client: OrderClient) -> None:
    created = await client.order("/createorder", {"country": USA, "service": "vk"})
    invoice = bolt11.decode(created["payreq"])

    assert created["status"] == "OK"
    assert re.fullmatch(r"[0-9a-f]{64}", created["orderId"])
    assert invoice.amount_msat == 3_000_000 == created["price"] * 1000
    assert created["paymentHash"] == invoice.payment_hash.hex()
    check_document(created, documents.Created)


async def test_the_order_id_is_not_what_the_invoice_tells(client: OrderClient) -> None:
    """In the page's own sample it is: anybody who saw the invoice could read the code."""
    created = await client.order("/createsendorder", {"phone": GETS_IT, "message": "For your eyes"})
    invoice = bolt11.decode(created["payreq"])

    assert created["orderId"] != created["paymentHash"]
    for reported in ("For your eyes", GETS_IT, "sms"):
        assert reported.lower() not in (invoice.description or "").lower()


async def test_an_unpaid_order_is_not_paid(client: OrderClient) -> None:
    created = await client.order("/createorder", {"country": "Germany", "service": "vk"})
    status = await client.status(created["orderId"])

    assert seed_part(status, "status", "paid", "code", "number") == {"status": "OK", "paid": False}
    check_document(status, documents.OrderStatus)


async def test_a_code_settles_the_held_invoice(client: OrderClient) -> None:
    order_id, payment = await client.buy("/createorder", {"country": GERMANY, "service": "openAI"})
    waiting = await client.until(order_id, lambda status: "number" in status)
    assert not payment.done(), "held, not taken"

    await client.text_to(waiting["number"], "Your OpenAI code is 48010")
    done = await client.until(order_id, lambda status: "code" in status)

    assert await payment == "SUCCEEDED"
    assert done["status"] == "OK"
    assert done["paid"] is True
    assert done["code"] == 48010
    assert isinstance(done["id"], int)
    assert isinstance(done["number"], int) and str(done["number"]).startswith("49")
    assert isinstance(done["timestamp"], int)
    assert done["country"] == "Germany"
    assert isinstance(done["service"], str)
    check_document(done, documents.OrderStatus)


async def test_a_code_keeps_its_leading_zeros_as_text(client: OrderClient) -> None:
    order_id, _ = await client.buy("/createorder", {"country": USA, "service": "sim-leading-zero"})
    waiting = await client.until(order_id, lambda status: "number" in status)
    assert waiting["paid"] is True
    await client.shop.advance(2)
    done = await client.until(order_id, lambda status: "code" in status)

    assert (done["code"], done["codeText"]) == ("070051", "070051")
    assert "070051" in done["sms"]


async def test_no_number_says_so_in_the_pages_words_and_returns_the_money(
    client: OrderClient,
) -> None:
    order_id, payment = await client.buy("/createorder", {"country": USA, "service": "sim-none"})
    done = await client.until(order_id, lambda status: "error" in status)

    assert await payment == "FAILED"
    assert seed_part(done, "status", "paid", "error") == {
        "status": "OK",
        "paid": True,
        "error": "No available number, payment request is canceled. Your funds are returned to "
        "your wallet automatically.",
    }


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_order_without_a_code_is_cancelled_after_two_minutes(
    client: OrderClient, method: str
) -> None:
    order_id, payment = await client.buy("/createorder", {"country": USA, "service": "vk"})
    await client.until(order_id, lambda status: "number" in status)
    early = await client.http.request(method, "/cancelorder", params={"orderId": order_id})
    await client.shop.advance(125)
    answer = await client.http.request(method, "/cancelorder", params={"orderId": order_id})

    assert early.status_code == 409
    assert early.json()["status"] == "error"
    assert int(early.headers["retry-after"]) <= 120
    assert (answer.status_code, answer.json()) == (200, {"status": "OK"})
    assert await payment == "FAILED"
    assert (await client.status(order_id))["paid"] is True
    assert "error" in await client.status(order_id)


async def test_a_sent_text_settles_the_held_invoice(client: OrderClient) -> None:
    order_id, payment = await client.buy(
        "/createsendorder", {"phone": "+12025550111", "message": "Hello from the page"}
    )
    done = await client.until(order_id, lambda status: status.get("smsStatus") == "delivered")

    assert await payment == "SUCCEEDED"
    assert done["paid"] is True
    assert re.fullmatch(r"SM[0-9a-f]{32}", done["id"])
    texts = await client.texts_on("+12025550111")
    assert [text["text"] for text in texts] == ["Hello from the page"]
    check_document(done, documents.OrderStatus)


async def test_a_text_that_fails_returns_the_money(client: OrderClient) -> None:
    order_id, payment = await client.buy(
        "/createsendorder", {"phone": "+1234567805", "message": "Hello"}
    )
    done = await client.until(order_id, lambda status: "error" in status)

    assert await payment == "FAILED"
    assert (done["status"], done["paid"], done["smsStatus"]) == ("OK", True, "failed")


async def test_an_email_is_mailed_and_settles_the_held_invoice(client: OrderClient) -> None:
    order_id, payment = await client.buy(
        "/createemailsendorder", {"address": "satoshi@example.com", "message": "Hello by mail"}
    )
    done = await client.until(order_id, lambda status: status.get("smsStatus") == "sent")
    box = (await client.http.get("/simulator/mailbox/satoshi@example.com")).json()["messages"]

    assert await payment == "SUCCEEDED"
    assert done["paid"] is True
    assert "Hello by mail" in box[-1]["text"]
    check_document(done, documents.OrderStatus)


async def test_an_account_is_funded_and_shows_balance_and_history(client: OrderClient) -> None:
    key = await client.new_key(9500)
    answer = await client.http.get("/history", headers={"X-API-Key": key})
    history = answer.json()
    funding = history["orders"][0]

    assert await client.balance(key) == 9500
    assert (history["status"], history["totalAmount"]) == ("OK", 9500)
    assert set(funding) == field_names(documents.Funding)
    assert (funding["amount"], funding["price"]) == (9500, 9500)
    assert funding["desc"] == funding["description"] == "fund account"
    assert funding["userId"] == key
    assert isinstance(funding["createdAt"], int)
    assert isinstance(funding["holdinvoice"], bool)
    proof = hashlib.sha256(bytes.fromhex(funding["preimage"])).hexdigest()
    assert proof == funding["preimageHash"]
    check_document(history, documents.History)


async def test_immediate_orders_are_paid_from_the_balance(client: OrderClient) -> None:
    key = await client.new_key(5000)
    created = await client.order(
        "/createsendorder",
        {"phone": GETS_IT, "message": "Now", "immediate": True},
        X_API_Key=key,
    )
    done = await client.until(created["orderId"], lambda status: status["state"] == "settled")

    assert created["payreq"] == "paid"
    assert done["paid"] is True
    assert await client.balance(key) == 4000
    check_document(created, documents.Created)


async def test_the_ledger_shows_every_debit_and_credit(client: OrderClient) -> None:
    key = await client.new_key(5000)
    created = await client.order(
        "/createsendorder",
        {"phone": GETS_IT, "message": "Now", "immediate": True},
        X_API_Key=key,
    )
    await client.until(created["orderId"], lambda status: status["state"] == "settled")
    headers = {"X-API-Key": key}
    first = (await client.http.get("/v1/ledger?limit=1", headers=headers)).json()
    query = {"limit": 5, "cursor": first["next"]}
    second = (await client.http.get("/v1/ledger", params=query, headers=headers)).json()

    assert [entry["amount"] for entry in first["entries"]] == [-1000]
    assert [entry["amount"] for entry in second["entries"]] == [5000]
    assert "next" not in second
    for page in (first, second):
        check_document(page, documents.LedgerPage)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/createorder", {"country": USA, "service": "vk"}),
        ("/createsendorder", {"phone": GETS_IT, "message": "Now"}),
        ("/createemailsendorder", {"address": "a@example.com", "message": "Now"}),
    ],
)
async def test_immediate_needs_a_key_with_enough_on_it(
    client: OrderClient, path: str, body: dict[str, Any]
) -> None:
    key = await client.new_key(100)
    answers = [
        await client.post(path, {**body, "immediate": True}, **headers)
        for headers in ({}, {"X_API_Key": "rb_nobody_knows_me"}, {"X_API_Key": key})
    ]

    assert [answer.status_code for answer in answers] == [401, 401, 402]
    assert {answer.json()["status"] for answer in answers} == {"error"}
    reported = answers[2].json()
    assert reported["error_code"] == "INSUFFICIENT_FUNDS"
    assert re.search(r'POST /fund \{"amount": \d+\}', reported["suggestion"])
    assert await client.balance(key) == 100


async def test_a_rental_costs_by_started_blocks_of_four_hours(client: OrderClient) -> None:
    price = await client.get("/price", country=USA, rentalHours=5)
    four = await client.order("/createorder", {"country": USA, "isRental": True})
    five = await client.order(
        "/createorder", {"country": USA, "service": "vk", "isRental": True, "rentalHours": 5}
    )

    assert (four["price"], five["price"], price["rent"]) == (15000, 30000, 30000)


@pytest.mark.parametrize(
    ("message", "segments"),
    [("a" * 140, 1), ("я" * 71, 2), ("я" * 140, 3), ("😀" * 140, 5), ("€" * 81, 2)],
)
async def test_the_price_is_what_the_invoice_says(
    client: OrderClient, message: str, segments: int
) -> None:
    prices = await client.get("/price", message=message, phone="+12025550123")
    created = await client.order("/createsendorder", {"phone": "+12025550123", "message": message})

    assert created["segments"] == segments
    assert created["price"] == prices["send"] == 1000 * segments
    assert bolt11.decode(created["payreq"]).amount_msat == created["price"] * 1000


@pytest.mark.parametrize("body", [{"phone": GETS_IT, "message": "As a form & more"}])
async def test_forms_and_queries_are_read_like_json(
    client: OrderClient, body: dict[str, str]
) -> None:
    as_form = await client.http.post("/createsendorder", data=body)
    as_query = await client.http.post("/createsendorder", params=body)
    called_a_form = await client.http.post(
        "/createsendorder",
        content=b'{"phone": "+1234567800", "message": "curl -d"}',
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )

    assert [answer.status_code for answer in (as_form, as_query, called_a_form)] == [200] * 3


@pytest.mark.parametrize(
    "phone", ["+12025550123", "12025550123", "0012025550123", "+1 (202) 555-0123", 12025550123]
)
async def test_a_phone_is_taken_as_people_write_it(client: OrderClient, phone: str | int) -> None:
    answer = await client.post("/createsendorder", {"phone": phone, "message": "Hello"})

    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("country", [187, "187", "USA", "united states", "us", 187.0, 999, "auto"])
async def test_a_country_is_taken_as_people_write_it(
    client: OrderClient, country: int | str
) -> None:
    answer = await client.post("/createorder", {"country": country, "service": "other"})

    assert answer.status_code == 200, answer.text
