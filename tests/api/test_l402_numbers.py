"""Codes and rented numbers by ``/v2/l402/order``: paid once, polled as often as wanted."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pymacaroons
import pytest
from standardwebhooks import Webhook as Verifier

from api.conftest import OpenShop
from ringbolt.store import operator_changes
from support.clients.l402 import Paid
from support.clients.orders import GERMANY, USA, OrderClient
from support.servers.shop import ShopServer
from support.servers.webhooks import receiving
from support.waiting import eventually

PATH = "/v2/l402/order"
PRICE = 3000
Seen = dict[str, Any]


def code(service: str = "tg", **more: Any) -> dict[str, Any]:
    return {"type": "receive-sms", "country": USA, "service": service, **more}


def rent(**more: Any) -> dict[str, Any]:
    return {"type": "rent-number", "country": USA, **more}


class Order:
    """A paid order, polled with one credential. ``authorization`` shows it."""

    def __init__(self, shop: ShopServer, paid: Paid, authorization: str = "") -> None:
        self.shop = shop
        self.paid = paid
        self.id: str = paid.document["orderId"]
        self.authorization = authorization or paid.authorization

    async def get(self, authorization: str | None = None, order_id: str = "") -> httpx.Response:
        shown = self.authorization if authorization is None else authorization
        headers = {"Authorization": shown} if shown else {}
        return await self.shop.http.get(f"{PATH}/{order_id or self.id}", headers=headers)

    async def status(self) -> Seen:
        answer = await self.get()
        assert answer.status_code == 200, answer.text
        seen: Seen = answer.json()
        return seen

    async def until(self, happened: Callable[[Seen], Any]) -> Seen:
        async def probe() -> Seen | None:
            seen = await self.status()
            return seen if happened(seen) else None

        return await eventually(probe)

    async def with_number(self) -> Seen:
        return await self.until(lambda seen: "number" in seen)

    async def cancel(self, authorization: str | None = None) -> httpx.Response:
        shown = self.authorization if authorization is None else authorization
        return await self.shop.post({}, shown, path=f"{PATH}/{self.id}/cancel")

    async def text(self, text: str) -> None:
        seen = await self.with_number()
        await OrderClient(self.shop).text_to(seen["number"], text)


async def bought(shop: ShopServer, body: dict[str, Any] | None = None) -> Order:
    """An order that is paid; its credential was shown nowhere."""
    return Order(shop, await shop.buy_credential(body or code(), PATH))


def mpp(asked: httpx.Response, preimage: str) -> str:
    (line,) = (
        each for each in asked.headers.get_list("www-authenticate") if each.startswith("Payment ")
    )
    challenge = dict(re.findall(r'(\w+)="([^"]*)"', line))
    document = {"challenge": challenge, "payload": {"preimage": preimage}}
    return "Payment " + base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


async def withdraw(order: Order, refund: dict[str, Any], sats: int = PRICE) -> dict[str, Any]:
    k1 = refund["withdraw_url"].rsplit("/", 1)[1]
    invoice = await order.shop.wallet_invoice(sats)
    answer = await order.shop.http.get("/lnurl/callback", params={"k1": k1, "pr": invoice})
    document: dict[str, Any] = answer.json()
    return document


async def assert_books_agree(shop: ShopServer) -> None:
    report = await shop.audit()
    assert report.differences == []


# -- bought, polled, delivered ---------------------------------------------------------------------


async def test_one_credential_buys_a_code_and_is_polled_many_times(any_shop: ShopServer) -> None:
    asked = await any_shop.post(code(), path=PATH)
    document = asked.json()
    assert asked.status_code == 402
    assert asked.headers.get_list("www-authenticate")[0].startswith('L402 macaroon="')
    assert document["macaroon"] in asked.headers.get_list("www-authenticate")[0]
    assert document["amount_sats"] == PRICE
    assert re.fullmatch("[0-9a-f]{64}", document["orderId"])
    assert document["orderId"] != document["payment_hash"], "an invoice must not name its order"
    assert document["status_url"].endswith(f"{PATH}/{document['orderId']}")
    assert (await any_shop.rows())["orders"] == 0, "an unpaid challenge leaves no row"
    preimage = await any_shop.pay(document["invoice"])
    authorization = f"L402 {document['macaroon']}:{preimage}"
    order = Order(any_shop, Paid(document, preimage, authorization))

    seen = await order.with_number()
    assert (seen["orderId"], seen["type"], seen["paid"]) == (order.id, "receive-sms", True)
    assert (seen["status"], seen["country"], seen["service"]) == ("waiting", "USA", "Telegram")
    assert seen["phone"] == f"+{seen['number']}"
    assert (seen["price_sats"], seen["charged_sats"]) == (PRICE, 0)
    await order.text("Your code is 070051")
    seen = await order.until(lambda seen: seen["status"] == "received")
    assert (seen["code"], seen["sms"], seen["charged_sats"]) == (
        "070051",
        "Your code is 070051",
        PRICE,
    )
    polls = await asyncio.gather(*(order.status() for _ in range(5)))
    assert all(poll == seen for poll in polls)
    assert (await any_shop.rows())["orders"] == 1
    assert await any_shop.transfers({"order_id": order.id}) == [
        ("payment", PRICE),
        ("capture", PRICE),
    ]
    await assert_books_agree(any_shop)


async def test_the_first_polls_at_once_acquire_one_number(any_shop: ShopServer) -> None:
    order = await bought(any_shop)

    gets = [order.get() for _ in range(4)]
    posts = [any_shop.post(code(), order.authorization, path=PATH) for _ in range(4)]
    answers = await asyncio.gather(*gets, *posts)

    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["orderId"] for answer in answers} == {order.id}
    await order.with_number()
    assert (await any_shop.rows())["orders"] == 1
    assert len(await any_shop.attempts({"call_id": order.id})) == 1
    await assert_books_agree(any_shop)


async def test_the_same_request_with_the_credential_places_the_order(shop: ShopServer) -> None:
    paid, answer = await shop.buy(code(), path=PATH)

    assert (answer["success"], answer["status"], answer["type"]) == (True, "queued", "receive-sms")
    assert answer["orderId"] == paid.document["orderId"]
    assert answer["cancel_url"] == f"{answer['status_url']}/cancel"
    order = Order(shop, paid)
    await order.with_number()
    await shop.advance(600)
    again = await shop.post(code(), paid.authorization, path=PATH)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (200, "true")


async def test_a_spent_credential_is_asked_to_pay_for_another_code(shop: ShopServer) -> None:
    order = await bought(shop)
    await order.text("Your code is 48010")
    await order.until(lambda seen: seen["status"] == "received")
    await shop.advance(3600)

    again = await shop.post(code(), order.authorization, path=PATH)

    document = again.json()
    assert (again.status_code, document["error_code"]) == (402, "L402_TOKEN_SPENT")
    assert document["orderId"] != order.id
    assert document["previous"]["order_id"] == order.id
    assert (await order.status())["code"] == "48010", "it still opens what it bought"


@pytest.mark.parametrize("scheme", ["L402", "LSAT"])
async def test_both_names_of_the_scheme_are_taken(shop: ShopServer, scheme: str) -> None:
    paid = await shop.buy_credential(code(), PATH)
    order = Order(shop, paid, paid.authorization.replace("L402", scheme, 1))

    assert (await order.with_number())["status"] == "waiting"


async def test_mpp_pays_and_polls_too(shop: ShopServer) -> None:
    asked = await shop.post(code(), path=PATH)
    preimage = await shop.pay(asked.json()["invoice"])
    order = Order(shop, Paid(asked.json(), preimage, mpp(asked, preimage)))

    early = await order.get()
    assert (early.status_code, early.json()["error_code"]) == (409, "ORDER_NOT_PLACED")
    placed = await shop.post(code(), order.authorization, path=PATH)
    assert placed.status_code == 200, placed.text
    assert placed.headers["payment-receipt"]
    await order.text("Your code is 48011")
    seen = await order.until(lambda seen: seen["status"] == "received")
    assert seen["code"] == "48011"


# -- whose order it is -----------------------------------------------------------------------------


async def test_an_order_is_seen_with_its_own_credential_only(shop: ShopServer) -> None:
    mine, other = await bought(shop), await bought(shop, code("vk"))
    await mine.with_number()
    macaroon = mine.paid.document["macaroon"]

    nothing = await mine.get("")
    unpaid = await mine.get(f"L402 {macaroon}:{'0' * 64}")
    foreign = await mine.get(other.authorization)
    nonsense = await mine.get("Bearer abc")
    unknown = await mine.get(order_id="0" * 64)
    cancelled = await mine.cancel(other.authorization)

    assert (nothing.status_code, nothing.json()["error_code"]) == (401, "L402_CREDENTIAL_MISSING")
    assert nothing.headers["www-authenticate"].startswith("L402")
    assert (unpaid.status_code, unpaid.json()["error_code"]) == (401, "L402_PREIMAGE_MISMATCH")
    assert nonsense.status_code == 401
    for answer in (foreign, unknown, cancelled):
        assert (answer.status_code, answer.json()["error_code"]) == (403, "L402_OTHER_ORDER")
    assert (await shop.rows())["orders"] == 1, "who may not see an order does not place one"
    both = await mine.get(f"{other.authorization}, {mine.authorization}")
    assert both.json()["orderId"] == mine.id


async def test_a_credential_of_another_service_opens_no_order(shop: ShopServer) -> None:
    order = await bought(shop)
    text = {"phone_number": "+12025550130", "message": "Hello"}
    paid = await shop.buy_credential(text, "/api/l402/send-sms")

    refused = await order.get(paid.authorization)

    assert (refused.status_code, refused.json()["error_code"]) == (401, "L402_REQUEST_MISMATCH")


async def test_a_credential_that_its_holder_has_bounded_opens_nothing_later(
    shop: ShopServer,
) -> None:
    order = await bought(shop)
    await order.with_number()
    held = pymacaroons.Macaroon.deserialize(order.paid.document["macaroon"])
    held.add_first_party_caveat("order_number_valid_until=1000000000")

    refused = await order.get(f"L402 {held.serialize()}:{order.paid.preimage}")

    assert (refused.status_code, refused.json()["error_code"]) == (401, "L402_TOKEN_EXPIRED")


# -- money back ------------------------------------------------------------------------------------


async def test_no_code_is_refunded_to_the_sat(any_shop: ShopServer) -> None:
    order = await bought(any_shop)
    before = await any_shop.wallet_sats()
    await order.with_number()
    await any_shop.advance(22 * 60)
    seen = await order.until(lambda seen: seen["status"] == "failed")

    assert seen["error"] == "No code came in time. Withdraw your money: see refund."
    assert (seen["charged_sats"], seen["refund"]["status"]) == (0, "pending")
    assert await withdraw(order, seen["refund"]) == {"status": "OK"}
    seen = await order.until(lambda seen: seen["status"] == "refunded")
    assert seen["refund"]["status"] == "paid"
    assert await any_shop.wallet_sats() == before + PRICE
    again = await any_shop.post(code(), order.authorization, path=PATH)
    assert (again.status_code, again.json()["error_code"]) == (402, "L402_REFUNDED")
    await assert_books_agree(any_shop)


async def test_no_number_is_refunded(shop: ShopServer) -> None:
    order = await bought(shop, code("sim-none"))
    seen = await order.until(lambda seen: seen["status"] == "failed")

    assert seen["error"].startswith("No available number, order is canceled.")
    assert await withdraw(order, seen["refund"]) == {"status": "OK"}
    await order.until(lambda seen: seen["status"] == "refunded")
    await assert_books_agree(shop)


async def test_a_cancel_gives_number_and_money_back(shop: ShopServer) -> None:
    order = await bought(shop)
    seen = await order.with_number()
    early = await order.cancel()
    assert (early.status_code, early.json()["error_code"]) == (409, "TOO_EARLY")
    assert seen["cancelAfter"] > seen["timestamp"]
    await shop.advance(130)

    cancelled, again = await asyncio.gather(order.cancel(), order.cancel())

    for answer in (cancelled, again):
        assert answer.status_code == 200, answer.text
        assert (answer.json()["status"], answer.json()["refund"]["status"]) == ("failed", "pending")
    assert await withdraw(order, cancelled.json()["refund"]) == {"status": "OK"}
    await order.until(lambda seen: seen["status"] == "refunded")
    await assert_books_agree(shop)


async def test_a_code_that_came_cannot_be_cancelled(shop: ShopServer) -> None:
    order = await bought(shop)
    await order.text("Your code is 48012")
    await order.until(lambda seen: seen["status"] == "received")
    await shop.advance(130)

    refused = await order.cancel()

    assert refused.status_code == 409
    assert (await order.status())["charged_sats"] == PRICE


async def test_a_cancel_before_the_first_poll_acquires_nothing(shop: ShopServer) -> None:
    order = await bought(shop)

    cancelled = await order.cancel()

    assert cancelled.status_code == 200, cancelled.text
    assert (cancelled.json()["status"], "number" in cancelled.json()) == ("failed", False)
    assert await shop.attempts({"call_id": order.id}) == []
    assert (await order.status())["refund"]["status"] == "pending"
    await assert_books_agree(shop)


async def test_polls_and_a_cancel_at_once_agree(any_shop: ShopServer) -> None:
    order = await bought(any_shop)

    await asyncio.gather(order.get(), order.cancel(), order.get(), order.cancel())

    seen = await order.status()
    assert ("refund" in seen) == (seen["status"] == "failed")
    await assert_books_agree(any_shop)


async def test_a_credential_shown_too_late_is_refunded(shop: ShopServer) -> None:
    order = await bought(shop)
    await shop.advance(3 * 86_400)

    seen = await order.status()

    assert (seen["status"], "number" in seen) == ("failed", False)
    assert await withdraw(order, seen["refund"]) == {"status": "OK"}
    await order.until(lambda seen: seen["status"] == "refunded")
    await assert_books_agree(shop)


async def test_an_order_is_seen_long_after_its_credential_could_place_one(
    shop: ShopServer,
) -> None:
    order = await bought(shop)
    await order.text("Your code is 48013")
    await order.until(lambda seen: seen["status"] == "received")
    await shop.advance(3 * 86_400)

    assert (await order.status())["code"] == "48013"


# -- the other types -------------------------------------------------------------------------------


async def test_a_number_is_rented_and_shows_every_text(shop: ShopServer) -> None:
    order = await bought(shop, rent(rentalHours=8))
    seen = await order.with_number()
    assert (seen["type"], seen["status"]) == ("rent-number", "waiting")
    await order.text("First")
    await order.text("Second, code 48014")
    seen = await order.until(lambda seen: len(seen.get("messages", ())) == 2)
    assert (seen["status"], seen["charged_sats"]) == ("received", seen["price_sats"])
    assert [text["text"] for text in seen["messages"]] == ["First", "Second, code 48014"]
    await shop.advance(3600)
    refused = await order.cancel()
    assert refused.status_code == 409
    await assert_books_agree(shop)


async def test_the_same_number_gets_one_more_code(shop: ShopServer) -> None:
    former = await bought(shop)
    number = (await former.with_number())["number"]
    again = {"type": "receive-sms-reactivate", "orderId": former.id}
    early = await shop.post(again, path=PATH)
    assert (early.status_code, early.json()["error_code"]) == (409, "ORDER_NOT_OVER")
    await former.text("Your code is 48015")
    await former.until(lambda seen: seen["status"] == "received")
    await shop.advance(1500)

    async def is_over() -> bool:
        return (await shop.post(again, path=PATH)).status_code == 402

    await eventually(is_over)
    order = await bought(shop, again)
    seen = await order.with_number()

    assert (seen["type"], seen["number"]) == ("receive-sms-reactivate", number)
    await order.text("Your code is 48016")
    assert (await order.until(lambda seen: "code" in seen))["code"] == "48016"


# -- refused before anybody pays -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "error_code", "field"),
    [
        (code(type="send-sms"), 400, "UNKNOWN_ORDER_TYPE", "type"),
        ({"type": "receive-sms", "country": USA}, 400, "MISSING_FIELD", "service"),
        (code("no such service at all"), 400, "UNKNOWN_SERVICE", "service"),
        (code(country="Atlantis"), 400, "UNKNOWN_COUNTRY", "country"),
        (code("full"), 400, "UNKNOWN_SERVICE", "service"),
        (code(rentalHours=4), 400, "CONTRADICTION", "rentalHours"),
        (code(orderId="0" * 64), 400, "CONTRADICTION", "orderId"),
        (rent(rentalHours=0), 400, "OUT_OF_RANGE", "rentalHours"),
        (code(refund_address="nobody"), 400, "INVALID_REFUND_ADDRESS", "refund_address"),
        ({"type": "receive-sms-reactivate"}, 400, "MISSING_FIELD", "orderId"),
        (
            {"type": "receive-sms-reactivate", "orderId": "0" * 64},
            404,
            "ORDER_NOT_FOUND",
            "orderId",
        ),
        (
            {"type": "receive-sms-reactivate", "orderId": "0" * 64, "service": "vk"},
            400,
            "CONTRADICTION",
            "service",
        ),
    ],
)
async def test_what_is_not_sold_is_refused_before_the_invoice(
    shop: ShopServer, body: dict[str, Any], status: int, error_code: str, field: str
) -> None:
    answer = await shop.post(body, path=PATH)

    assert (answer.status_code, answer.json()["error_code"]) == (status, error_code), answer.text
    assert answer.json()["field"] == field
    assert answer.json()["charged"] is False
    assert "www-authenticate" not in answer.headers


async def test_what_was_paid_before_sales_closed_is_served(shop: ShopServer) -> None:
    order = await bought(shop)
    await shop.shop.db.tx(operator_changes.add, "sales", '{"services":["code"]}', "", "olga")
    assert await shop.shop.terms.refresh(shop.shop.db)

    closed = await shop.post(code("vk"), path=PATH)

    assert (closed.status_code, closed.json()["error_code"]) == (503, "SERVICE_CLOSED")
    assert (await order.with_number())["status"] == "waiting"


async def test_what_is_not_sold_any_more_is_refunded(
    shop: ShopServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    polled, sent = await bought(shop), await bought(shop)
    abuse = vars(shop.shop.policies.limits.abuse)  # settings are frozen
    monkeypatch.setitem(abuse, "denied_services", ("tg",))

    seen = await polled.status()
    answer = await shop.post(code(), sent.authorization, path=PATH)

    assert (seen["status"], seen["refund"]["refund_amount"]) == ("failed", PRICE)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "SERVICE_NOT_OFFERED")
    assert answer.json()["previous"]["order_state"] == "failed"
    assert (await sent.status())["refund"]["refund_amount"] == PRICE
    await assert_books_agree(shop)


# -- lists -----------------------------------------------------------------------------------------


async def test_the_lists_say_what_can_be_ordered(shop: ShopServer) -> None:
    about = (await shop.http.get("/v2/l402")).json()
    assert about["types"] == ["receive-sms", "receive-sms-reactivate", "rent-number"]
    services = (await shop.http.get("/v2/l402/services", params={"country": "usa"})).json()
    assert services["country"] == USA
    (telegram,) = (each for each in services["services"] if each["code"] == "tg")
    assert (telegram["name"], telegram["price_sats"]) == ("Telegram", PRICE)
    assert telegram["available"] > 0
    here = (await shop.http.get("/v2/l402/catalog", params={"country": GERMANY})).json()
    assert {offer["country"] for offer in here["offers"]} == {GERMANY}
    assert {offer["type"] for offer in here["offers"]} == {"receive-sms", "rent-number"}
    assert GERMANY in here["countries"]
    everywhere = (await shop.http.get("/v2/l402/catalog", params={"service": "Telegram"})).json()
    assert len({offer["country"] for offer in everywhere["offers"]}) > 1
    offer = next(each for each in everywhere["offers"] if each["country"] == USA)
    sold = {name: offer[name] for name in ("type", "country", "service")}
    asked = await shop.post(sold, path=PATH)
    assert (asked.status_code, asked.json()["amount_sats"]) == (402, offer["price_sats"])
    wrong = await shop.http.get("/v2/l402/catalog", params={"country": "Atlantis"})
    assert (wrong.status_code, wrong.json()["error_code"]) == (400, "UNKNOWN_COUNTRY")


# -- callbacks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_posted", [True, False], ids=["placed by POST", "placed by a poll"])
async def test_the_number_and_its_code_are_told_and_signed(
    open_shop: OpenShop, *, is_posted: bool
) -> None:
    async with receiving() as receiver:
        origin = receiver.url.removesuffix("/hook")
        shop = await open_shop(fetch={"allow_origins": origin})
        body = code(callback_url=receiver.url)
        order = await bought(shop, body)
        if is_posted:
            placed = (await shop.post(body, order.authorization, path=PATH)).json()
            secret = placed["webhook_secret"]
        else:
            secret = (await order.with_number())["webhook_secret"]
        await order.text("Your code is 070051")
        seen = await order.status()

        async def told() -> bool:
            return any(hook.json["order_state"] == "settled" for hook in receiver.hooks)

        await eventually(told)
    assert seen["webhook_secret"] == secret
    notices = [hook.json for hook in receiver.hooks]
    assert [each["sequence"] for each in notices] == list(range(1, len(notices) + 1))
    assert {each["orderId"] for each in notices} == {order.id}
    assert {"status": "waiting", "phone": seen["phone"]}.items() <= next(
        each for each in notices if each["phone"]
    ).items()
    assert (notices[-1]["status"], notices[-1]["code"]) == ("received", "070051")
    verifier = Verifier(secret)
    for hook in receiver.hooks:
        verifier.verify(hook.body, hook.headers)


async def test_the_longest_callback_url_fits_into_the_credential(open_shop: OpenShop) -> None:
    async with receiving() as receiver:
        origin = receiver.url.removesuffix("/hook")
        shop = await open_shop(fetch={"allow_origins": origin})
        url = f"{receiver.url}?".ljust(1024, "x")
        order = await bought(shop, code(callback_url=url, refund_address="ann@example.com"))

        assert (await order.with_number())["webhook_secret"]


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/", "https://a.example/".ljust(1025, "x")], ids=["private", "too long"]
)
async def test_a_callback_that_cannot_be_used_is_refused_before_payment(
    shop: ShopServer, url: str
) -> None:
    answer = await shop.post(code(callback_url=url), path=PATH)

    refused = answer.json()
    assert (answer.status_code, refused["error_code"]) == (400, "WEBHOOK_URL_REFUSED")
    assert refused["field"] == "callback_url"
