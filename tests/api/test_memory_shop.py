"""A whole shop of parts in memory, as somebody tests it who builds on Ringbolt."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from ringbolt.core.calls.call import CallStatus
from ringbolt.lightning.memory.node import MemoryNode, connect
from ringbolt.lightning.node import PaymentSucceeded
from ringbolt.numbers.memory.provider import MemoryProvider
from ringbolt.sms.memory.carrier import MemorySms
from ringbolt.voice.memory.carrier import BUSY, MemoryCarrier
from support.servers.shop import ShopServer
from support.waiting import until

OpenShop = Callable[..., Awaitable[ShopServer]]
MEMORY = {"type": "memory"}
ORDER = {"phone_number": "+12025550123", "message": "Hello."}


@pytest.fixture
async def shop(open_shop: OpenShop) -> ShopServer:
    return await open_shop(
        node=MEMORY,
        calls={"carriers": [MEMORY]},
        sms={"carriers": [MEMORY]},
        numbers={"providers": [MEMORY]},
        mail={"servers": [MEMORY]},
        speech=MEMORY,
    )


@pytest.fixture
def carrier(shop: ShopServer) -> MemoryCarrier:
    found = shop.shop.carriers.named("memory")
    assert isinstance(found, MemoryCarrier)
    return found


async def call(shop: ShopServer) -> dict[str, Any]:
    """A call that a wallet in memory pays for; its status document at the end."""
    node, wallet = shop.shop.node, MemoryNode(shop.shop.clock, "wallet")
    assert isinstance(node, MemoryNode)
    connect(node, wallet)
    asked = (await shop.post(ORDER)).json()
    paid = await wallet.pay(asked["invoice"], 1000, 10)
    assert isinstance(paid, PaymentSucceeded)
    shown = f"L402 {asked['macaroon']}:{paid.preimage.hex()}"
    return await shop.until_over((await shop.post(ORDER, shown)).json())


async def test_a_call_is_paid_placed_and_answered(shop: ShopServer, carrier: MemoryCarrier) -> None:
    assert (await call(shop))["status"] == "completed"
    assert len(carrier.rings) == 1
    assert [placed.to for placed in carrier.placed.values()] == [ORDER["phone_number"]]
    assert (await shop.audit()).agrees


async def test_a_busy_line_is_not_charged(shop: ShopServer, carrier: MemoryCarrier) -> None:
    carrier.lives.append(BUSY)
    status = await call(shop)
    assert status["status"] == CallStatus.BUSY
    assert (await shop.audit()).agrees


async def test_every_part_is_the_one_that_was_configured(shop: ShopServer) -> None:
    assert isinstance(shop.shop.sms_carriers.named("memory"), MemorySms)
    assert isinstance(shop.shop.number_providers.named("memory"), MemoryProvider)
    assert shop.shop.mailers.named("memory") is not None
    await until(lambda: all(each.connected for each in shop.opened.watchers))
