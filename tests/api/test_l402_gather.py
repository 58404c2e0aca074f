"""A paid call that asks for keys: what it costs, what is bound, what its buyer is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier

from api.conftest import OpenShop
from ringbolt.core.calls.call import Gather, Play, Say
from ringbolt.core.commands import CallOrder
from ringbolt.store import orders
from support.audio_files import tone, wav
from support.clients.l402 import play, say
from support.numbers import ANSWERS, BUSY, PLAIN
from support.servers.shop import ShopServer, running_shop, settings_for
from support.servers.sites import body, site
from support.servers.webhooks import Receiver, receiving
from support.waiting import eventually

TEXT = "Press one to confirm."
FOUR = "+1234567812"  # presses 1 2 3 #
STAYS = "+1234567814"  # never hangs up


@dataclass(frozen=True, slots=True)
class Receivers:
    server: ShopServer
    receiver: Receiver

    async def until(self, status: str) -> list[dict[str, Any]]:
        async def probe() -> bool:
            return any(hook.json["status"] == status for hook in self.receiver.hooks)

        await eventually(probe)
        return [hook.json for hook in self.receiver.hooks]


@pytest.fixture
async def receivers(tmp_path: Path, sqlite_url: str, speech_dir: Path) -> AsyncIterator[Receivers]:
    async with receiving() as receiver:
        settings = settings_for(
            tmp_path / "shop",
            speech_dir,
            database_url=sqlite_url,
            fetch={"allow_origins": (receiver.url.removesuffix("/hook"),)},
            webhooks={"timeout_s": 30.0, "allow_http": False},
        )
        async with running_shop(settings) as server:
            yield Receivers(server, receiver)


async def command_of(shop: ShopServer, answer: dict[str, Any]) -> CallOrder:
    order = await shop.shop.db.read(orders.by_id, answer["call_id"])
    assert order is not None
    return order.command_as(CallOrder)


# -- what is called -----------------------------------------------------------------------------


async def test_digits_are_reported_without_the_finish_key(shop: ShopServer) -> None:
    _, answer = await shop.buy(say(FOUR, TEXT, gather=True))
    status = await shop.until_over(answer)

    assert (status["status"], status["digits"]) == ("completed", "123")
    assert status["charged_sats"] == status["price_sats"] == 50


async def test_there_are_never_more_digits_than_asked_for(shop: ShopServer) -> None:
    _, answer = await shop.buy(say(FOUR, TEXT, gather={"max_digits": 2}))

    assert (await shop.until_over(answer))["digits"] == "12"


async def test_without_gather_every_key_shows(shop: ShopServer) -> None:
    _, answer = await shop.buy(say(FOUR, TEXT))

    assert (await shop.until_over(answer))["digits"] == "123#"


async def test_the_call_does_what_the_request_says(shop: ShopServer) -> None:
    wanted = say(
        ANSWERS, TEXT, voice="Joanna", language="en", neural=True, repeat=3,
        gather={"max_digits": 4, "finish_key": "*", "timeout_s": 7},
    )  # fmt: skip
    _, answer = await shop.buy(wanted)
    command = await command_of(shop, answer)

    assert command.steps == (Gather((Say(TEXT, "Joanna", "en", True, 3),), 4, "*", 7000),)
    assert (command.minutes, command.message) == (1, "")


async def test_a_plain_text_may_choose_its_voice_too(shop: ShopServer) -> None:
    _, answer = await shop.buy(say(ANSWERS, TEXT, voice="Matthew", language="en-US"))
    command = await command_of(shop, answer)

    assert (command.message, command.voice, command.language) == (TEXT, "Matthew", "en-US")
    assert command.steps == ()
    assert (await shop.until_over(answer))["status"] == "completed"


async def test_what_is_repeated_is_heard_so_often(shop: ShopServer) -> None:
    _, once = await shop.buy(say("+1234567800", TEXT))
    _, twice = await shop.buy(say("+1234567800", TEXT, repeat=2))
    heard_once = (await shop.until_over(once))["heard_seconds"]
    heard_twice = (await shop.until_over(twice))["heard_seconds"]

    assert heard_twice == pytest.approx(2 * heard_once, abs=0.2)


async def test_a_file_may_ask_for_keys_too(open_shop: OpenShop) -> None:
    async with site(body(wav(tone(8000, 1.0)), Content_Type="audio/wav")) as served:
        shop = await open_shop(fetch={"allow_origins": served.origin})
        url = f"{served.origin}/tone.wav"
        _, answer = await shop.buy(play(url, FOUR, gather=True, repeat=2))
        command = await command_of(shop, answer)
        status = await shop.until_over(answer)

    assert command.steps == (Gather((Play(url, 2),)),)
    assert status["digits"] == "123"
    assert status["heard_seconds"] == pytest.approx(2.0, abs=0.1)


async def test_a_file_that_is_none_is_refused_before_anybody_pays(open_shop: OpenShop) -> None:
    async with site(body(b"<!doctype html>", Content_Type="text/html")) as served:
        shop = await open_shop(fetch={"allow_origins": served.origin})
        refused = await shop.post(play(f"{served.origin}/x", FOUR, gather=True))

    assert refused.status_code == 422
    assert refused.json()["field"] == "audio_url"


# -- minutes and money --------------------------------------------------------------------------


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("more", "sats"),
    [
        ({}, 50),
        ({"duration_minutes": 3}, 50),
        ({"repeat": 1, "duration_minutes": 3}, 50),
        ({"repeat": 2}, 50),
        ({"repeat": 2, "duration_minutes": 3}, 150),
        ({"gather": True, "duration_minutes": 1.5}, 100),
        ({"gather": False, "duration_minutes": 2}, 50),
        ({"gather": True, "repeat": 10, "duration_minutes": 30}, 1500),
    ],
)
async def test_more_minutes_cost_more_where_they_can_be_used(
    shared_shop: ShopServer, more: dict[str, Any], sats: int
) -> None:
    asked = await shared_shop.post(say(ANSWERS, TEXT, **more))

    assert asked.status_code == 402
    assert asked.json()["amount_sats"] == sats


async def test_a_call_ends_with_the_minutes_that_were_paid(shop: ShopServer) -> None:
    long = "This is a sentence that takes some time to be said, and is said again and again. "
    _, answer = await shop.buy(say(STAYS, long * 5, repeat=10, gather=True))
    status = await shop.until_over(answer)

    assert status["cause"] == "the maximum duration was reached"
    assert 59 <= status["heard_seconds"] <= 60
    assert status["charged_sats"] == 50


async def test_every_wish_is_bound_to_the_payment(shop: ShopServer) -> None:
    wanted = say(ANSWERS, TEXT, gather={"max_digits": 1}, repeat=2)
    paid = await shop.buy_credential(wanted)

    for changed in ({"repeat": 3}, {"gather": {"max_digits": 2}}, {"gather": True},
                    {"voice": "Joanna"}, {"callback_url": "https://hooks.example/x"}):  # fmt: skip
        refused = await shop.post({**wanted, **changed}, paid.authorization)
        assert refused.status_code == 402
    assert (await shop.post(wanted, paid.authorization)).status_code == 200


# -- what is refused before anybody pays --------------------------------------------------------


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("more", "field", "code"),
    [
        ({"repeat": 0}, "repeat", "OUT_OF_RANGE"),
        ({"repeat": 11}, "repeat", "OUT_OF_RANGE"),
        ({"repeat": 1.5}, "repeat", "OUT_OF_RANGE"),
        ({"repeat": "2"}, "repeat", "INVALID_TYPE"),
        ({"repeat": True}, "repeat", "INVALID_TYPE"),
        ({"neural": "yes"}, "neural", "INVALID_TYPE"),
        ({"voice": "Nobody"}, "voice", "UNKNOWN_VOICE"),
        ({"voice": 5}, "voice", "INVALID_TYPE"),
        ({"language": "klingon"}, "language", "UNKNOWN_LANGUAGE"),
        ({"gather": "yes"}, "gather", "INVALID_TYPE"),
        ({"gather": 1}, "gather", "INVALID_TYPE"),
        ({"gather": []}, "gather", "INVALID_TYPE"),
        ({"gather": {"max_digit": 1}}, "gather.max_digit", "UNKNOWN_FIELD"),
        ({"gather": {"max_digits": 0}}, "gather.max_digits", "OUT_OF_RANGE"),
        ({"gather": {"max_digits": 33}}, "gather.max_digits", "OUT_OF_RANGE"),
        ({"gather": {"timeout_s": 61}}, "gather.timeout_s", "OUT_OF_RANGE"),
        ({"gather": {"timeout_s": "5"}}, "gather.timeout_s", "INVALID_TYPE"),
        ({"gather": {"finish_key": "##"}}, "gather.finish_key", "INVALID_FINISH_KEY"),
        ({"gather": {"finish_key": "A"}}, "gather.finish_key", "INVALID_FINISH_KEY"),
        ({"gather": {"finish_key": 5}}, "gather.finish_key", "INVALID_FINISH_KEY"),
        ({"callback_url": 5}, "callback_url", "INVALID_TYPE"),
        ({"callback_url": "https://x.example/" + "a" * 2048}, "callback_url",
         "WEBHOOK_URL_REFUSED"),
        ({"callback_url": "https://localhost/x"}, "callback_url", "WEBHOOK_URL_REFUSED"),
        ({"callback_url": "https://10.0.0.1/x"}, "callback_url", "WEBHOOK_URL_REFUSED"),
        ({"callback_url": "no url"}, "callback_url", "WEBHOOK_URL_REFUSED"),
        ({"callback_urls": "https://x.example"}, "callback_urls", "UNKNOWN_FIELD"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_refused_before_the_challenge(
    shared_shop: ShopServer, more: dict[str, Any], field: str, code: str
) -> None:
    refused = await shared_shop.post(say(ANSWERS, TEXT, **more))
    document = refused.json()

    assert refused.status_code == 400, document
    assert (document["error_code"], document["field"]) == (code, field)
    assert document["charged"] is False
    assert document["suggestion"]
    assert "www-authenticate" not in refused.headers


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("nothing", [None, "", "  "])
async def test_blank_fields_count_as_absent(shared_shop: ShopServer, nothing: str | None) -> None:
    blank = dict.fromkeys(("voice", "language", "callback_url"), nothing)
    asked = await shared_shop.post(
        say(ANSWERS, TEXT, **blank, gather=None, repeat=None, neural=None)
    )

    assert asked.status_code == 402
    assert asked.json()["amount_sats"] == 50


# -- callbacks ----------------------------------------------------------------------------------


async def test_every_status_is_reported_and_signed(receivers: Receivers) -> None:
    wanted = say(FOUR, TEXT, gather=True, callback_url=receivers.receiver.url)
    _, answer = await receivers.server.buy(wanted)
    documents = await receivers.until("completed")

    assert [each["status"] for each in documents] == [
        "queued", "initiated", "ringing", "in-progress", "completed",
    ]  # fmt: skip
    last = documents[-1]
    assert (last["digits"], last["call_id"], last["sid"]) == (
        "123",
        answer["call_id"],
        answer["sid"],
    )
    for hook in receivers.receiver.hooks:
        Verifier(answer["webhook_secret"]).verify(hook.body, hook.headers)


async def test_a_call_that_is_tried_again_goes_on_counting(receivers: Receivers) -> None:
    wanted = say(BUSY, TEXT, callback_url=receivers.receiver.url)
    paid, answer = await receivers.server.buy(wanted)
    await receivers.server.until(answer, lambda status: status["retry"])

    again = await receivers.server.post(wanted, paid.authorization)

    assert again.status_code == 200

    async def twice() -> bool:
        return [hook.json["status"] for hook in receivers.receiver.hooks].count("busy") == 2

    await eventually(twice)
    sequence = [hook.json["sequence"] for hook in receivers.receiver.hooks]
    assert sequence == list(range(1, len(sequence) + 1))
    assert [hook.json["status"] for hook in receivers.receiver.hooks].count("queued") == 2


async def test_a_buyer_without_a_callback_gets_no_secret(shop: ShopServer) -> None:
    _, answer = await shop.buy(say(PLAIN, TEXT))

    assert "webhook_secret" not in answer


async def test_the_page_of_the_url_shows_how_to_ask_for_keys(shop: ShopServer) -> None:
    page = (await shop.http.get("/api/l402/place-call")).json()
    example = next(each for each in page["examples"] if "gather" in each)

    asked = await shop.post({**example, "phone_number": ANSWERS})

    assert asked.status_code == 402
