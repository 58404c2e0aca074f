"""Bad requests to the voice API: each refused in plain words that name the field, for free."""

from __future__ import annotations

import json
from typing import Any

import pytest
import pytest_asyncio

from ringbolt.api.voice.names import fold
from ringbolt.api.voice.schema import Call
from support.clients.voice import CALLS, VoiceClient, assert_call_refused, assert_refused
from support.documents import names_of
from support.numbers import ANSWERS, LISTENS
from support.servers.shop import ShopServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALL = names_of(Call)
GOOD: dict[str, Any] = {"to": LISTENS, "sayText": "Hello."}
GONE = object()
HOOK = "https://example.com/hook"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(shared_shop: ShopServer) -> VoiceClient:
    return await VoiceClient.with_balance(shared_shop)


def changed(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**GOOD, **changes}.items() if value is not GONE}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("to", GONE),
        ("to", None),
        ("to", ""),
        ("to", "   "),
        ("to", "XX-XXX-XXXXXXX"),
        ("to", "+"),
        ("to", "+1"),
        ("to", "12345"),
        ("to", "+999999999999999999999999"),
        ("to", "0" * 5000),
        ("to", True),
        ("to", -12025550123),
        ("to", 1.5),
        ("to", {}),
        ("to", [LISTENS, ANSWERS]),
        ("to", f"{LISTENS},{ANSWERS}"),
        ("to", "+1202555\u0660123"),
        ("sayText", GONE),
        ("sayText", ""),
        ("sayText", " \n"),
        ("sayText", 12),
        ("sayText", ["Hello."]),
        ("sayText", "a\x00b"),
        ("sayText", "a" * 1501),
        ("sayText", "..."),
        ("sayText", "สวัสดีครับ"),
        ("voice", 7),
        ("voice", "v" * 65),
        ("voice", "a\nb"),
        ("neural", "perhaps"),
        ("neural", 2),
        ("neural", []),
        ("audioUrl", 7),
        ("audioUrl", "ftp://example.com/a.wav"),
        ("audioUrl", "javascript:alert(1)"),
        ("audioUrl", "https://example.com/" + "a" * 3000),
        ("reps", 0),
        ("reps", 11),
        ("reps", -1),
        ("reps", 2.5),
        ("reps", "two"),
        ("reps", True),
        ("reps", 10**30),
        ("reps", []),
        ("timeout", 4),
        ("timeout", 121),
        ("timeout", "30s"),
        ("timeout", False),
        ("dtmf", "maybe"),
        ("dtmf", 1.5),
        ("dtmf", {}),
        ("dtmfCallbackEndpoint", "http://localhost:9001/my_call_id/dtmf"),
        ("dtmfCallbackEndpoint", '"http://localhost:9001/my_call_id/dtmf'),
        ("dtmfCallbackEndpoint", "http://127.0.0.1/dtmf"),
        ("dtmfCallbackEndpoint", "https://10.0.0.1/dtmf"),
        ("dtmfCallbackEndpoint", "https://[::1]/dtmf"),
        ("dtmfCallbackEndpoint", "https://2130706433/dtmf"),
        ("dtmfCallbackEndpoint", "https://user:secret@example.com/dtmf"),
        ("dtmfCallbackEndpoint", "my_call_id/dtmf"),
        ("dtmfCallbackEndpoint", 9001),
        ("statusCallbackEndpoint", "http://localhost:9001/my_call_id/status"),
        ("statusCallbackEndpoint", "https://169.254.169.254/latest/meta-data"),
        ("statusCallbackEndpoint", "file:///etc/passwd"),
        ("statusCallbackEndpoint", "https://example.com/\r\nX: y"),
        ("statusCallbackEndpoint", "h" * 4000),
        ("statusCallbackMethod", "PATCH"),
        ("statusCallbackMethod", 1),
        ("metaData", "text"),
        ("metaData", "{"),
        ("metaData", []),
        ("metaData", 7),
        ("metaData", {"key": "v" * 4096}),
        ("maxDigits", 0),
        ("maxDigits", 33),
        ("finishKey", "##"),
        ("finishKey", "a"),
        ("finishKey", True),
        ("finishKey", 10),
        ("gatherTimeout", 0),
        ("gatherTimeout", 61),
        ("language", 7),
        ("maxMinutes", 0),
        ("maxMinutes", 6),
        ("maxMinutes", "long"),
    ],
)
async def test_a_wrong_field_is_named(client: VoiceClient, field: str, value: Any) -> None:
    error = await assert_call_refused(client, changed(**{field: value}), 400)

    assert field in error["message"]
    assert error["field"] == field
    assert error["suggestion"]
    assert len(error["message"]) < 400


@pytest.mark.parametrize(
    ("number", "status"),
    [
        ("+12025550", 422),
        ("+442079460000000", 400),
        ("+19005550123", 422),
        ("+18005550123", 422),
        ("+881612345678", 422),
        ("+4401481712345", 400),
    ],
)
async def test_a_number_that_is_not_called_gets_the_reason(
    client: VoiceClient, number: str, status: int
) -> None:
    error = await assert_call_refused(client, changed(to=number), status)

    assert error["field"] == "to"
    assert "phone_number" not in error["message"]


@pytest.mark.parametrize("canonical", sorted(CALL))
async def test_two_names_of_one_field_must_agree(client: VoiceClient, canonical: str) -> None:
    for alias in CALL[canonical]:
        document = changed(**{canonical: "one", alias: "another"})

        error = await assert_call_refused(client, document, 400)

        assert error["code"] == "FIELDS_DISAGREE"
        assert canonical in error["message"]
        assert alias in error["message"]


async def test_names_that_differ_in_punctuation_only_must_agree(client: VoiceClient) -> None:
    error = await assert_call_refused(client, changed(reps=2, re_ps=3), 400)

    assert "reps" in error["message"]
    assert "re_ps" in error["message"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"reps": 3}, {"repeat": "3"}),
        ({"reps": 3.0}, {"repeat": 3}),
        ({"dtmf": False}, {"collectDtmf": "false"}),
        ({"dtmf": True}, {"collectDtmf": 1}),
        ({"to": LISTENS}, {"phone": f"00{LISTENS[1:4]} {LISTENS[4:]}"}),
        ({"to": LISTENS}, {"phone": [int(LISTENS[1:])]}),
    ],
)
async def test_two_names_agree_that_are_read_alike(
    client: VoiceClient, one: dict[str, Any], other: dict[str, Any]
) -> None:
    error = await assert_call_refused(client, changed(**one, **other, metaData=7), 400)

    assert error["field"] == "metaData"  # all else is well


@pytest.mark.parametrize(
    "content",
    [b'{"to": "+1", "reps": 2, "reps": 2}', rb'{"metaData": {"reps": 1, "\u0072eps": 2}}'],
)
async def test_a_field_that_stands_twice_is_refused(client: VoiceClient, content: bytes) -> None:
    error = await assert_call_refused(client, content, 400)

    assert error["code"] == "DUPLICATE_FIELD"
    assert error["field"] == "reps"


@pytest.mark.parametrize(
    "content", [rb'{"sayText": "a\ud83d"}', rb'{"sayText": "\ude00 b"}', rb'{"\ud83d": 1}']
)
async def test_half_of_a_surrogate_pair_is_reported_as_such(
    client: VoiceClient, content: bytes
) -> None:
    error = await assert_call_refused(client, content, 400)

    assert error["code"] == "INVALID_JSON"
    assert "surrogate" in error["message"]


async def test_a_whole_number_may_have_a_point(client: VoiceClient) -> None:
    error = await assert_call_refused(client, changed(reps=2.0, timeout=20.0, metaData=7), 400)

    assert error["field"] == "metaData"
    assert "11" in (await assert_call_refused(client, changed(reps=11.0), 400))["message"]


async def test_no_two_fields_share_a_name() -> None:
    names = [fold(name) for canonical in CALL for name in (canonical, *CALL[canonical])]

    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("dtmfCalbackEndpoint", "dtmfCallbackEndpoint"),
        ("statusCallbackEndpont", "statusCallbackEndpoint"),
        ("gatherTimout", "gatherTimeout"),
    ],
)
async def test_a_misspelt_field_is_not_passed_over(
    client: VoiceClient, wrong: str, right: str
) -> None:
    error = await assert_call_refused(client, changed(**{wrong: HOOK}), 400)

    assert error["code"] == "UNKNOWN_FIELD"
    assert right in error["message"]


async def test_a_field_is_named_as_the_client_wrote_it(client: VoiceClient) -> None:
    error = await assert_call_refused(client, changed(Repeat=0), 400)

    assert error["field"] == "Repeat"
    assert "Repeat (reps)" in error["message"]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"null", 400),
        (b"[]", 400),
        (b"{", 400),
        (b'{"to": NaN}', 400),
        (b"to=%2B1234567800&sayText=Hello", 400),
        (b"<say>Hello</say>", 400),
        (b"\xff\xfe{\x00}\x00", 400),
        (b"[" * 60_000, 400),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 400),
        (json.dumps({f"field{n}": n for n in range(100)}).encode(), 400),
        (b'{"sayText": "' + b"a" * 70_000 + b'"}', 413),
    ],
)
async def test_a_body_that_is_none_is_refused(
    client: VoiceClient, content: bytes, status: int
) -> None:
    await assert_call_refused(client, content, status)


async def test_a_number_that_json_readers_round_is_refused_in_two_names_only(
    client: VoiceClient,
) -> None:
    await assert_call_refused(client, changed(to=2**60, phone=2**60), 400)


@pytest.mark.parametrize("key", ["\u00e4", "k" * 256])
async def test_an_idempotency_key_that_is_none_is_refused(client: VoiceClient, key: str) -> None:
    headers = {b"Idempotency-Key": key.encode(), b"Authorization": client.token.encode()}
    headers[b"Authorization"] = b"Bearer " + client.token.encode()

    answer = await client.http.post(CALLS, json=GOOD, headers=headers)

    assert assert_refused(answer, 400)["code"] == "INVALID_IDEMPOTENCY_KEY"
