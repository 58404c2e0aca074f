"""Calls that fail: who has the money afterwards, in the status, in the books, and by audit."""

from __future__ import annotations

from typing import Any

import pytest

from api.conftest import OpenShop
from ringbolt.app.attempts import MAX_ATTEMPTS
from support.clients.l402 import say
from support.numbers import (
    ANSWER_LOST,
    ANSWERS,
    BREAKS_OFF,
    BUSY,
    DECLINES,
    LISTENS,
    NEVER_ANSWERS,
    PLAIN,
    REFUSED,
    REFUSED_FOR_NOW,
    REQUEST_LOST,
)
from support.servers.shop import ShopServer
from support.waiting import eventually

UNALLOCATED = "+1234567804"
NO_MONEY_MOVED = [("payment", 50)]
CHARGED = [("payment", 50), ("capture", 50)]


async def assert_owed(shop: ShopServer, answer: dict[str, Any], status: dict[str, Any]) -> None:
    """Every account and document says that the money is the buyer's."""
    assert status["order_state"] == "failed"
    assert status["charged_sats"] == 0
    assert status["refund"]["status"] == "pending"
    assert status["refund"]["refund_amount"] == 50
    assert await shop.transfers(answer) == NO_MONEY_MOVED
    report = await shop.audit()
    assert report.differences == []
    assert (report.owed_msat, report.books.settled) == (50_000, 0)


async def assert_charged_once(shop: ShopServer, answer: dict[str, Any]) -> None:
    status = await shop.status(answer)
    assert status["order_state"] == "settled"
    assert status["charged_sats"] == 50
    assert status["refund"] is None
    assert await shop.transfers(answer) == CHARGED
    report = await shop.audit()
    assert report.differences == []
    assert (report.owed_msat, report.books.settled) == (0, 50_000)


@pytest.mark.parametrize(
    ("number", "ends", "cause"),
    [
        (BUSY, "busy", "486 Busy Here"),
        (DECLINES, "busy", "603 Decline"),
        (NEVER_ANSWERS, "no-answer", "487 Request Terminated"),
        (UNALLOCATED, "failed", "404 Not Found"),
        (REFUSED, "failed", "403 Forbidden: this destination is not served"),
    ],
)
async def test_a_call_that_nobody_answered_is_owed_to_the_buyer(
    any_shop: ShopServer, number: str, ends: str, cause: str
) -> None:
    _, answer = await any_shop.buy(say(number))
    status = await any_shop.until(answer, lambda status: status["order_state"] == "failed")

    assert (status["status"], status["cause"]) == (ends, cause)
    assert len(await any_shop.attempts(answer)) == 1, "an answer of a person is final"
    await assert_owed(any_shop, answer, status)


async def test_a_refusal_says_why_in_words(shop: ShopServer) -> None:
    _, answer = await shop.buy(say(BUSY))
    status = await shop.until_over(answer)

    assert status["reason"] == "the line was busy or the call was declined (486 Busy Here)"
    assert "nothing more is to be paid" in status["retry"]["how"]


async def test_a_carrier_without_a_free_line_is_asked_again(shop: ShopServer) -> None:
    _, answer = await shop.buy(say(REFUSED_FOR_NOW))

    async def given_up() -> dict[str, Any] | None:
        await shop.advance(10)
        status = await shop.status(answer)
        return status if status["order_state"] == "failed" else None

    status = await eventually(given_up)
    attempts = await shop.attempts(answer)
    assert [attempt.state for attempt in attempts] == ["rejected"] * MAX_ATTEMPTS
    assert await shop.calls_of(REFUSED_FOR_NOW) == []
    await assert_owed(shop, answer, status)


async def test_a_lost_answer_does_not_ring_twice(any_shop: ShopServer) -> None:
    _, answer = await any_shop.buy(say(ANSWER_LOST))
    await any_shop.until_over(answer)

    assert len(await any_shop.calls_of(ANSWER_LOST)) == 1
    assert len(await any_shop.attempts(answer)) == 1
    await assert_charged_once(any_shop, answer)


async def test_a_lost_request_is_owed_when_its_time_is_up(any_shop: ShopServer) -> None:
    _, answer = await any_shop.buy(say(REQUEST_LOST))

    async def given_up() -> dict[str, Any] | None:
        await any_shop.advance(20)
        status = await any_shop.status(answer)
        return status if status["order_state"] == "failed" else None

    status = await eventually(given_up)
    assert await any_shop.calls_of(REQUEST_LOST) == []
    await assert_owed(any_shop, answer, status)


async def test_a_network_that_fails_in_the_middle_of_the_talk_is_charged(
    any_shop: ShopServer,
) -> None:
    _, answer = await any_shop.buy(say(BREAKS_OFF))
    status = await any_shop.until_over(answer)

    assert status["status"] == "failed"
    assert status["cause"] == "network failure during the call"
    assert status["answered_at"] is not None
    await assert_charged_once(any_shop, answer)


async def test_a_carrier_that_was_away_gets_the_call_when_it_is_back(
    open_shop: OpenShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = await open_shop()
    paid = await shop.buy_credential(say(ANSWERS))
    [carrier] = shop.shop.carriers
    monkeypatch.setattr(carrier, "_url", "http://127.0.0.1:9")
    answer = (await shop.post(say(ANSWERS), paid.authorization)).json()

    async def refused_once() -> bool:
        return [attempt.state for attempt in await shop.attempts(answer)] == ["rejected"]

    await eventually(refused_once)
    monkeypatch.undo()
    await shop.advance(2)

    assert (await shop.until_over(answer))["status"] == "completed"
    assert len(await shop.calls_of(ANSWERS)) == 1
    await assert_charged_once(shop, answer)


async def test_after_busy_the_same_credential_tries_again_and_is_charged_once(
    any_slow_shop: ShopServer,
) -> None:
    wish = say(PLAIN)
    paid, first = await any_slow_shop.buy(wish)
    await any_slow_shop.phone(PLAIN, "decline")
    failed = await any_slow_shop.until_over(first)
    assert failed["retry"]["until"]

    again = await any_slow_shop.post(wish, paid.authorization)
    assert again.status_code == 200
    assert "idempotent-replayed" not in again.headers
    assert again.json()["status_url"] == first["status_url"]
    assert (await any_slow_shop.status(first))["refund"] is None
    await any_slow_shop.phone(PLAIN, "answer")
    await any_slow_shop.until(first, lambda status: status["status"] == "completed")

    attempts = await any_slow_shop.attempts(first)
    assert [attempt.n for attempt in attempts] == [1, 2]
    assert [call["state"] for call in await any_slow_shop.calls_of(PLAIN)] == [
        "declined",
        "completed",
    ]
    await assert_charged_once(any_slow_shop, first)


async def test_after_the_second_try_was_answered_there_is_no_third(
    slow_shop: ShopServer,
) -> None:
    wish = say(PLAIN)
    paid, first = await slow_shop.buy(wish)
    await slow_shop.phone(PLAIN, "decline")
    await slow_shop.until_over(first)
    await slow_shop.post(wish, paid.authorization)
    await slow_shop.phone(PLAIN, "answer")
    await slow_shop.until(first, lambda status: status["status"] == "completed")
    await slow_shop.advance(121)

    third = await slow_shop.post(wish, paid.authorization)

    assert (third.status_code, third.json()["error_code"]) == (402, "L402_TOKEN_SPENT")
    assert len(await slow_shop.calls_of(PLAIN)) == 2


async def test_a_failed_call_cannot_be_tried_again_after_a_day(shop: ShopServer) -> None:
    paid, first = await shop.buy(say(BUSY))
    await shop.until_over(first)
    await shop.advance(86_401)
    late = await shop.post(say(BUSY), paid.authorization)
    status = await shop.status(first)

    assert (late.status_code, late.json()["error_code"]) == (402, "L402_TOKEN_EXPIRED")
    assert late.json()["previous"]["status_url"] == first["status_url"]
    assert status["retry"] is None
    assert status["refund"]["status"] == "pending"


async def test_where_placing_is_what_is_paid_for_an_unanswered_call_is_charged(
    open_shop: OpenShop,
) -> None:
    shop = await open_shop(calls={"charge_on": "placed"})
    _, answer = await shop.buy(say(NEVER_ANSWERS))
    status = await shop.until_over(answer)

    assert status["status"] == "no-answer"
    await assert_charged_once(shop, answer)


async def test_where_placing_is_what_is_paid_for_a_refused_call_is_owed(
    open_shop: OpenShop,
) -> None:
    shop = await open_shop(calls={"charge_on": "placed"})
    _, answer = await shop.buy(say(REFUSED))
    status = await shop.until(answer, lambda status: status["order_state"] == "failed")

    await assert_owed(shop, answer, status)


async def test_a_payment_that_is_never_used_is_owed(any_shop: ShopServer) -> None:
    await any_shop.buy_credential(say(LISTENS))
    report = await any_shop.audit_when(lambda report: report.books.unredeemed == 50_000)

    assert report.differences == []
    assert report.owed_msat == 50_000
    assert report.books.in_orders == 0


async def test_the_books_balance_over_every_kind_of_end(any_shop: ShopServer) -> None:
    numbers = [LISTENS, BUSY, REFUSED, BREAKS_OFF, DECLINES]
    answers = [(await any_shop.buy(say(number)))[1] for number in numbers]
    await any_shop.buy_credential(say(LISTENS, reference="never used"))
    for answer in answers:
        await any_shop.until(answer, lambda status: status["order_state"] in ("settled", "failed"))
    report = await any_shop.audit_when(lambda report: report.books.unredeemed > 0)

    assert report.differences == []
    assert report.books.received == 6 * 50_000
    assert report.books.settled == 2 * 50_000
    assert report.owed_msat == 4 * 50_000
