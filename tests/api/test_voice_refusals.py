"""What the voice API refuses besides wrong fields: calls that the balance does not cover, calls of
other accounts, malformed pages, previews and plans. Every body gets an answer."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
import pytest_asyncio

from ringbolt.api.voice.schema import Call
from support.audio_files import tone, wav
from support.clients.voice import (
    CALLS,
    PLAN,
    SPEECH,
    VoiceClient,
    assert_call_refused,
    assert_refused,
)
from support.documents import names_of
from support.numbers import LISTENS
from support.servers.shop import ShopServer
from support.servers.sites import body, site

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALL = names_of(Call)


GOOD: dict[str, Any] = {"to": LISTENS, "sayText": "Hello."}
GONE = object()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(shared_shop: ShopServer) -> VoiceClient:
    return await VoiceClient.with_balance(shared_shop)


def changed(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**GOOD, **changes}.items() if value is not GONE}


async def test_a_call_that_the_balance_does_not_cover_is_refused(shared_shop: ShopServer) -> None:
    poor = await VoiceClient.with_balance(shared_shop, 1)

    error = assert_refused(await poor.ask("POST", CALLS, GOOD), 402)

    assert error["code"] == "INSUFFICIENT_FUNDS"
    assert "/fund" in error["suggestion"]
    assert "immediate" not in error["suggestion"]
    assert (await poor.data("GET", CALLS))["calls"] == []
    assert await poor.balance() == 1


async def test_audio_is_looked_at_before_the_call_is_placed(
    shared_shop: ShopServer, client: VoiceClient
) -> None:
    async with site(body(wav(tone(8000, 1)))) as stranger:
        wanted = changed(sayText=GONE, audioUrl=f"{stranger.origin}/a.wav")
        error = await assert_call_refused(client, wanted, 422)

    assert error["field"] == "audioUrl"
    assert stranger.requests == []  # a private address is not asked


async def test_another_accounts_call_is_none(shared_shop: ShopServer, client: VoiceClient) -> None:
    owner = await VoiceClient.with_balance(shared_shop)
    placed = await owner.call(GOOD)

    for method in ("GET", "DELETE"):
        answer = await client.ask(method, f"{CALLS}/{placed['callId']}")
        assert assert_refused(answer, 404)["code"] == "CALL_NOT_FOUND"
    assert (await client.data("GET", CALLS))["calls"] == []
    assert (await owner.until_over(placed["callId"]))["status"] == "completed"


@pytest.mark.parametrize(
    "call_id", ["CA", "CA" + "0" * 32, "CA" + "A" * 32, "0" * 64, "%00", "..%2f", "a" * 5000, "'"]
)
async def test_a_call_that_is_none_is_404(client: VoiceClient, call_id: str) -> None:
    for method in ("GET", "DELETE"):
        assert_refused(await client.ask(method, f"{CALLS}/{call_id}"), 404)


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=x",
        "limit=1&Limit=2",
        "cursor=nonsense",
        "cursor=CA" + "0" * 32,
        "cursor=" + "x" * 200,
        "cursor=%00",
        "cursor=%ff",
        "status=dancing",
        "status=" + "x" * 99,
        "&".join(f"f{n}=1" for n in range(99)),
    ],
)
async def test_a_page_that_is_none_is_refused(client: VoiceClient, query: str) -> None:
    assert assert_refused(await client.ask("GET", f"{CALLS}?{query}"), 400)["suggestion"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sayText", GONE),
        ("sayText", ""),
        ("sayText", 7),
        ("sayText", "a" * 1501),
        ("sayText", "..."),
        ("sayText", "<speak>"),
        ("voice", 7),
        ("neural", "x"),
        ("language", []),
    ],
)
async def test_a_preview_of_what_is_no_text_is_refused(
    client: VoiceClient, field: str, value: Any
) -> None:
    document = {"sayText": "Hello.", field: value}
    wanted = {name: each for name, each in document.items() if each is not GONE}

    assert assert_refused(await client.ask("POST", SPEECH, wanted), 400)["field"] == field


@pytest.mark.parametrize(
    "plan",
    [
        "",
        "<",
        "<call>",
        "<call/>",
        "<call><dance/></call>",
        "<call><say></say></call>",
        "<call><say>...</say></call>",
        "<call><play/></call>",
        '<call><play url="http://127.0.0.1/a.wav"/></call>',
        f"<call><say>{'a' * 1501}</say></call>",
        "<call><record/></call>",
        '<!DOCTYPE c [<!ENTITY a "a"><!ENTITY b "&a;&a;&a;">]><call><say>&b;</say></call>',
        '<!DOCTYPE c [<!ENTITY x SYSTEM "file:///etc/passwd">]><call><say>&x;</say></call>',
        "<call>" + "<say>" * 500,
        "<call>" + "<pause/>" * 5000 + "</call>",
        "<call>\x00</call>",
    ],
)
async def test_a_plan_that_is_none_is_refused(client: VoiceClient, plan: str) -> None:
    as_json = await client.ask("POST", PLAN, {"to": LISTENS, "plan": plan})
    as_xml = await client.ask("POST", f"{PLAN}?to=%2B1234567800", plan)

    assert "SYSTEM" not in as_json.text
    for answer in (as_json, as_xml):
        assert assert_refused(answer)["code"] != "INTERNAL"
    assert (await client.data("GET", CALLS))["calls"] == []


async def test_no_json_body_causes_a_server_error(shared_shop: ShopServer) -> None:
    poor = await VoiceClient.with_balance(shared_shop, 1)  # what is right, it cannot pay
    chance = random.Random(5)
    values: list[Any] = [
        None, True, 0, -1, 2**63, 10**40, 1e308, "", " ", "x", "\x00", "\ud7ff", "9" * 99, [], {},
        [[]], {"": {}}, "https://[", "https://\u2028", "http://a:99999/", "+" * 30, "%", "<speak>",
        "<speak><break time='99s'/></speak>", "\u202e", "\U0001f4a9" * 50,
    ]  # fmt: skip
    names = [name for canonical in CALL for name in (canonical, *CALL[canonical])]
    names += ["", "\x00", "to\u00df", "__proto__", "a" * 300]
    for _ in range(400):
        document = dict(GOOD) if chance.random() < 0.5 else {}
        for _ in range(chance.randrange(1, 5)):
            document[chance.choice(names)] = chance.choice(values)
        path = chance.choice([CALLS, PLAN])

        answer = await poor.ask("POST", path, document)

        assert answer.status_code < 500, (document, answer.text)
        assert_refused(answer)


async def test_no_bytes_cause_a_server_error(shared_shop: ShopServer) -> None:
    poor = await VoiceClient.with_balance(shared_shop, 1)
    chance = random.Random(6)
    good = json.dumps({**GOOD, "reps": 3, "metaData": {"a": 1}}).encode()
    for _ in range(300):
        damaged = bytearray(good)
        for _ in range(chance.randrange(1, 6)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)

        answer = await poor.ask("POST", chance.choice([CALLS, PLAN]), bytes(damaged))

        assert answer.status_code < 500, (damaged, answer.text)
