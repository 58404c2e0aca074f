"""The other addresses of the voice API: hanging up, lists, voices, previews, plans, recordings; and
what is documented."""

from __future__ import annotations

import asyncio
import io
import json
import wave
from typing import Any

import msgspec
import pytest

from api.conftest import OpenShop
from ringbolt.api.voice import documents, schema
from support.clients.voice import CALLS, SATS, SPEECH, VOICES, VoiceClient, assert_refused
from support.clients.voice import PLAN as PLAN_URL
from support.documents import check_document, field_names, names_of, required_fields
from support.numbers import BUSY, LISTENS, PLAIN
from support.servers.shop import ShopServer

CALL, PLAN = names_of(schema.Call), names_of(schema.PlanCall)


SPEAKS = "+1234567818"


PRESSES_123 = "+1234567812"


METADATA = {"key": "kay01", "value": "value01"}


@pytest.fixture
async def client(shop: ShopServer) -> VoiceClient:
    return await VoiceClient.with_balance(shop)


async def test_a_call_can_be_hung_up(slow_shop: ShopServer) -> None:
    client = await VoiceClient.with_balance(slow_shop)
    placed = await client.call({"to": PLAIN, "sayText": "Hello."})
    await client.until(placed["callId"], lambda call: call["status"] == "ringing")

    await client.data("DELETE", f"{CALLS}/{placed['callId']}")
    over = await client.until_over(placed["callId"])
    again = await client.data("DELETE", f"{CALLS}/{placed['callId']}")

    assert over["status"] == "canceled"
    assert again == over
    assert await client.balance() == SATS


async def test_the_same_request_places_one_call(any_shop: ShopServer) -> None:
    client = await VoiceClient.with_balance(any_shop)
    call = {"to": LISTENS, "sayText": "Hello.", "metaData": {"n": 1}}
    same = {"meta": {"n": 1}, "message": "Hello.", "phone": LISTENS, "clientRequestId": 7}

    answers = await asyncio.gather(
        *(client.ask("POST", CALLS, each, Idempotency_Key="one") for each in (call, same, call))
    )
    another = await client.ask("POST", CALLS, {**call, "reps": 3}, Idempotency_Key="one")
    placed = [answer.json()["data"] for answer in answers]

    assert len({each["callId"] for each in placed}) == 1
    assert [answer.headers.get("idempotent-replayed") for answer in answers].count("true") == 2
    assert assert_refused(another, 422)["code"] == "IDEMPOTENCY_MISMATCH"
    assert len((await client.data("GET", CALLS))["calls"]) == 1


async def test_calls_are_listed_page_by_page(any_shop: ShopServer) -> None:
    client = await VoiceClient.with_balance(any_shop)
    placed = [
        (await client.call({"to": number, "sayText": "Hello."}))["callId"]
        for number in (LISTENS, BUSY, LISTENS, BUSY, LISTENS)
    ]
    for call_id in placed:
        await client.until_over(call_id)

    first = await client.data("GET", f"{CALLS}?limit=3")
    rest = await client.data("GET", f"{CALLS}?limit=3&cursor={first['next']}")
    busy = await client.data("GET", f"{CALLS}?status=busy&limit=1")
    more = await client.data("GET", f"{CALLS}?status=busy&limit=1&cursor={busy['next']}")

    pages = [*first["calls"], *rest["calls"]]
    assert [call["callId"] for call in pages] == placed[::-1]
    assert rest["next"] is None
    assert [each["calls"][0]["callId"] for each in (busy, more)] == [placed[3], placed[1]]
    assert more["next"] is None


async def test_a_hundred_calls_at_once_are_all_placed(client: VoiceClient) -> None:
    call = {"to": BUSY, "sayText": "Hello."}

    placed = await asyncio.gather(*(client.call(call) for _ in range(100)))

    assert len({each["callId"] for each in placed}) == 100


async def test_voices_are_reported(client: VoiceClient) -> None:
    found = await client.data("GET", VOICES)

    names = [voice["name"] for voice in found["voices"]]
    assert found["default"] == "Zeina"
    assert {"Zeina", "Joanna", "Matthew"} <= set(names)
    assert {"en", "ar", "de"} <= set(found["languages"])
    check_document(found, documents.VoiceList)


async def test_a_text_can_be_heard_before_anybody_is_called(client: VoiceClient) -> None:
    answer = await client.ask("POST", SPEECH, {"sayText": "Press 1 to confirm."})

    assert answer.headers["content-type"] == "audio/wav"
    with wave.open(io.BytesIO(answer.content)) as heard:
        assert (heard.getframerate(), heard.getnchannels(), heard.getsampwidth()) == (8000, 1, 2)
        assert heard.getnframes() > 8000
    assert await client.balance() == SATS


@pytest.mark.parametrize("as_json", [True, False])
async def test_a_call_goes_by_a_plan(client: VoiceClient, as_json: bool) -> None:
    plan = (
        '<plan><say voice="Joanna">Hello.</say><gather maxDigits="2"><say>Press.</say></gather>'
        "<hangup/></plan>"
    )
    if as_json:
        body: Any = {"to": PRESSES_123, "plan": plan, "metaData": METADATA}
        placed = await client.data("POST", PLAN_URL, body)
    else:
        query = f"to={PRESSES_123.replace('+', '%2B')}&metadata={json.dumps(METADATA)}"
        placed = await client.data("POST", f"{PLAN_URL}?{query}", plan)

    over = await client.until_over(placed["callId"])

    assert over["status"] == "completed"
    assert over["digits"] == "12"
    assert over["metaData"] == METADATA == placed["metaData"]


async def test_a_recording_is_given_to_the_account_that_paid(open_shop: OpenShop) -> None:
    shop = await open_shop(voice={"recordings": True})
    client = await VoiceClient.with_balance(shop)
    stranger = await VoiceClient.with_balance(shop, 1)
    plan = '<plan><say>Speak.</say><record maxSilence="1" recordURL="https://a.example/"/></plan>'

    placed = await client.data("POST", PLAN_URL, {"to": SPEAKS, "plan": plan})
    over = await client.until(placed["callId"], lambda call: call["recordings"])
    (recorded,) = over["recordings"]
    address = f"/voice/v1/recordings/{recorded['id']}"
    answer = await client.ask("GET", address)

    assert placed["notes"] == ["record_url_not_used"]
    assert answer.headers["content-type"] == "audio/wav"
    with wave.open(io.BytesIO(answer.content)) as said:
        assert recorded["duration"] == -(-said.getnframes() // 8000) > 1
    assert assert_refused(await stranger.ask("GET", address), 404)["code"] == "RECORDING_NOT_FOUND"
    assert assert_refused(await stranger.ask("GET", "/voice/v1/recordings/RE00"), 404)


async def test_what_is_answered_is_as_documented(client: VoiceClient) -> None:
    placed = await client.call({"to": LISTENS, "sayText": "Hello.", "metaData": METADATA})
    over = await client.until_over(placed["callId"])

    for model, reported in ((documents.PlacedCall, placed), (documents.CallDocument, over)):
        check_document(reported, model)
        assert set(reported) <= field_names(model)
        assert required_fields(model) <= set(reported)


async def test_the_document_names_what_is_read_and_no_alias(shop: ShopServer) -> None:
    paths = (await shop.http.get("/openapi.json")).json()["paths"]

    for path, names in ((CALLS, CALL), (PLAN_URL, PLAN)):
        content = paths[path]["post"]["requestBody"]["content"]
        assert set(content["application/json"]["schema"]["properties"]) == set(names)
    assert "application/xml" in paths[PLAN_URL]["post"]["requestBody"]["content"]
    assert set(paths[f"{CALLS}/{{call_id}}"]) == {"get", "delete"}
    assert "/voice/v1/simple-call" not in paths
    assert {"/auth/v1/tokens", VOICES, SPEECH} <= set(paths)


@pytest.mark.parametrize(
    ("model", "examples"),
    [
        (schema.Call, schema.CALL_EXAMPLES),
        (schema.PlanCall, schema.PLAN_EXAMPLES),
        (schema.Speech, schema.SPEECH_EXAMPLES),
        (schema.SignIn, schema.SIGN_IN_EXAMPLES),
    ],
)
def test_an_example_has_the_documented_fields(
    model: type[msgspec.Struct], examples: dict[str, dict[str, Any]]
) -> None:
    for example in examples.values():
        check_document(example, model)
        assert set(example) <= field_names(model)


async def test_too_many_requests_are_slowed_down(open_shop: OpenShop) -> None:
    shop = await open_shop(limits="on", voice={"calls_per_minute": 3})
    client = await VoiceClient.with_balance(shop)

    answers = [await client.ask("POST", CALLS, {}) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [400, 400, 400, 429, 429]
    assert assert_refused(answers[-1], 429)["code"] == "RATE_LIMITED"
    assert int(answers[-1].headers["retry-after"]) >= 1
