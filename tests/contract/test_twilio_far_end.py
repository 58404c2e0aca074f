"""The Twilio adapter at far ends that answer nonsense, break off, or answer something else."""

from __future__ import annotations

import json
from asyncio import StreamWriter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from ringbolt.clock import SystemClock
from ringbolt.core.calls.call import Clip
from ringbolt.core.errors import Unavailable
from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.upstream.http import HttpClient
from ringbolt.voice.audio.served import ServedAudio
from ringbolt.voice.carrier import Accepted, PlaceCall
from ringbolt.voice.twilio.carrier import TwilioCarrier
from ringbolt.voice.twilio.settings import TwilioCarrierSettings
from support.contracts.twilio_calls import ACCOUNT, TOKEN
from support.contracts.voice import CALLER, PLAIN
from support.servers.far_end import FarEnd, Reply, far_end, hang_up, response, saying, stall

HTML = response("200 OK", b"<html><body>Welcome</body></html>")
OTHER_CALL = response("201 Created", b'{"sid": "CA1", "to": "+4420", "status": "queued"}')
MADE = response("201 Created", b'{"sid": "v3:abc", "status": "queued"}')

Opened = tuple[TwilioCarrier, FarEnd, PlaceCall]
Open = Callable[..., AbstractAsyncContextManager[Opened]]


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    @asynccontextmanager
    async def make(reply: Reply, **changes: Any) -> AsyncIterator[Opened]:
        async with far_end(reply) as end:
            wanted = {"type": "twilio", "name": "x", "account_sid": ACCOUNT, "auth_token": TOKEN}
            settings = TwilioCarrierSettings.model_validate(
                wanted | {"base_url": end.url.removesuffix("/path")} | changes
            )
            carrier = TwilioCarrier(settings, SystemClock(), tmp_path / "scripts")
            carrier.callback_routes("https://shop.example/callbacks/voice/x/secret")
            carrier.fetch_audio_from(
                ServedAudio([b"k" * 32], tmp_path, "https://shop.example", SystemClock())
            )
            clip = tmp_path / "clip.pcm"
            clip.write_bytes(bytes(16_000))
            yield carrier, end, PlaceCall("ref", PLAIN, CALLER, (Clip(str(clip), 1000),), 30, 60)
            await carrier.close()

    return make


def form_of(asked: bytes) -> list[tuple[str, str]]:
    return parse_qsl(asked.partition(b"\r\n\r\n")[2].decode())


@pytest.mark.parametrize("reply", [hang_up, saying(HTML), saying(OTHER_CALL), saying(b"???\r\n")])
async def test_what_is_no_answer_to_the_request_leaves_it_unknown(
    opened: Open, reply: Reply
) -> None:
    async with opened(reply) as (carrier, end, call):
        assert isinstance(await carrier.place(call), Unknown)
        assert len(end.asked) == 1, "a request for a call was repeated"


@pytest.mark.parametrize(
    ("listed", "why"),
    [
        ([{"sid": "CA1", "to": PLAIN}], "does not say when"),
        ([{"sid": "CA1", "to": PLAIN, "date_created": "yesterday"}], "does not say when"),
        ([{"to": PLAIN}], "cannot be read"),
        ([None], "cannot be read"),
        ([{"sid": "../../CA1"}, {"sid": ".."}], "cannot be read"),
        ({}, "cannot be read"),
    ],
)
async def test_a_list_that_may_hold_the_call_is_no_proof_that_there_is_none(
    opened: Open, listed: Any, why: str
) -> None:
    document = json.dumps({"calls": listed}).encode()

    async def reply(n: int, writer: StreamWriter) -> bool:
        return await (hang_up if n == 1 else saying(response("200 OK", document)))(n, writer)

    async with opened(reply) as (carrier, _, call):
        assert isinstance(await carrier.place(call), Unknown)
        with pytest.raises(Unavailable, match=why):
            await carrier.find(call.ref)


HALF = b"HTTP/1.1 201 Created\r\nContent-Length: 900\r\n\r\n{"


@pytest.mark.parametrize("reply", [stall, saying(HALF)], ids=["silent", "half an answer"])
async def test_a_far_end_that_stops_answering_leaves_it_unknown(
    opened: Open, reply: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    defaults = HttpClient.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "timeout_s", 0.5)
    async with opened(reply) as (carrier, end, call):
        assert isinstance(await carrier.place(call), Unknown)
        assert len(end.asked) == 1, "a request for a call was repeated"


@pytest.mark.parametrize("page", [HTML, response("404 Not Found", b"x"), response("200 OK", b"[]")])
async def test_a_list_that_cannot_be_read_is_no_proof_that_there_is_no_call(
    opened: Open, page: bytes
) -> None:
    async def reply(n: int, writer: Any) -> bool:
        return n > 1 and await saying(page)(n, writer)

    async with opened(reply) as (carrier, _, call):
        assert isinstance(await carrier.place(call), Unknown)
        with pytest.raises(Unavailable):
            await carrier.find(call.ref)


async def test_a_far_end_that_cannot_be_reached_has_refused(opened: Open) -> None:
    async with opened(hang_up, base_url="http://127.0.0.1:1") as (carrier, _, call):
        result = await carrier.place(call)
        assert isinstance(result, Rejected)
        assert not result.permanent
        with pytest.raises(Unavailable):
            await carrier.check()


async def test_a_page_that_is_no_such_api_is_told_by_the_check(opened: Open) -> None:
    async with opened(saying(HTML)) as (carrier, _, _call):
        [finding] = await carrier.check()
        assert (finding.state, finding.subject) == ("wrong", "address")


# Dialects


async def test_twilio_is_given_the_document_and_the_limits(opened: Open) -> None:
    async with opened(saying(MADE)) as (carrier, end, call):
        assert await carrier.place(call) == Accepted("v3:abc")
    path, form = end.asked[0].split(b" ")[1].decode(), form_of(end.asked[0])
    assert path == f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json"
    assert b"Authorization: Basic " in end.asked[0]
    told = dict(form)
    assert (told["Timeout"], told["TimeLimit"]) == ("30", "60")
    assert told["Twiml"].startswith("<Response><Play>https://shop.example/audio/")
    assert "Url" not in told
    events = [value for name, value in form if name == "StatusCallbackEvent"]
    assert events == ["initiated", "ringing", "answered", "completed"]


async def test_telnyx_is_given_an_address_and_an_application(opened: Open) -> None:
    async with opened(saying(MADE), dialect="telnyx", account_sid="1-2", application_sid="app") as (
        carrier,
        end,
        call,
    ):
        assert await carrier.place(call) == Accepted("v3:abc")
        assert carrier.name == "x"
    told = dict(form_of(end.asked[0]))
    assert end.asked[0].split(b" ")[1] == b"/v2/texml/Accounts/1-2/Calls"
    assert f"Authorization: Bearer {TOKEN}".encode() in end.asked[0]
    assert told["ApplicationSid"] == "app"
    assert told["Url"] == "https://shop.example/callbacks/voice/x/secret/document/ref"
    assert told["StatusCallbackEvent"] == "initiated ringing answered completed"
    assert "Twiml" not in told


async def test_signalwire_has_a_path_of_its_own(opened: Open) -> None:
    async with opened(saying(MADE), dialect="signalwire") as (carrier, end, call):
        await carrier.place(call)
    path = end.asked[0].split(b" ")[1].decode()
    assert path == f"/api/laml/2010-04-01/Accounts/{ACCOUNT}/Calls.json"


async def test_numbers_and_null_are_read_whatever_type_they_have(opened: Open) -> None:
    document = {"sid": "v3:abc", "status": "completed", "duration": 3, "price": -0.005}
    body = json.dumps(document | {"price_unit": "USD", "end_time": None}).encode()

    async def reply(n: int, writer: Any) -> bool:
        return await saying(MADE if n == 1 else response("200 OK", body))(n, writer)

    async with opened(reply, dialect="signalwire") as (carrier, _, call):
        await carrier.place(call)
        found = await carrier.find(call.ref)
        assert found is not None
        assert (found.events[-1].talked_ms, found.events[-1].heard_ms) == (3000, 1000)
        cost = await carrier.cost_of(call.ref, "v3:abc")
        assert str(cost) == "0.005 USD"
