"""What cannot be served is refused before any challenge: nobody pays for it."""

from __future__ import annotations

from typing import Any

import pytest

from support.clients.l402 import PATH, say
from support.numbers import ANSWERS
from support.servers.shop import ShopServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

AUDIO = "https://203.0.113.9/a.mp3"
LONG = "a" * 501

BAD_BODIES: list[tuple[str, int, str, Any]] = [
    ("no body", 400, "INVALID_JSON", b""),
    ("white space", 400, "INVALID_JSON", b"  \n"),
    ("not JSON", 400, "INVALID_JSON", b"phone_number=%2B12025550123&message=Hi"),
    ("cut off", 400, "INVALID_JSON", b'{"phone_number":"+12025550123"'),
    ("not UTF-8", 400, "INVALID_JSON", b'{"phone_number":"+1202555\xff"}'),
    ("not a number of JSON", 400, "INVALID_JSON", b'{"duration_minutes":NaN}'),
    ("nested too deep", 400, "INVALID_JSON", b"[" * 30_000),
    ("a list", 400, "INVALID_JSON", []),
    ("a string", 400, "INVALID_JSON", "Hi"),
    ("null", 400, "INVALID_JSON", b"null"),
    ("nothing", 400, "MISSING_FIELD", {}),
    ("no number", 400, "MISSING_FIELD", {"message": "Hi"}),
    ("number null", 400, "MISSING_FIELD", {"phone_number": None, "message": "Hi"}),
    ("number as a number", 400, "INVALID_TYPE", {"phone_number": 12025550123, "message": "Hi"}),
    ("number as a list", 400, "INVALID_TYPE", {"phone_number": [], "message": "Hi"}),
    ("empty number", 400, "INVALID_PHONE_NUMBER", say("")),
    ("no plus", 400, "INVALID_PHONE_NUMBER", say("12025550123")),
    ("with spaces", 400, "INVALID_PHONE_NUMBER", say("+1 202 555 0123")),
    ("with a line break", 400, "INVALID_PHONE_NUMBER", say("+12025550123\n")),
    ("Arabic digits", 400, "INVALID_PHONE_NUMBER", say("+١٢٠٢٥٥٥٠١٢٣")),
    ("too long for E.164", 400, "INVALID_PHONE_NUMBER", say("+1202555012345678")),
    ("too short for its country", 400, "IMPOSSIBLE_PHONE_NUMBER", say("+1202555")),
    ("no such country code", 400, "IMPOSSIBLE_PHONE_NUMBER", say("+9991234567")),
    ("premium rate", 422, "DESTINATION_REFUSED", say("+19005550123")),
    ("toll-free", 422, "DESTINATION_REFUSED", say("+18005550123")),
    ("satellite", 422, "DESTINATION_REFUSED", say("+881612345678")),
    ("no text, no audio", 400, "MISSING_FIELD", {"phone_number": ANSWERS}),
    ("empty text", 400, "MISSING_FIELD", say(ANSWERS, "")),
    ("blank text", 400, "MISSING_FIELD", say(ANSWERS, " \t\n")),
    ("text as a number", 400, "INVALID_TYPE", say(ANSWERS) | {"message": 5}),
    ("text too long", 400, "MESSAGE_TOO_LONG", say(ANSWERS, LONG)),
    ("nothing to speak", 400, "MESSAGE_NOT_SPEAKABLE", say(ANSWERS, "🙂🙂")),
    (
        "a lone surrogate",
        400,
        "INVALID_JSON",
        b'{"phone_number":"+1234567890","message":"\\ud800"}',
    ),
    ("audio without minutes", 400, "MISSING_FIELD", {"phone_number": ANSWERS, "audio_url": AUDIO}),
    ("audio as an object", 400, "INVALID_TYPE", {"phone_number": ANSWERS, "audio_url": {}}),
    ("a file of ours", 400, "INVALID_AUDIO_URL", {"audio_url": "file:///etc/passwd"}),
    ("no scheme", 400, "INVALID_AUDIO_URL", {"audio_url": "example.com/a.mp3"}),
    ("a very long address", 400, "INVALID_AUDIO_URL", {"audio_url": AUDIO + "a" * 2048}),
    ("no minutes", 400, "INVALID_DURATION", {"audio_url": AUDIO, "duration_minutes": 0}),
    ("half a minute", 400, "INVALID_DURATION", {"audio_url": AUDIO, "duration_minutes": 0.5}),
    ("negative minutes", 400, "INVALID_DURATION", {"audio_url": AUDIO, "duration_minutes": -1}),
    ("a bit over 30", 400, "INVALID_DURATION", {"audio_url": AUDIO, "duration_minutes": 30.01}),
    ("minutes as text", 400, "INVALID_TYPE", {"audio_url": AUDIO, "duration_minutes": "2"}),
    ("minutes as truth", 400, "INVALID_TYPE", {"audio_url": AUDIO, "duration_minutes": True}),
    ("huge minutes", 400, "INVALID_DURATION", {"audio_url": AUDIO, "duration_minutes": 10**400}),
    ("minutes wrong for a text", 400, "INVALID_DURATION", say(ANSWERS, duration_minutes=31)),
    ("no address", 400, "INVALID_REFUND_ADDRESS", say(ANSWERS, refund_address="alice")),
    ("an IP address", 400, "INVALID_REFUND_ADDRESS", say(ANSWERS, refund_address="a@127.0.0.1")),
    ("a misspelt field", 400, "UNKNOWN_FIELD", {"phone_nmber": ANSWERS, "message": "Hi"}),
    ("a field in capitals", 400, "UNKNOWN_FIELD", {"Phone_Number": ANSWERS, "message": "Hi"}),
    ("too many fields", 400, "TOO_MANY_FIELDS", say(ANSWERS) | {f"f{n}": n for n in range(80)}),
    ("an unsafe integer", 400, "INVALID_INPUT", say(ANSWERS) | {"n": 2**60}),
]


def body_of(wish: Any) -> Any:
    if isinstance(wish, dict) and "audio_url" in wish and "phone_number" not in wish:
        return {"phone_number": ANSWERS, "duration_minutes": 1, **wish}
    return wish


@pytest.mark.parametrize(
    ("status", "code", "wish"),
    [pytest.param(*row[1:], id=row[0]) for row in BAD_BODIES],
)
async def test_a_bad_body_is_refused_before_the_challenge(
    shared_shop: ShopServer, status: int, code: str, wish: Any
) -> None:
    answer = await shared_shop.post(body_of(wish))

    assert (answer.status_code, answer.json()["error_code"]) == (status, code)
    assert "www-authenticate" not in answer.headers
    assert "invoice" not in answer.json()


async def test_every_error_is_one_document(shared_shop: ShopServer) -> None:
    answer = await shared_shop.post(say("12025550123"))
    document = answer.json()

    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-error-code"] == document["error_code"] == "INVALID_PHONE_NUMBER"
    assert document["type"] == "urn:ringbolt:error:INVALID_PHONE_NUMBER"
    assert document["status"] == 400
    assert document["field"] == "phone_number"
    assert document["error"] == document["detail"]
    assert document["title"]
    assert document["suggestion"]
    assert document["charged"] is False


async def test_the_example_in_an_error_is_a_body_that_works(shared_shop: ShopServer) -> None:
    example = (await shared_shop.post(say("12025550123"))).json()["example"]

    assert (await shared_shop.post(example)).status_code == 402


async def test_an_error_about_the_audio_shows_an_example_with_audio(
    shared_shop: ShopServer,
) -> None:
    answer = await shared_shop.post({"phone_number": ANSWERS, "audio_url": AUDIO})

    assert set(answer.json()["example"]) == {"phone_number", "audio_url", "duration_minutes"}


@pytest.mark.parametrize("text", ["a" * 500, "é" * 500, '<b>Tom</b> & "J\'" {}'])
async def test_a_text_of_500_letters_of_any_language_is_taken(
    shared_shop: ShopServer, text: str
) -> None:
    assert (await shared_shop.post(say(ANSWERS, text))).status_code == 402


async def test_500_ideograms_are_answered_with_the_minutes_they_need(
    shared_shop: ShopServer,
) -> None:
    refused = await shared_shop.post(say(ANSWERS, "\u4f60" * 500))
    taken = await shared_shop.post(say(ANSWERS, "\u4f60" * 500, duration_minutes=3))

    assert (refused.status_code, refused.json()["error_code"]) == (400, "CALL_TOO_LONG")
    assert "duration_minutes: 3" in refused.json()["suggestion"]
    assert taken.status_code == 402


async def test_a_field_that_is_not_known_is_named(shared_shop: ShopServer) -> None:
    wish = say(ANSWERS, colour="blue")
    asked = await shared_shop.post(wish)
    _, answer = await shared_shop.buy(wish)

    assert asked.json()["ignored_fields"] == answer["ignored_fields"] == ["colour"]


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", ""])
async def test_the_content_type_does_not_matter(shared_shop: ShopServer, content_type: str) -> None:
    body = b'{"phone_number":"+1234567890","message":"Hello."}'
    answer = await shared_shop.post(body, Content_Type=content_type)

    assert answer.status_code == 402


@pytest.mark.parametrize("size", [64 * 1024 + 1, 3_000_000])
async def test_a_body_over_64_kib_is_refused(shared_shop: ShopServer, size: int) -> None:
    answer = await shared_shop.post(b" " * size)

    assert (answer.status_code, answer.json()["error_code"]) == (413, "BODY_TOO_LARGE")
    assert answer.headers["x-error-code"] == "BODY_TOO_LARGE"


async def test_a_body_of_exactly_64_kib_is_read(shared_shop: ShopServer) -> None:
    body = b'{"phone_number":"+1234567890","message":"Hello."}'

    assert (await shared_shop.post(body.ljust(64 * 1024))).status_code == 402


async def test_a_body_without_a_length_is_counted_as_it_comes(shared_shop: ShopServer) -> None:
    async def endless() -> Any:
        for _ in range(100):
            yield b" " * 1024

    answer = await shared_shop.http.post(PATH, content=endless())

    assert answer.status_code == 413


async def test_a_bad_body_does_not_spend_a_credential(shared_shop: ShopServer) -> None:
    wish = say(ANSWERS, "Spent only once.")
    paid = await shared_shop.buy_credential(wish)
    refused = await shared_shop.post(say(ANSWERS, LONG), paid.authorization)
    assert (refused.status_code, refused.json()["error_code"]) == (400, "MESSAGE_TOO_LONG")

    answer = await shared_shop.post(wish, paid.authorization)
    assert answer.status_code == 200
    assert "idempotent-replayed" not in answer.headers


async def test_bad_bodies_leave_nothing_behind(shared_shop: ShopServer) -> None:
    before = await shared_shop.rows()
    for _, _, _, wish in BAD_BODIES:
        await shared_shop.post(body_of(wish))

    after = await shared_shop.rows()
    for table in ("orders", "refund", "attempt"):
        assert after[table] == before[table]
