"""The page "Call with User input", field by field, on a running shop."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from aiohttp import web

from api.conftest import OpenShop
from ringbolt.api.voice import schema
from support.audio_files import tone, wav
from support.clients.voice import CALLS, SATS, VoiceClient, assert_refused
from support.documents import names_of
from support.numbers import ANSWERS, BUSY, LISTENS, NEVER_ANSWERS
from support.servers.shop import ShopServer
from support.servers.sites import body, raw_site, site
from support.waiting import eventually

CALL = names_of(schema.Call)
PRESSES_1_DURING = "+1234567811"
PRESSES_123 = "+1234567812"
WELCOME = "Welcome to cequens voice AIPs"
METADATA = {"key": "kay01", "value": "value01"}


class Own:
    """The caller's own server, which is told of calls."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.requests: list[tuple[str, str, bytes]] = []

    async def reported(
        self, where: str, count: int, what: str = ""
    ) -> list[tuple[str, str, bytes]]:
        """Method, URL and body of the requests to ``where`` that hold ``what``."""

        async def enough() -> list[tuple[str, str, bytes]] | None:
            asked = [each for each in self.requests if where in each[1]]
            found = [each for each in asked if what.encode() in each[2]]
            return found if len(found) >= count else None

        return await eventually(enough)


@pytest.fixture
async def own() -> Any:
    """The caller's server."""
    server = Own("")

    async def answer(request: web.BaseRequest) -> web.Response:
        server.requests.append((request.method, str(request.rel_url), await request.read()))
        return web.Response()

    async with site(answer) as served:
        server.origin = served.origin
        yield server


@pytest.fixture
async def client(shop: ShopServer) -> VoiceClient:
    return await VoiceClient.with_balance(shop)


async def test_the_page_as_it_stands(open_shop: OpenShop, own: Own) -> None:
    """All eleven fields, by the names that the page's prose and its siblings use."""
    async with site(body(wav(tone(8000, 1.0)), Content_Type="audio/wav")) as audio:
        shop = await open_shop(fetch={"allow_origins": (own.origin, audio.origin)})
        client = await VoiceClient.with_balance(shop)

        placed = await client.call(
            {
                "to": ANSWERS.removeprefix("+"),
                "sayText": WELCOME,
                "voice": "Zeina",
                "neural": False,
                "audioUrl": f"{audio.origin}/test.wav",
                "reps": 2,
                "timeout": 30,
                "dtmf": True,
                "dtmfCallbackEndpoint": f"{own.origin}/my_call_id/dtmf?token=mine",
                "statusCallbackEndpoint": f"{own.origin}/my_call_id/status",
                "metaData": METADATA,
            }
        )
        over = await client.until_over(placed["callId"])
        ((method, url, _),) = await own.reported("/dtmf", 1)
        await own.reported("/status", 1, '"status":"completed"')
        statuses = [json.loads(each) for _, _, each in await own.reported("/status", 1)]

    assert placed["status"] == "queued"
    assert placed["to"] == ANSWERS
    assert (over["status"], over["digits"]) == ("completed", "1")
    assert over["metaData"] == METADATA
    assert method == "GET"
    assert urlsplit(url).path == "/my_call_id/dtmf"
    query = dict(parse_qsl(urlsplit(url).query))
    assert json.loads(query.pop("metaData")) == METADATA
    assert query == {
        "token": "mine",
        "callId": placed["callId"],
        "to": ANSWERS,
        "dtmf": "1",
        "status": "completed",
    }
    assert [each["sequence"] for each in statuses] == list(range(1, len(statuses) + 1))
    assert statuses[0]["status"] == "queued"
    assert {each["callId"] for each in statuses} == {placed["callId"]}


async def test_the_phone_rings_and_hears_the_text_twice(client: VoiceClient) -> None:
    twice = await client.call({"to": LISTENS, "sayText": WELCOME})
    await client.until_over(twice["callId"])
    once = await client.call({"to": LISTENS, "sayText": WELCOME, "reps": 1})
    await client.until_over(once["callId"])

    heard = [call["heard_seconds"] for call in await client.shop.calls_of(LISTENS)]

    assert len(heard) == 2
    assert max(heard) > 1.7 * min(heard) > 0


async def test_the_samples_of_the_page_are_no_addresses(client: VoiceClient) -> None:
    for name, sample in (
        ("dtmfCallbackEndpoint", "http://localhost:9001/my_call_id/dtmf"),
        ("statusCallbackEndpoint", "http://localhost:9001/my_call_id/status"),
        ("statusCallbackEndpoint", "https://localhost:9001/my_call_id/status"),
    ):
        call = {"to": LISTENS, "sayText": WELCOME, "dtmf": True, name: sample}

        error = assert_refused(await client.ask("POST", CALLS, call), 400)

        assert error["field"] == name
        assert error["code"] == "WEBHOOK_URL_REFUSED"


@pytest.mark.parametrize("path", [CALLS, f"{CALLS}/", "/voice/v1/simple-call"])
async def test_a_call_is_placed_at_either_address(client: VoiceClient, path: str) -> None:
    placed = await client.data("POST", path, {"to": LISTENS, "sayText": "Hello."})

    assert placed["callId"].startswith("CA")
    assert len(placed["callId"]) == 34
    assert (await client.until_over(placed["callId"]))["status"] == "completed"


async def test_every_alias_means_its_field(client: VoiceClient) -> None:
    for canonical in ("to", "sayText"):
        for alias in CALL[canonical]:
            fields: dict[str, Any] = {"to": BUSY, "sayText": "Hello."}
            fields[alias.upper()] = fields.pop(canonical)

            placed = await client.call(fields)

            assert placed["to"] == BUSY
            assert placed["ignoredFields"] == []


async def test_aliases_that_agree_are_one_field(client: VoiceClient) -> None:
    placed = await client.call(
        {"to": LISTENS, "phone_number": LISTENS, "say-text": "Hello.", "text": "Hello."}
    )

    assert placed["to"] == LISTENS


@pytest.mark.parametrize(
    "written",
    ["+1 (234) 567-800", "001234567800", "1234567800", 1234567800, ["+1234567800"]],
)
async def test_a_number_may_be_written_in_many_ways(client: VoiceClient, written: Any) -> None:
    assert (await client.call({"to": written, "sayText": "Hello."}))["to"] == "+1234567800"


async def test_an_unknown_voice_is_the_default_and_a_note(client: VoiceClient) -> None:
    placed = await client.call({"to": LISTENS, "sayText": "Hello.", "voice": "Nobody"})
    over = await client.until_over(placed["callId"])

    assert placed["voice"] == "Zeina"
    assert "voice_unknown" in placed["notes"]
    assert "voice_unknown" in over["notes"]


async def test_a_field_that_means_nothing_is_named(client: VoiceClient) -> None:
    placed = await client.call({"to": LISTENS, "sayText": "Hello.", "colour": "blue"})

    assert placed["ignoredFields"] == ["colour"]


async def test_a_sign_that_no_word_is_known_for_is_noted_when_the_call_is_placed(
    client: VoiceClient,
) -> None:
    placed = await client.call({"to": LISTENS, "sayText": "The answer is 2^3."})
    whole = await client.call({"to": LISTENS, "sayText": "Press * for 50% off."})

    assert placed["notes"] == ["partly_unspoken"]
    assert whole["notes"] == []


async def test_a_call_without_input_tells_no_digits(open_shop: OpenShop, own: Own) -> None:
    shop = await open_shop(fetch={"allow_origins": own.origin})
    client = await VoiceClient.with_balance(shop)

    placed = await client.call(
        {"to": ANSWERS, "sayText": "Hello.", "dtmfCallbackEndpoint": f"{own.origin}/dtmf"}
    )
    over = await client.until_over(placed["callId"])

    assert placed["notes"] == ["dtmf_not_asked"]
    assert over["dtmf"] is False
    assert own.requests == []


@pytest.mark.parametrize(
    ("number", "options", "digits"),
    [
        (ANSWERS, {}, "1"),
        (PRESSES_123, {}, "123"),
        (PRESSES_123, {"maxDigits": 2}, "12"),
        (PRESSES_123, {"finishKey": "2"}, "1"),
        (PRESSES_123, {"finishKey": ""}, "123#"),
        (PRESSES_1_DURING, {"maxDigits": 1}, "1"),
        (LISTENS, {"gatherTimeout": 1}, ""),
    ],
)
async def test_keys_are_collected(
    client: VoiceClient, number: str, options: dict[str, Any], digits: str
) -> None:
    placed = await client.call({"to": number, "sayText": "Press a key.", "dtmf": True, **options})

    over = await client.until_over(placed["callId"])

    assert over["status"] == "completed"
    assert over["digits"] == digits
    assert over["dtmf"] is True


async def test_the_text_stands_in_for_audio_that_breaks(open_shop: OpenShop) -> None:
    answers = [body(wav(tone(8000, 1.0))), body(b"", 500)]

    async def changing(request: web.BaseRequest) -> web.StreamResponse:
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return await answer(request)

    async with site(changing) as audio:
        shop = await open_shop(fetch={"allow_origins": audio.origin})
        client = await VoiceClient.with_balance(shop)
        placed = await client.call(
            {"to": LISTENS, "sayText": "Hello.", "audioUrl": f"{audio.origin}/a.wav"}
        )
        over = await client.until_over(placed["callId"])

    assert over["status"] == "completed"
    assert any("audio" in note for note in over["notes"])


async def test_the_text_is_spoken_where_there_is_no_audio(client: VoiceClient) -> None:
    placed = await client.call(
        {"to": LISTENS, "sayText": "Hello.", "audioUrl": "http://127.0.0.1:1/none.wav"}
    )
    over = await client.until_over(placed["callId"])

    assert over["status"] == "completed"
    assert any(note.startswith("audio_unplayable_text_spoken") for note in over["notes"])


async def test_slow_audio_is_refused_in_time(open_shop: OpenShop) -> None:
    async with raw_site(b"") as silent:
        shop = await open_shop(fetch={"allow_origins": silent, "probe_timeout_s": 0.3})
        client = await VoiceClient.with_balance(shop)

        call = {"to": LISTENS, "audioUrl": f"{silent}/a.wav"}
        error = assert_refused(await client.ask("POST", CALLS, call), 422)

    assert error["field"] == "audioUrl"
    assert await client.balance() == SATS


async def test_only_an_answered_call_costs_anything(client: VoiceClient) -> None:
    answered = await client.call({"to": LISTENS, "sayText": "Hello."})
    busy = await client.call({"to": BUSY, "sayText": "Hello."})
    costs = (await client.until_over(answered["callId"]))["cost"]

    refused = await client.until_over(busy["callId"])

    assert refused["status"] == "busy"
    assert "486" in refused["cause"]
    assert refused["cost"] == 0
    assert costs == answered["pricePerMinute"]
    assert await client.balance() == SATS - costs
    assert (await client.shop.audit()).agrees


async def test_a_phone_rings_as_long_as_it_was_asked_for(open_shop: OpenShop) -> None:
    shop = await open_shop(simulator={"speed": 20.0})
    client = await VoiceClient.with_balance(shop)
    placed = await client.call({"to": NEVER_ANSWERS, "sayText": "Hello.", "timeout": 5})

    over = await client.until_over(placed["callId"])

    assert over["status"] == "no-answer"
    assert over["answeredAt"] is None
    assert over["cost"] == 0
