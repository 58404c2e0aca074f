"""A world that runs faster than the clock: a call is as long as what its phone heard."""

from __future__ import annotations

from support.clients.voice import PLAN, VoiceClient
from support.numbers import LISTENS
from support.servers.shop import SPEED, ShopServer

LASTS_S = 75
PLANNED = '<plan><pause length="60"/><pause length="15"/></plan>'


async def test_a_call_in_a_fast_world_lasts_and_costs_what_was_heard(shop: ShopServer) -> None:
    assert SPEED > 5
    owner = await VoiceClient.with_balance(shop)

    placed = await owner.data("POST", f"{PLAN}?to=%2B{LISTENS[1:]}", PLANNED)
    over = await owner.until_over(placed["callId"])

    assert over["duration"] == LASTS_S
    assert over["cost"] == 2 * placed["pricePerMinute"]


async def test_a_paid_call_in_a_fast_world_lasts_what_was_heard(shop: ShopServer) -> None:
    request = {"phone_number": LISTENS, "message": "Hello.", "gather": {"timeout_s": 30}}

    _, answer = await shop.buy(request)
    status = await shop.until_over(answer)

    assert status["duration_seconds"] > 30
