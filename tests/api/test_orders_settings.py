"""What the operator's settings do to the orders API."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from standardwebhooks import Webhook

from api.conftest import OpenShop
from ringbolt.api.orders import documents
from ringbolt.api.orders.routes import orders_api
from support.clients.orders import GETS_IT, USA, OrderClient
from support.documents import check_document
from support.servers.in_flight import InFlight
from support.servers.shop import ShopServer
from support.servers.sites import site
from support.waiting import PATIENCE_S, eventually

CRLF = b"\r\n"
SEND = {"phone": GETS_IT, "message": "Hello"}


async def test_a_price_table_holds_for_prices_and_invoices_alike(
    open_shop: OpenShop, tmp_path: Path
) -> None:
    table = tmp_path / "prices.csv"
    table.write_text(
        "kind,country,service,sats\nreceive,germany,tg,1234\nsend,germany,,1500\nrent,us,,9000\n"
    )
    client = OrderClient(await open_shop(prices={"table": str(table)}))

    for path, body, said in (
        ("/createorder", {"country": "DE", "service": "telegram"}, "receive"),
        ("/createorder", {"country": "DE", "service": "vk"}, "receive"),
        ("/createorder", {"country": 187, "isRental": True, "rentalHours": 9}, "rent"),
        ("/createsendorder", {"phone": "+4915123456789", "message": "ä" * 140}, "send"),
        ("/createsendorder", {"phone": "+12025550123", "message": "x" * 140}, "send"),
    ):
        prices = await client.get("/price", **body)
        assert (await client.order(path, body))["price"] == prices[said], body
    assert (await client.get("/price", country="DE", service="tg"))["receive"] == 1234
    assert (await client.get("/getPrice", country="germany", service="Telegram"))["price"] == 1234


async def test_an_e_mail_has_one_price_however_long_it_is(open_shop: OpenShop) -> None:
    client = OrderClient(await open_shop(sms={"max_chars": 200}))
    long = {"message": "й" * 139}
    text = await client.get("/price", **long)
    mail = await client.get("/price", **long, address="bob@example.com")
    sold = await client.order("/createemailsendorder", {**long, "address": "bob@example.com"})
    wrong = await client.http.get("/price", params={"address": "bob"})

    assert (mail["send"], text["send"]) == (sold["price"], 3 * sold["price"])
    assert (wrong.status_code, wrong.json()["field"]) == (400, "address")


async def test_denied_services_are_neither_listed_nor_sold(open_shop: OpenShop) -> None:
    client = OrderClient(await open_shop(abuse={"denied_services": ("tg",)}))
    listed = {item["code"] for item in await client.get("/getServices", country=USA)}
    answer = await client.post("/createorder", {"country": USA, "service": "Telegram"})

    assert "tg" not in listed
    assert "vk" in listed
    assert answer.status_code == 400
    assert answer.json()["field"] == "service"


async def test_every_error_is_a_500_where_clients_want_it(open_shop: OpenShop) -> None:
    client = OrderClient(await open_shop(compat={"errors_as_500": True}))
    answers = [
        await client.post("/createsendorder", {"phone": "12"}),
        await client.http.get("/orderstatus", params={"orderId": "abc"}),
        await client.http.get("/balance"),
        await client.http.put("/createorder"),
        await client.http.post("/createorder", content=b"{"),
    ]

    assert [answer.status_code for answer in answers] == [500] * 5
    assert {answer.json()["status"] for answer in answers} == {"error"}
    assert all(answer.json()["reason"] for answer in answers)


@pytest.mark.parametrize(
    ("code_type", "service", "code"),
    [("string", "sim-leading-zero", "070051"), ("number", "sim-leading-zero", 70051)],
)
async def test_a_code_is_typed_as_clients_want_it(
    open_shop: OpenShop, code_type: str, service: str, code: str | int
) -> None:
    client = OrderClient(await open_shop(compat={"code_type": code_type}))
    order_id, _ = await client.buy("/createorder", {"country": USA, "service": service})
    await client.until(order_id, lambda status: "number" in status)
    await client.shop.advance(2)
    done = await client.until(order_id, lambda status: "code" in status)

    assert done["code"] == code
    assert done["codeText"] == "070051"


async def test_too_many_orders_of_one_address_are_refused(open_shop: OpenShop) -> None:
    client = OrderClient(
        await open_shop(limits="on", abuse={"orders_per_minute": 3, "reads_per_minute": 5})
    )
    orders = [await client.post("/createsendorder", SEND) for _ in range(4)]
    reads = [await client.http.get("/price") for _ in range(6)]

    assert [answer.status_code for answer in orders] == [200] * 3 + [429]
    assert [answer.status_code for answer in reads] == [200] * 5 + [429]
    for refused in (orders[-1], reads[-1]):
        assert refused.json()["error_code"] == "RATE_LIMITED"
        assert 1 <= int(refused.headers["retry-after"]) <= 60


async def test_a_webhook_that_is_sent_again_counts_as_an_order(open_shop: OpenShop) -> None:
    client = OrderClient(await open_shop(limits="on", abuse={"orders_per_minute": 3}))
    path = "/v1/webhooks/msg_52c173722f9bae50443a9663/resend"
    again = [await client.post(path, {"orderId": "0" * 64}) for _ in range(4)]

    assert [answer.status_code for answer in again] == [404] * 3 + [429]


async def test_an_unknown_key_makes_an_account_only_where_it_may(open_shop: OpenShop) -> None:
    key = {"X_API_Key": "my-own-very-long-and-random-key"}
    closed = OrderClient(await open_shop())
    refused = await closed.post("/fund", {"amount": 1000}, **key)

    assert refused.status_code == 401
    assert refused.json()["status"] == "error"


async def test_self_service_makes_an_account_of_the_first_funding(open_shop: OpenShop) -> None:
    client = OrderClient(await open_shop(keys={"self_service": True}))
    key = "my-own-very-long-and-random-key"
    before = await client.http.get("/balance", headers={"X-API-Key": key})
    funded = await client.order("/fund", {"amount": 1}, X_API_Key=key)
    await client.pay(funded["payreq"])

    async def there() -> bool:
        return await client.balance(key) == 1

    assert before.status_code == 401
    assert await eventually(there)


async def test_the_subject_is_the_buyers_where_it_may_be(open_shop: OpenShop) -> None:
    client = OrderClient(await open_shop(mail={"allow_subject": True}))
    subjects = ["Grüße", "[y] -  Übung " * 12 + "!", "e\u0301\u0323 \u202eabc\u202c 🙂  ?= =2 _"]
    for subject in subjects:
        mail = {"address": "satoshi@example.com", "message": "Hello", "subject": subject}
        _, payment = await client.buy("/createemailsendorder", mail)
        assert await payment == "SUCCEEDED"
    box = (await client.http.get("/simulator/mailbox/satoshi@example.com")).json()["messages"]

    assert sorted(mail["subject"] for mail in box) == sorted(subjects)


async def test_a_subject_that_would_be_decoded_is_refused_before_it_is_paid(
    open_shop: OpenShop,
) -> None:
    client = OrderClient(await open_shop(mail={"allow_subject": True}))
    word = f"=?utf-8?b?{b64encode(b'Hi' + CRLF + b'Bcc: eve@example.com').decode()}?="
    mail = {"address": "satoshi@example.com", "message": "Hello", "subject": word}

    answer = await client.http.post("/createemailsendorder", json=mail)

    assert answer.status_code == 400
    assert answer.json()["field"] == "subject"
    assert "encoded" in answer.json()["reason"]


async def test_stopping_the_shop_ends_long_polls_and_streams(
    open_shop: OpenShop, endless_waits: int
) -> None:
    client = OrderClient(await open_shop())
    order_id = (await client.order("/createsendorder", SEND))["orderId"]
    api = orders_api(client.shop.shop)
    requests = InFlight(api)
    transport = httpx.ASGITransport(app=requests)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as http:
        waits = [
            asyncio.create_task(http.get(f"/orderstatus?orderId={order_id}&wait={endless_waits}")),
            asyncio.create_task(http.get(f"/v1/orders/{order_id}/events")),
        ]
        await requests.until_at("/orderstatus")
        await requests.until_notified(f"/v1/orders/{order_id}/events")
        assert not any(wait.done() for wait in waits)
        api.close()
        async with asyncio.timeout(PATIENCE_S):
            answers = await asyncio.gather(*waits)

    assert [answer.status_code for answer in answers] == [200, 200]
    assert all('"paid":false' in answer.text for answer in answers)


async def test_past_the_framework_the_answers_are_the_same(open_shop: OpenShop) -> None:
    client = OrderClient(await open_shop())
    order_id = (await client.order("/createsendorder", SEND))["orderId"]
    api = orders_api(client.shop.shop)
    transport = httpx.ASGITransport(app=api)
    browser = {"Origin": "https://app.example.com"}
    async with httpx.AsyncClient(transport=transport, base_url=client.shop.url) as http:
        for path in ("/", "/price", f"/v1/orders/{order_id}", "/assets/saimages/vk0.png", "/u/x"):
            assert api.find(path)
            direct = await http.get(path, headers=browser)
            framed = await client.http.get(path, headers=browser)
            assert (direct.status_code, direct.content) == (framed.status_code, framed.content)
            assert direct.headers["access-control-allow-origin"] == "*"
        preflight = {"Access-Control-Request-Method": "POST", **browser}
        assert (await http.options("/createorder", headers=preflight)).status_code == 200
    assert not api.find("/v1/orders")
    assert not api.find("/healthz")


async def test_orders_are_bought_and_followed_on_both_databases(any_shop: ShopServer) -> None:
    client = OrderClient(any_shop)
    order_id, payment = await client.buy("/createorder", {"country": USA, "service": "vk"})
    waiting = await client.until(order_id, lambda status: "number" in status)
    poll = asyncio.create_task(client.status(order_id, wait=30))
    await any_shop.requests.until_at("/orderstatus")
    await client.text_to(waiting["number"], "Code 48010")

    assert (await poll)["code"] == 48010
    assert await payment == "SUCCEEDED"
    assert (await any_shop.audit()).agrees


Receivers = list[tuple[Mapping[str, str], bytes]]


@asynccontextmanager
async def receiver(*statuses: int) -> AsyncIterator[tuple[str, Receivers]]:
    """A webhook's receiver, its URL and what it was told; it answers with ``statuses`` in turn."""
    reported: Receivers = []

    async def answer(request: web.BaseRequest) -> web.Response:
        reported.append((dict(request.headers), await request.read()))
        return web.Response(status=statuses[min(len(reported), len(statuses)) - 1])

    async with site(answer) as served:
        yield served.origin, reported


async def test_every_change_is_sent_to_the_webhook_signed(open_shop: OpenShop) -> None:
    async with receiver(200) as (origin, reported):
        client = OrderClient(await open_shop(fetch={"allow_origins": (origin,)}))
        created = await client.order("/createsendorder", {**SEND, "webhookUrl": f"{origin}/hook"})
        client.pay(created["payreq"])
        order_id = created["orderId"]
        last = await client.until(order_id, lambda status: status.get("smsStatus") == "delivered")

        async def heard() -> bool:
            return bool(reported) and json.loads(reported[-1][1]).get("smsStatus") == "delivered"

        async def written_down() -> dict[str, Any] | None:
            log: dict[str, Any] = await client.get(f"/v1/orders/{order_id}/webhooks")
            states = {entry["state"] for entry in log["webhooks"]}
            return log if states == {"delivered"} else None

        await eventually(heard)
        log = await eventually(written_down)

    signer = Webhook(created["webhookSecret"])
    documents_reported = [signer.verify(body.decode(), dict(headers)) for headers, body in reported]
    final = documents_reported[-1]
    assert {document["orderId"] for document in documents_reported} == {order_id}
    for name in set(last) - {"state", "timestamp"}:  # it may have been settled since
        assert final[name] == last[name]
    assert len(log["webhooks"]) == len(reported)
    check_document(log, documents.WebhookLog)


async def test_a_webhook_is_sent_again_for_who_knows_the_order(open_shop: OpenShop) -> None:
    async with receiver(410, 200) as (origin, reported):
        client = OrderClient(await open_shop(fetch={"allow_origins": (origin,)}))
        key = await client.new_key(1000)
        stranger = await client.new_key()
        body = {**SEND, "webhookUrl": origin, "immediate": True}
        created = await client.order("/createsendorder", body, X_API_Key=key)
        path = f"/v1/orders/{created['orderId']}/webhooks"

        async def given_up() -> str:
            for entry in (await client.get(path))["webhooks"]:
                if entry["state"] == "given_up":
                    return str(entry["id"])
            return ""

        webhook_id = await eventually(given_up)
        resend = f"/v1/webhooks/{webhook_id}/resend"
        refused = [
            await client.post(resend),
            await client.post(resend, {"orderId": "0" * 64}),
            await client.post(resend, X_API_Key=stranger),
            await client.post("/v1/webhooks/msg_unknown/resend", {"orderId": created["orderId"]}),
        ]
        by_order = await client.post(resend, {"orderId": created["orderId"]})

        async def reported_twice() -> bool:
            ids = [headers["webhook-id"] for headers, _ in reported]
            return ids.count(webhook_id) >= 2

        await eventually(reported_twice)
        by_key = await client.post(resend, X_API_Key=key)

    headers, body_reported = reported[0]
    assert Webhook(created["webhookSecret"]).verify(body_reported.decode(), dict(headers))
    assert [answer.status_code for answer in refused] == [404] * 4
    assert by_order.json() == {"status": "OK", "id": webhook_id}
    assert by_key.status_code == 200


@pytest.mark.parametrize("settle_on", ["sent", "delivered"])
async def test_a_text_of_which_a_part_was_never_sent_costs_nothing_whatever_is_sold(
    open_shop: OpenShop, settle_on: str
) -> None:
    client = OrderClient(await open_shop(sms={"settle_on": settle_on}))
    body = {"phone": "+1234567824", "message": "й" * 139}
    order_id, payment = await client.buy("/createsendorder", body)

    assert await payment == "FAILED"
    status = await client.until(order_id, lambda seen: seen["state"] == "returned")
    assert status["smsStatus"] == "failed"
    assert await client.texts_on("+1234567824") == []
