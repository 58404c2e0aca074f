"""The buyer is told if not all of a message is said: by its time, or for lack of a word."""

from __future__ import annotations

from support.clients.l402 import say
from support.numbers import ANSWERS
from support.servers.shop import ShopServer

STAYS = "+1234567814"  # never hangs up
LONG = "This is a sentence that takes some time to be said, and is said again and again. "


async def test_a_call_that_outlasts_its_minutes_is_noted_as_cut(shop: ShopServer) -> None:
    _, answer = await shop.buy(say(STAYS, LONG * 5, repeat=10, gather=True))
    status = await shop.until_over(answer)

    assert status["cause"] == "the maximum duration was reached"
    assert "message_cut" in status["notes"]


async def test_the_challenge_tells_that_the_time_may_be_too_short(shop: ShopServer) -> None:
    answer = await shop.post(say(STAYS, LONG * 5, repeat=10, gather=True))

    document = answer.json()
    assert answer.status_code == 402
    assert document["minutes"] == 1
    assert document["estimated_minutes"] > 1
    assert document["notes"] == ["message_may_be_cut"]


async def test_the_challenge_tells_what_will_not_be_spoken(shop: ShopServer) -> None:
    lacking = await shop.post(say(ANSWERS, "The answer is 2^3."))
    whole = await shop.post(say(ANSWERS, "Press * for 50% off."))

    assert lacking.json()["notes"] == ["partly_unspoken"]
    assert whole.json()["notes"] == []


async def test_a_call_that_says_all_of_it_has_no_such_note(shop: ShopServer) -> None:
    _, answer = await shop.buy(say(ANSWERS, "Hello."))
    status = await shop.until_over(answer)

    assert "message_cut" not in status["notes"]
