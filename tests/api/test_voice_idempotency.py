"""Idempotency-Keys of the voice API: the same request is the same call."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio

from support.clients.voice import CALLS, PLAN, VoiceClient, assert_refused
from support.numbers import LISTENS
from support.servers.shop import ShopServer

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(shared_shop: ShopServer) -> VoiceClient:
    return await VoiceClient.with_balance(shared_shop)


async def test_what_means_the_same_is_the_same_request(client: VoiceClient) -> None:
    call = {"to": LISTENS, "sayText": "Hello.", "metaData": {"a": 1, "b": 2}}
    written_otherwise: list[dict[str, Any]] = [
        {**call, "reps": "2", "neural": "false", "timeout": 30.0, "dtmf": 0},
        {**call, "to": f"00{LISTENS[1:]}", "voice": "zeina", "metaData": {"b": 2, "a": 1}},
        {**call, "to": [LISTENS], "unheardOf": 1, "language": " "},
    ]

    first = await client.call(call, Idempotency_Key="meant")
    again = [await client.call(each, Idempotency_Key="meant") for each in written_otherwise]

    assert {each["callId"] for each in again} == {first["callId"]}
    for other in ({"reps": 1}, {"metaData": {"a": 1}}, {"neural": True}, {"maxMinutes": 1}):
        answer = await client.ask("POST", CALLS, {**call, **other}, Idempotency_Key="meant")
        assert assert_refused(answer, 422)["code"] == "IDEMPOTENCY_MISMATCH", other


async def test_a_repeated_plan_is_the_same_however_it_is_laid_out(client: VoiceClient) -> None:
    path = f"{PLAN}?to=%2B{LISTENS[1:]}"
    first = await client.data("POST", path, "<a><say>Hello.</say></a>", Idempotency_Key="plan")
    again = await client.data(
        "POST", path, "<plan>\n  <Say reps='1'>Hello.</Say>\n</plan>", Idempotency_Key="plan"
    )

    assert again["callId"] == first["callId"]


async def test_two_accounts_may_name_their_calls_alike(client: VoiceClient) -> None:
    other = await VoiceClient.with_balance(client.shop)
    call = {"to": LISTENS, "sayText": "Hello."}

    one = await client.call(call, Idempotency_Key="one")
    another = await other.call(call, Idempotency_Key="one")

    assert one["callId"] != another["callId"]
