"""What strangers can do to a shop through its provider behind ``handler_api.php``."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from ringbolt.clock import SystemClock
from ringbolt.numbers.handler_api.account import Account
from ringbolt.numbers.handler_api.dialect import Dialect
from ringbolt.numbers.handler_api.provider import HandlerApiProvider, handler_api_provider
from ringbolt.numbers.provider import SupportsActiveLeases
from support.contracts.numbers import FAST, Book
from support.servers.stubs import Stub, scripted
from support.waiting import until


@pytest.fixture
async def stub() -> AsyncIterator[Stub]:
    async with scripted() as stub:
        stub.say("getStatus", "STATUS_WAIT_CODE")
        yield stub


def provider_of(stub: Stub, dialect: Dialect) -> HandlerApiProvider:
    account = Account("provider", stub.url, "s3cret", dialect)
    return handler_api_provider(account, SystemClock(), Book())


async def test_texts_are_looked_for_while_strangers_ask_for_every_price(stub: Stub) -> None:
    stub.say("getPrices", "{}")
    provider = provider_of(stub, replace(FAST["sms-activate"], per_second=50))
    asking = [asyncio.create_task(provider.offers(cc)) for cc in range(1, 150)]
    await until(lambda: stub.asked_for("getPrices"))

    await provider.texts("17")

    assert len(stub.asked_for("getPrices")) < 20
    for each in asking:
        each.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
    await provider.close()


async def test_a_stranger_s_text_does_not_make_the_list_of_all_texts_unreadable(
    stub: Stub,
) -> None:
    items = [
        {"activationId": n, "phoneNumber": f"491511234567{n}", "smsText": [text]}
        for n, text in enumerate(("half a pair \ud83d", "Your code is 48010"))
    ]
    stub.say("getActiveActivations", json.dumps({"activeActivations": items}))
    provider = provider_of(stub, FAST["sms-activate"])
    assert isinstance(provider, SupportsActiveLeases)

    active = await provider.active(rentals=False)

    assert active is not None
    assert [each.acquired.lease_id for each in active] == ["0", "1"]
    await provider.close()
