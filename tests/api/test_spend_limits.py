"""What one destination may get and what a shop sells in a day: refused before there is an invoice,
and paid back where it is over a limit only once it is paid."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import httpx
import pytest

from api.conftest import OpenShop
from ringbolt.app.checkout import place_order
from ringbolt.app.limits.spend_limits import SoldToday
from ringbolt.core.errors import RateLimited
from support.clients.l402 import say
from support.clients.orders import GERMANY, OrderClient
from support.numbers import ANSWERS
from support.waiting import eventually

PHONE = "+12025550177"
SEND = {"phone": PHONE, "message": "Hello"}
MAIL = {"address": "satoshi@example.com", "message": "Hello"}
RECEIVE = {"country": GERMANY, "service": "vk"}
_CLUMSY = re.compile(r"\(s\)|\b1 (?:seconds|minutes|hours|days|sats|numbers|addresses|invoices)\b")


async def limited(open_shop: OpenShop, **abuse: Any) -> OrderClient:
    return OrderClient(await open_shop(limits="on", abuse=abuse))


def is_refusal(answer: httpx.Response, code: str) -> dict[str, Any]:
    document: dict[str, Any] = answer.json()
    assert (answer.status_code, document["error_code"]) == (429, code)
    assert int(answer.headers["retry-after"]) >= 1
    assert document["suggestion"]
    assert not _CLUMSY.search(document["reason"] + document["suggestion"])
    return document


async def sold_out_meanwhile(
    client: OrderClient, path: str, bodies: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Orders that are placed before any is paid; their documents once all are at their end."""
    created = [await client.order(path, body) for body in bodies]
    payments = [client.pay(each["payreq"]) for each in created]
    final = ("settled", "returned")
    statuses = [
        await client.until(each["orderId"], lambda status: status["state"] in final)
        for each in created
    ]
    for status, payment in zip(statuses, payments, strict=True):
        assert await payment == ("SUCCEEDED" if status["state"] == "settled" else "FAILED")
    return statuses


@pytest.mark.parametrize(
    ("path", "body", "limit", "why"),
    [
        ("/createsendorder", SEND, {"texts_per_number_per_hour": 1}, "too many messages"),
        ("/createsendorder", SEND, {"texts_per_number_per_day": 1}, "too many messages"),
        ("/createemailsendorder", MAIL, {"mails_per_address_per_day": 1}, "too many messages"),
        ("/createsendorder", SEND, {"daily_spend_sats": 1500}, "allows in a day"),
        ("/createsendorder", SEND, {"daily_prefix_sats": 1500}, "to this country"),
    ],
)
async def test_what_goes_over_a_limit_when_it_is_paid_is_paid_back(
    open_shop: OpenShop, path: str, body: dict[str, Any], limit: dict[str, int], why: str
) -> None:
    client = await limited(open_shop, **limit)
    statuses = await sold_out_meanwhile(client, path, [body, body])
    by_state = {status["state"]: status for status in statuses}

    assert set(by_state) == {"settled", "returned"}
    assert why in by_state["returned"]["error"]
    assert "Your funds are returned to your wallet automatically." in by_state["returned"]["error"]
    assert (await client.shop.audit()).agrees
    if path == "/createsendorder":
        assert len(await client.texts_on(PHONE)) == 1


async def test_a_share_of_messages_is_reported_as_it_refills(open_shop: OpenShop) -> None:
    client = await limited(open_shop, texts_per_number_per_hour=2, mails_per_address_per_day=1)
    for path, body, share in (
        ("/createsendorder", SEND, "2 at once, and one more every 30 minutes."),
        ("/createemailsendorder", MAIL, "1 at once, and one more every day."),
    ):
        while (answer := await client.post(path, body)).status_code == 200:
            client.pay(answer.json()["payreq"])
            await client.until(answer.json()["orderId"], lambda status: status["paid"])
        reported = is_refusal(answer, "DESTINATION_LIMIT_REACHED")

        assert reported["reason"].endswith(share)


async def test_one_more_is_sent_when_the_message_said_so(open_shop: OpenShop) -> None:
    client = await limited(open_shop, texts_per_number_per_hour=2)
    for _ in range(2):
        order_id, _ = await client.buy("/createsendorder", SEND)
        await client.until(order_id, lambda status: status["paid"])
    refused_for_s = int((await client.post("/createsendorder", SEND)).headers["retry-after"])
    await client.shop.advance(refused_for_s)

    assert 1790 <= refused_for_s <= 1800
    assert (await client.post("/createsendorder", SEND)).status_code == 200


async def test_one_address_has_so_many_numbers_on_loan(open_shop: OpenShop) -> None:
    client = await limited(open_shop, open_numbers_per_client=1)
    order_id, _ = await client.buy("/createorder", RECEIVE)
    status = await client.until(order_id, lambda status: "number" in status)
    refusals = [
        await client.post("/createorder", {**RECEIVE, **more})
        for more in ({}, {"isRental": True, "service": "full"})
    ]
    reported = [is_refusal(answer, "TOO_MANY_NUMBERS") for answer in refusals]
    others = await client.post("/createsendorder", SEND)
    await client.text_to(status["number"], "Code 48010")
    await client.shop.advance(1300)

    async def again() -> bool:
        return (await client.post("/createorder", RECEIVE)).status_code == 200

    assert "1 number leased" in reported[0]["reason"]
    assert others.status_code == 200, "which needs no number"
    assert await eventually(again), "once the number went back"


async def test_a_call_over_the_daily_limit_gets_no_challenge(open_shop: OpenShop) -> None:
    shop = await open_shop(limits="on", abuse={"daily_spend_sats": 1})
    answer = await shop.post(say(ANSWERS))
    document = answer.json()

    assert (answer.status_code, document["error_code"]) == (429, "DAILY_LIMIT_REACHED")
    assert "as much as its operator allows in a day" in document["error"]
    assert "after midnight UTC" in document["suggestion"]
    assert document["charged"] is False
    assert int(answer.headers["retry-after"]) >= 1
    assert "www-authenticate" not in answer.headers


async def test_calls_to_one_country_have_a_limit_of_their_own(open_shop: OpenShop) -> None:
    shop = await open_shop(limits="on", abuse={"daily_prefix_sats": 1})
    answer = await shop.post(say(PHONE))

    assert (answer.status_code, answer.json()["error_code"]) == (429, "DAILY_LIMIT_REACHED")
    assert "to this country" in answer.json()["error"]
    assert (await shop.post(say(ANSWERS))).status_code == 402, "a number without a country"


async def test_what_was_sold_counts_for_the_next_call(open_shop: OpenShop) -> None:
    shop = await open_shop(limits="on")
    abuse = shop.shop.settings.abuse.model_copy(update={"daily_spend_sats": 1})
    policy = replace(shop.shop.policies.limits, abuse=abuse)
    await SoldToday(shop.shop.db, policy).check(1000, PHONE)
    _, call = await shop.buy(say(PHONE))
    await shop.until(call, lambda status: status["ringing_at"])

    with pytest.raises(RateLimited, match="allows in a day"):
        await SoldToday(shop.shop.db, policy).check(1000, PHONE)


async def test_orders_and_calls_share_what_may_be_sold(open_shop: OpenShop) -> None:
    client = await limited(open_shop, daily_spend_sats=1000)
    order_id, _ = await client.buy("/createsendorder", SEND)
    await client.until(order_id, lambda status: status["paid"])

    assert is_refusal(await client.post("/createorder", RECEIVE), "DAILY_LIMIT_REACHED")
    assert (await client.shop.post(say(ANSWERS))).status_code == 429


@pytest.mark.parametrize(
    ("limit", "code", "at_least_s"),
    [
        ({"texts_per_number_per_hour": 1}, "LIMIT_REACHED", 3590),
        ({"daily_spend_sats": 1500}, "LIMIT_REACHED", 60),
    ],
)
async def test_who_is_over_a_limit_at_the_last_moment_learns_when_to_come_back(
    open_shop: OpenShop,
    monkeypatch: pytest.MonkeyPatch,
    limit: dict[str, int],
    code: str,
    at_least_s: int,
) -> None:
    client = await limited(open_shop, **limit)
    key = await client.new_key(5000)

    async def looks_free(*_: object) -> None:
        """As it did a moment before another order was placed."""

    monkeypatch.setattr(place_order, "check_purchase", looks_free)
    body = {**SEND, "immediate": True}
    first = await client.post("/createsendorder", body, X_API_Key=key)
    second = await client.post("/createsendorder", body, X_API_Key=key)

    assert first.status_code == 200
    is_refusal(second, code)
    assert int(second.headers["retry-after"]) >= at_least_s
    assert await client.balance(key) == 4000
