"""Who types slowly is heard to the last key, in each API that asks for keys."""

from __future__ import annotations

from typing import Any

import pytest

from api.conftest import OpenShop
from support.clients.l402 import say
from support.clients.voice import CALLS, PLAN, VoiceClient
from support.numbers import PLAIN
from support.servers.shop import ShopServer

WAIT_S, PAUSE_S = 20, 12
"""How long a key is awaited; how long the next one takes. All take longer than one wait."""
TEXT = "Please type your number."


@pytest.fixture
async def shop(open_shop: OpenShop) -> ShopServer:
    return await open_shop(simulator={"speed": 1.0}, calls={"ring_timeout_s": 120})


async def type_slowly(shop: ShopServer, keys: str) -> None:
    """Answer the phone, interrupt the message, and go on."""
    await shop.phone(PLAIN, "answer")
    for key in keys:
        await shop.phone(PLAIN, "keys", digits=key)
        await shop.advance(PAUSE_S)


async def test_a_paid_call_waits_for_each_key(shop: ShopServer) -> None:
    _, answer = await shop.buy(say(PLAIN, TEXT, gather={"timeout_s": WAIT_S}, repeat=5))
    await type_slowly(shop, "123#")

    assert (await shop.until_over(answer))["digits"] == "123"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CALLS, {"sayText": TEXT, "dtmf": True, "gatherTimeout": WAIT_S, "reps": 5}),
        (PLAN, {"plan": f'<gather timeout="{WAIT_S}"><say reps="5">{TEXT}</say></gather>'}),
    ],
    ids=["call", "plan"],
)
async def test_a_voice_call_waits_for_each_key(
    shop: ShopServer, path: str, body: dict[str, Any]
) -> None:
    client = await VoiceClient.with_balance(shop)
    placed = await client.data("POST", path, {"to": PLAIN, **body})
    await type_slowly(shop, "123#")
    over = await client.until_over(placed["callId"])

    assert over["digits"] == "123"
    assert over["price"] == 100, "minutes are held for further keys"
    assert over["cost"] == 50
