"""Whoever pays is told if the call's time was up before all was said."""

from __future__ import annotations

from shop_server import ANSWERS, ShopServer, say

STAYS = "+1234567814"  # never hangs up
LONG = "This is a sentence that takes some time to be said, and is said again and again. "


async def test_a_call_that_outlasts_its_minutes_is_noted_as_cut(shop: ShopServer) -> None:
    _, answer = await shop.buy(say(STAYS, LONG * 5, repeat=10, gather=True))
    status = await shop.until_over(answer)

    assert status["cause"] == "the maximum duration was reached"
    assert "message_cut" in status["notes"]


async def test_a_call_that_says_all_of_it_has_no_such_note(shop: ShopServer) -> None:
    _, answer = await shop.buy(say(ANSWERS, "Hello."))
    status = await shop.until_over(answer)

    assert "message_cut" not in status["notes"]
