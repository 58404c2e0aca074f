"""An estimate is exactly what the invoice of the same request says."""

from __future__ import annotations

from typing import Any

import pytest

from support.clients.l402 import say
from support.numbers import ANSWERS
from support.servers.shop import ShopServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

LONG = "☃ " * 60
"""Two segments, because it needs UCS-2."""
DE = {"country": "germany"}


async def estimate(shop: ShopServer, **request: Any) -> dict[str, Any]:
    by_get = await shop.http.get("/api/estimate-cost", params=request)
    by_post = await shop.http.post("/api/estimate-cost", json=request)
    assert by_get.status_code == 200, by_get.text
    assert by_get.json() == by_post.json()
    found: dict[str, Any] = by_get.json()
    return found


@pytest.mark.parametrize(
    ("request_", "path", "order"),
    [
        ({"service": "place-call", **say(ANSWERS)}, "/api/l402/place-call", say(ANSWERS)),
        (
            {"service": "call", **say(ANSWERS, duration_minutes=3, repeat=2)},
            "/api/l402/place-call",
            say(ANSWERS, duration_minutes=3, repeat=2),
        ),
        (
            {"service": "send-sms", "phone_number": "+12025550177", "message": LONG},
            "/createsendorder",
            {"phone": "+12025550177", "message": LONG},
        ),
        ({"service": "code", "app": "vk", **DE}, "/createorder", {"service": "vk", **DE}),
        (
            {"service": "rent", "hours": 8, **DE},
            "/createorder",
            {"isRental": True, "rentalHours": 8, **DE},
        ),
        (
            {"service": "email"},
            "/createemailsendorder",
            {"address": "a@example.com", "message": "Hello"},
        ),
    ],
)
async def test_it_is_what_the_invoice_says(
    shared_shop: ShopServer, request_: dict[str, Any], path: str, order: dict[str, Any]
) -> None:
    found = await estimate(shared_shop, **request_)
    ordered = (await shared_shop.http.post(path, json=order)).json()

    price = ordered["amount_sats"] if "amount_sats" in ordered else ordered["price"]
    assert found["exact"] is True
    assert found["amount_msat"] == found["amount_sats"] * 1000
    assert found["amount_sats"] == price


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        ({}, 400, "MISSING_FIELD"),
        ({"service": "pizza"}, 400, "UNKNOWN_SERVICE"),
        ({"service": "call", "phone_number": "12"}, 400, "INVALID_PHONE_NUMBER"),
        ({"service": "call", "duration_minutes": "x"}, 400, "INVALID_DURATION"),
        ({"service": "call", "duration_minutes": "nan"}, 400, "INVALID_DURATION"),
        ({"service": "code", "app": "nowhere-such"}, 400, "UNKNOWN_SERVICE"),
        ({"service": "code", "country": "atlantis"}, 400, "UNKNOWN_COUNTRY"),
        ({"service": "rent", "hours": "-1"}, 400, "OUT_OF_RANGE"),
    ],
)
async def test_what_cannot_be_priced_is_refused_in_plain_words(
    shared_shop: ShopServer, request_: dict[str, Any], status: int, code: str
) -> None:
    answer = await shared_shop.http.get("/api/estimate-cost", params=request_)

    assert (answer.status_code, answer.headers["x-error-code"]) == (status, code), answer.text
    assert answer.json()["suggestion"]


async def test_the_lowest_price_is_said_to_be_no_more(shared_shop: ShopServer) -> None:
    found = await estimate(shared_shop, service="call")

    assert found["exact"] is False
    assert found["amount_sats"] > 0
