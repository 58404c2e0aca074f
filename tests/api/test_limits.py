"""Limits, switched on: they are counted before the node is asked, and never for who has paid."""

from __future__ import annotations

import pytest

from api.conftest import OpenShop
from ringbolt.lightning.node import Invoice
from support.clients.l402 import PATH, play, say
from support.numbers import ANSWERS, LISTENS, PLAIN
from support.servers.shop import ShopServer


async def test_too_many_challenges_are_refused_before_the_node_is_asked(
    open_shop: OpenShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = await open_shop(limits="on", l402={"challenges_per_minute": 5})
    asked = 0
    create = shop.shop.node.create_invoice

    async def counted(amount_msat: int, memo: str, expiry_s: int, preimage: bytes) -> Invoice:
        nonlocal asked
        asked += 1
        return await create(amount_msat, memo, expiry_s, preimage)

    monkeypatch.setattr(shop.shop.node, "create_invoice", counted)
    answers = [await shop.post(say(ANSWERS)) for _ in range(8)]

    assert [answer.status_code for answer in answers] == [402] * 5 + [429] * 3
    assert asked == 5


async def test_a_refusal_says_when_to_come_back(open_shop: OpenShop) -> None:
    shop = await open_shop(limits="on", l402={"challenges_per_minute": 1})
    await shop.post(say(ANSWERS))
    answer = await shop.post(say(ANSWERS))
    document = answer.json()

    assert (answer.status_code, document["error_code"]) == (429, "RATE_LIMITED")
    assert int(answer.headers["retry-after"]) == document["retry_after_seconds"]
    assert 1 <= document["retry_after_seconds"] <= 60
    assert document["charged"] is False


async def test_who_has_paid_is_served_whatever_the_limit(open_shop: OpenShop) -> None:
    shop = await open_shop(limits="on", l402={"challenges_per_minute": 1})
    paid = await shop.buy_credential(say(ANSWERS))
    assert (await shop.post(say(ANSWERS))).status_code == 429
    answer = await shop.post(say(ANSWERS), paid.authorization)

    assert answer.status_code == 200
    for _ in range(5):
        assert (await shop.http.get(answer.json()["status_url"])).status_code == 200


async def test_a_refused_credential_s_order_is_reported_though_the_limit_is_reached(
    open_shop: OpenShop,
) -> None:
    shop = await open_shop(limits="on", l402={"challenges_per_minute": 1})
    paid = await shop.buy_credential(say(ANSWERS))
    await shop.advance(86_401)
    late = await shop.post(say(ANSWERS), paid.authorization)

    assert late.status_code == 429
    status = await shop.status(late.json()["previous"])
    assert status["refund"]["status"] == "pending"


async def test_bad_bodies_are_reported_as_such_whatever_the_limit(open_shop: OpenShop) -> None:
    shop = await open_shop(limits="on", l402={"challenges_per_minute": 1})
    answers = [await shop.post(say("12")) for _ in range(4)]

    assert {answer.status_code for answer in answers} == {400}


async def test_a_forwarded_address_is_believed_from_a_trusted_proxy_only(
    open_shop: OpenShop,
) -> None:
    shop = await open_shop(
        limits="on", l402={"challenges_per_minute": 1}, trusted_proxies="192.0.2.1"
    )
    first = await shop.post(say(ANSWERS), X_Forwarded_For="203.0.113.1")
    second = await shop.post(say(ANSWERS), X_Forwarded_For="203.0.113.2")

    assert (first.status_code, second.status_code) == (402, 429)


async def test_behind_a_trusted_proxy_every_client_has_its_own_limit(open_shop: OpenShop) -> None:
    shop = await open_shop(
        limits="on", l402={"challenges_per_minute": 1}, trusted_proxies="127.0.0.1"
    )
    answers = [
        await shop.post(say(ANSWERS), X_Forwarded_For=f"203.0.113.{n}", X_Forwarded_Proto="https")
        for n in (1, 2, 1)
    ]

    assert [answer.status_code for answer in answers] == [402, 402, 429]
    described = await shop.http.get(PATH, headers={"X-Forwarded-Proto": "https"})
    assert described.json()["access"]["endpoint"].startswith("https://")


async def test_looking_at_files_has_a_limit_of_its_own(open_shop: OpenShop) -> None:
    shop = await open_shop(limits="on")
    answers = [await shop.post(play(f"http://10.0.0.1/{n}.mp3")) for n in range(25)]

    assert [answer.status_code for answer in answers[:20]] == [422] * 20
    assert answers[-1].status_code == 429
    assert (await shop.post(say(ANSWERS))).status_code == 402


async def test_without_limits_nothing_is_counted(shop: ShopServer) -> None:
    answers = [await shop.post(say(ANSWERS)) for _ in range(200)]

    assert {answer.status_code for answer in answers} == {402}


async def test_more_calls_than_lines_wait_and_are_all_placed(open_shop: OpenShop) -> None:
    shop = await open_shop(limits="on", calls={"max_concurrent": 2})
    answers = [(await shop.buy(say(LISTENS, n=n)))[1] for n in range(6)]

    for answer in answers:
        assert (await shop.until_over(answer))["status"] == "completed"


async def test_a_call_that_waits_too_long_for_a_line_is_paid_back(open_shop: OpenShop) -> None:
    shop = await open_shop(
        limits="on", calls={"max_concurrent": 1, "ring_timeout_s": 120}, simulator={"speed": 0.1}
    )
    _, first = await shop.buy(say(PLAIN))
    await shop.until(first, lambda status: status["order_state"] == "in_progress")
    _, second = await shop.buy(say(PLAIN, n=2))
    await shop.advance(301)
    status = await shop.until(second, lambda status: status["order_state"] == "failed")

    assert "in time" in status["reason"]
    assert status["refund"]["status"] == "pending"


async def test_a_number_is_left_in_peace_after_so_many_calls_an_hour(open_shop: OpenShop) -> None:
    shop = await open_shop(limits="on", calls={"per_number_per_hour": 2, "ring_timeout_s": 5})
    for n in range(2):
        _, placed = await shop.buy(say(PLAIN, f"Call {n}."))
        await shop.until(placed, lambda status: status["ringing_at"])
    _, too_much = await shop.buy(say(PLAIN, "Call 2."))
    given_up = await shop.until(too_much, lambda status: status["order_state"] == "failed")

    assert "too often" in given_up["reason"]
    assert given_up["refund"]["status"] == "pending"
    assert len(await shop.calls_of(PLAIN)) == 2
