"""Clients are told how many requests they may still send, before and after they are refused."""

from __future__ import annotations

import re

import pytest

from api.conftest import OpenShop
from support.clients.l402 import say

ORIGIN = {"Origin": "https://page.example"}
STANDING = re.compile(r'"(?P<name>[a-z-]+)";r=(?P<left>\d+);t=(?P<wait>\d+)')


def left_of(standing: str) -> int:
    found = STANDING.fullmatch(standing)
    assert found is not None, standing
    return int(found["left"])


@pytest.mark.parametrize("path", ["/price", "/voice/v1/voices"])
async def test_every_guarded_answer_says_how_many_are_left(open_shop: OpenShop, path: str) -> None:
    shop = await open_shop(limits="on", abuse={"reads_per_minute": 2})
    answers = [await shop.http.get(path, headers=ORIGIN) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [left_of(answer.headers["ratelimit"]) for answer in answers] == [1, 0, 0]
    for answer in answers:
        assert answer.headers["ratelimit-policy"] == '"read";q=2;w=60'
        exposed = answer.headers["access-control-expose-headers"]
        assert "RateLimit" in exposed
        assert "access-control-allow-credentials" not in answer.headers


async def test_a_refused_challenge_says_so_too(open_shop: OpenShop) -> None:
    shop = await open_shop(limits="on", l402={"challenges_per_minute": 1})
    assert (await shop.post(say())).status_code == 402
    refused = await shop.post(say())

    assert refused.status_code == 429
    assert left_of(refused.headers["ratelimit"]) == 0
    assert int(refused.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/l402/call", say()),
        ("/api/l402/send-sms", {"phone_number": "+12025550130", "message": "Hello"}),
        ("/api/l402/send-email", {"to": "ann@inbox.example", "body": "Hello"}),
    ],
)
async def test_paid_addresses_say_how_many_challenges_are_left(
    open_shop: OpenShop, path: str, body: dict[str, str]
) -> None:
    shop = await open_shop(limits="on", l402={"challenges_per_minute": 2})
    asked = await shop.post(body, path=path)
    paid = await shop.buy_credential(body, path)
    bought = await shop.post(body, paid.authorization, path=path)

    assert [asked.status_code, bought.status_code] == [402, 200]
    assert [left_of(each.headers["ratelimit"]) for each in (asked, bought)] == [1, 0]
    assert asked.headers["ratelimit-policy"] == '"requests";q=2;w=60'
