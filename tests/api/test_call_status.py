"""The status document tells the truth at every stage of a call."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from api.conftest import OpenShop
from support.clients.l402 import say
from support.numbers import ANSWERS, BREAKS_OFF, BUSY, DECLINES, LISTENS, NEVER_ANSWERS, PLAIN
from support.servers.shop import ShopServer

# A plain phone rings until somebody answers it: what is seen of each stage is not a race.
SLOW = {"speed": 1.0}


def at(status: dict[str, Any], name: str) -> datetime:
    return datetime.fromisoformat(status[name])


async def test_a_call_that_waits_for_a_line_is_queued(open_shop: OpenShop) -> None:
    shop = await open_shop(limits="on", calls={"max_concurrent": 1}, simulator=SLOW)
    _, first = await shop.buy(say(PLAIN))
    await shop.until(first, lambda status: status["status"] == "ringing")
    _, second = await shop.buy(say(PLAIN, "Hello again."))

    waiting = await shop.status(second)
    assert waiting["status"] == "queued"
    assert waiting["order_state"] == "paid"
    assert waiting["charged_sats"] == 0
    assert len(await shop.calls_of(PLAIN)) == 1

    await shop.phone(PLAIN, "decline")
    await shop.until(second, lambda status: status["status"] == "ringing")


async def test_a_ringing_call_is_not_charged(open_shop: OpenShop) -> None:
    shop = await open_shop(simulator=SLOW)
    _, answer = await shop.buy(say(PLAIN))
    status = await shop.until(answer, lambda status: status["status"] == "ringing")

    assert status["sid"] == answer["sid"]
    assert status["to"] == PLAIN
    assert status["order_state"] == "in_progress"
    assert status["charged_sats"] == 0
    assert status["price_sats"] == 50
    assert at(status, "queued_at") <= at(status, "ringing_at")
    assert status["answered_at"] is status["ended_at"] is None
    assert status["duration_seconds"] == 0
    assert await shop.transfers(answer) == [("payment", 50)]


async def test_an_answered_call_is_charged_while_it_is_up(open_shop: OpenShop) -> None:
    shop = await open_shop(simulator=SLOW)
    _, answer = await shop.buy(say(PLAIN, "Hello. " * 20))
    await shop.phone(PLAIN, "answer")
    status = await shop.until(answer, lambda status: status["status"] == "in-progress")

    assert status["order_state"] == "settled"
    assert status["charged_sats"] == 50
    assert status["refund"] is status["retry"] is None
    assert at(status, "ringing_at") <= at(status, "answered_at")
    assert status["ended_at"] is None
    assert await shop.transfers(answer) == [("payment", 50), ("capture", 50)]


async def test_keys_are_seen_while_the_call_is_up_and_add_up(open_shop: OpenShop) -> None:
    shop = await open_shop(simulator=SLOW)
    _, answer = await shop.buy(say(PLAIN, "Hello. " * 20))
    await shop.phone(PLAIN, "answer")
    await shop.phone(PLAIN, "keys", digits="12")
    await shop.until(answer, lambda status: status["digits"] == "12")
    await shop.phone(PLAIN, "keys", digits="*#")
    status = await shop.until(answer, lambda status: status["digits"] == "12*#")
    assert status["status"] == "in-progress"

    await shop.phone(PLAIN, "hangup")
    ended = await shop.until_over(answer)
    assert ended["status"] == "completed"
    assert ended["digits"] == "12*#"
    assert ended["cause"] == "the phone hung up"


async def test_a_completed_call_says_when_and_how_long(shop: ShopServer) -> None:
    _, answer = await shop.buy(say(ANSWERS))
    status = await shop.until_over(answer)

    times = [at(status, f"{name}_at") for name in ("queued", "ringing", "answered", "ended")]
    assert times == sorted(times)
    # All was heard, then 3 s of silence in which keys are awaited: the world's seconds, not ours.
    assert status["heard_seconds"] > 0
    assert status["duration_seconds"] >= status["heard_seconds"]
    assert status["duration_seconds"] > (times[3] - times[2]).total_seconds()
    assert status["digits"] == "1#"
    assert (status["status"], status["charged_sats"]) == ("completed", 50)


async def test_what_the_phone_heard_is_as_long_as_the_status_says(shop: ShopServer) -> None:
    _, answer = await shop.buy(say(LISTENS))
    status = await shop.until_over(answer)
    call = (await shop.calls_of(LISTENS))[0]

    assert call["heard_seconds"] == pytest.approx(status["heard_seconds"], abs=0.06)


async def test_the_timeline_tells_every_state_in_order(shop: ShopServer) -> None:
    _, answer = await shop.buy(say(LISTENS))
    status = await shop.until_over(answer)

    states = [event["state"] for event in status["timeline"]]
    assert states == ["paid", "dispatching", "in_progress", "fulfilled", "settled"]


@pytest.mark.parametrize(
    ("number", "ends", "charged"),
    [
        (LISTENS, "completed", 50),
        (BUSY, "busy", 0),
        (DECLINES, "busy", 0),
        (NEVER_ANSWERS, "no-answer", 0),
        (BREAKS_OFF, "failed", 50),  # it had been answered
    ],
)
async def test_the_end_and_the_charge_are_what_happened(
    shop: ShopServer, number: str, ends: str, charged: int
) -> None:
    _, answer = await shop.buy(say(number))
    status = await shop.until_over(answer)

    assert (status["status"], status["charged_sats"]) == (ends, charged)
    assert (status["order_state"] == "settled") is bool(charged)
    assert (status["refund"] is None) is bool(charged)


async def test_a_wrong_status_address_tells_nothing(shop: ShopServer) -> None:
    _, answer = await shop.buy(say(ANSWERS))
    by_id = await shop.http.get(f"/api/l402/calls/{answer['call_id']}")
    by_sid = await shop.http.get(f"/api/l402/calls/{answer['sid']}")

    for refused in (by_id, by_sid):
        assert refused.status_code == 404
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["error_code"] == "NOT_FOUND"


async def test_a_status_is_never_cached_and_readable_by_any_page(shop: ShopServer) -> None:
    _, answer = await shop.buy(say(ANSWERS))
    got = await shop.http.get(answer["status_url"], headers={"Origin": "https://agent.example"})

    assert got.headers["cache-control"] == "no-store"
    assert got.headers["access-control-allow-origin"] == "*"
