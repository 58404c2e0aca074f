"""The Twilio adapter, and the API of the simulated world that it is tested with: callbacks in bad
order, forged or lost, answers that are lost or about something else, credentials that change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import aiohttp
import pytest
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from ringbolt.core.calls.call import CallStatus, Clip, Pause, Record, RenderedGather
from ringbolt.core.errors import Unavailable
from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.core.pricing.amount import Amount
from ringbolt.simulator.twilio.callbacks import Callbacks
from ringbolt.twilio.signature import sign
from ringbolt.voice.carrier import Accepted
from ringbolt.voice.twilio.carrier import TwilioCarrier
from support.contracts.twilio_calls import ACCOUNT, API, TOKEN, TwilioLine, twilio, twilio_settings
from support.contracts.voice import CALLER, PLAIN, tone
from support.waiting import eventually, until

LISTENS, PRESSES, SPEAKS = "+1234567800", "+1234567890", "+1234567818"
ALL = ["initiated", "ringing", "in-progress", "completed"]


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[TwilioLine]:
    async with twilio(tmp_path) as made:
        yield made


class Told:
    """Every signed request that the world has sent, as (URL, form, signature)."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.requests: list[tuple[str, dict[str, str], str]] = []
        post = Callbacks.post

        async def spied(callbacks: Callbacks, token: str, url: str, form: Any) -> Any:
            address = url.partition("#")[0]
            self.requests.append((address, dict(form), sign(token, address, form.items())))
            return await post(callbacks, token, url, form)

        monkeypatch.setattr(Callbacks, "post", spied)

    def of(self, status: str) -> tuple[str, dict[str, str], str]:
        return next(each for each in self.requests if each[1]["CallStatus"] == status)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    return Told(monkeypatch)


async def send(url: str, form: dict[str, str], signature: str = "") -> int:
    """A callback as somebody sends it; '' signs it with the account's token."""
    headers = {"X-Twilio-Signature": signature or sign(TOKEN, url, form.items())}
    async with aiohttp.ClientSession() as http, http.post(url, data=form, headers=headers) as got:
        return got.status


def statuses(line: TwilioLine, ref: str) -> list[str]:
    return [event.status.value for event in line.of(ref) if not event.digits]


# The world's API, by an independent client


async def test_the_vendors_own_client_finds_the_api_as_it_knows_it(
    line: TwilioLine, second: Clip
) -> None:
    client = Client(ACCOUNT, TOKEN)
    client.api.base_url = line.url + API

    def work() -> Any:
        made = client.calls.create(
            to=LISTENS,
            from_=CALLER,
            twiml="<Response><Say>Hello</Say><Pause length='1'/></Response>",
            time_limit=30,
        )
        client.calls.create(to=PLAIN, from_=CALLER, twiml="<Response><Hangup/></Response>")
        return made, client.calls.list(to=LISTENS), client.calls.list(page_size=1), client

    made, to_one, page_by_page, client = await asyncio.to_thread(work)
    assert (made.status, made.direction, made.price) == ("queued", "outbound-api", None)
    assert [call.sid for call in to_one] == [made.sid]
    assert len(page_by_page) == 2

    async def over() -> Any:
        call = await asyncio.to_thread(client.calls(made.sid).fetch)
        return call if call.price is not None else None

    call = await eventually(over)
    assert (call.status, call.price, call.price_unit) == ("completed", "-0.00850", "USD")
    assert int(call.duration) == 2
    assert call.start_time <= call.end_time
    balance = await asyncio.to_thread(client.balance.fetch)
    assert balance.currency == "USD"


async def test_what_the_world_signs_passes_the_vendors_validator(
    line: TwilioLine, second: Clip, told: Told
) -> None:
    ref = await line.place(PRESSES, RenderedGather((second,), 4, "#", 1000))
    await line.until_over(ref)

    validator = RequestValidator(TOKEN)
    assert len(told.requests) == 5
    for url, form, signature in told.requests:
        assert validator.validate(url, form, signature)
    numbers = [form["SequenceNumber"] for _, form, _ in told.requests if "SequenceNumber" in form]
    assert numbers == ["0", "1", "2", "3"]


# Callbacks


async def test_a_forged_callback_is_refused_and_tells_nothing(
    line: TwilioLine, second: Clip, told: Told
) -> None:
    ref = await line.place(PLAIN, second)
    await line.until_status(ref, CallStatus.RINGING)
    url, form, signature = told.of("ringing")

    forged = form | {"CallStatus": "completed"}
    assert await send(url, forged, signature) == 403
    assert await send(url, forged, sign("another token", url, forged.items())) == 403
    assert await send(url + "x", form) == 404
    another = {"CallSid": "CA" + "0" * 32}
    assert await send(url, forged | another) == 409
    assert statuses(line, ref) == ["initiated", "ringing"]


async def test_callbacks_that_come_again_late_or_in_another_order_change_nothing(
    line: TwilioLine, second: Clip, told: Told
) -> None:
    ref = await line.place(LISTENS, second)
    await line.until_over(ref)

    for url, form, signature in [*told.requests[::-1], *told.requests]:
        assert await send(url, form, signature) == 204
    url, form, _ = told.requests[0]
    a_day_ago = {"Timestamp": "Mon, 30 Nov 2020 00:00:00 +0000", "CallStatus": "ringing"}
    assert await send(url, form | a_day_ago) == 204

    assert statuses(line, ref) == ALL


async def test_callbacks_that_never_come_are_made_up_for_by_asking(
    line: TwilioLine, second: Clip
) -> None:
    await line.change_account(tells=False)

    ref = await line.place(LISTENS, second)
    end = await line.until_over(ref)

    assert statuses(line, ref) == ALL
    assert (end.heard_ms, end.talked_ms) == (1000, 1000)


async def test_a_callback_before_the_answer_to_the_request_names_the_call(
    line: TwilioLine, second: Clip, told: Told
) -> None:
    """The answer is lost, and comes to nothing: the callback has told all."""
    await line.change_account(replies=[(500, True)])
    call = line.call(PLAIN, (second,))

    result = await line.carrier.place(call)
    await line.until_status(call.ref, CallStatus.RINGING)

    assert result == Unknown("HTTP 500")
    found = await line.carrier.find(call.ref)
    assert found is not None
    assert found.carrier_id == told.of("ringing")[1]["CallSid"]


# Answers


@pytest.mark.parametrize(
    ("reply", "result"),
    [
        ((429, False), Rejected("HTTP 429", permanent=False)),
        ((401, False), Rejected("HTTP 401", permanent=False)),
        ((502, False), Unknown("HTTP 502")),
        ((200, True), Unknown("HTTP 200, but the answer has no usable sid")),
    ],
)
async def test_a_page_of_a_proxy_is_read_by_its_status(
    line: TwilioLine, second: Clip, reply: tuple[int, bool], result: object
) -> None:
    await line.change_account(replies=[reply], tells=False)
    call = line.call(PLAIN, (second,))

    assert await line.carrier.place(call) == result
    found = await line.carrier.find(call.ref)
    assert (found is not None) is reply[1]


async def test_the_accounts_rate_is_a_refusal_for_a_second(line: TwilioLine, second: Clip) -> None:
    await line.change_account(calls_per_second=1)
    calls = [line.call(PLAIN, (second,)) for _ in range(3)]

    results = [await line.carrier.place(call) for call in calls]

    assert isinstance(results[0], Accepted)
    why = "HTTP 429 (20429: Too Many Requests)"
    assert Rejected(why, permanent=False, retry_after_ms=1000) in results


async def test_of_several_calls_to_a_number_none_is_guessed(line: TwilioLine, second: Clip) -> None:
    """Two requests without an answer, of which one made a call: neither may be repeated."""
    await line.change_account(replies=[(500, True), (500, False)], tells=False)
    first, other = line.call(PLAIN, (second,)), line.call(PLAIN, (second,))
    assert await line.carrier.place(first) == Unknown("HTTP 500")
    assert await line.carrier.place(other) == Unknown("HTTP 500")

    for call in (first, other):
        with pytest.raises(Unavailable, match="Several calls"):
            await line.carrier.find(call.ref)


async def test_the_call_whose_answer_was_lost_is_told_from_those_that_are_known(
    line: TwilioLine, second: Clip
) -> None:
    known = await line.place(PLAIN, second)
    await line.change_account(replies=[(500, True)], tells=False)
    lost = line.call(PLAIN, (second,))
    assert await line.carrier.place(lost) == Unknown("HTTP 500")

    found = await line.carrier.find(lost.ref)

    snapshot = await line.carrier.find(known)
    assert found is not None
    assert snapshot is not None
    assert found.carrier_id != snapshot.carrier_id
    assert await line.rings_at(PLAIN) <= 2


async def test_a_list_that_lacks_a_call_is_no_proof_at_once(
    line: TwilioLine, second: Clip, tmp_path: Path
) -> None:
    await line.change_account(replies=[(500, False)])
    carrier = TwilioCarrier(twilio_settings(line.url), line.world.clock, tmp_path / "scripts")
    line.serve(carrier)
    call = line.call(PLAIN, (second,))
    assert await carrier.place(call) == Unknown("HTTP 500")

    with pytest.raises(Unavailable, match="not be in its list yet"):
        await carrier.find(call.ref)

    await line.world.clock.advance(20)
    assert await carrier.find(call.ref) is None
    await carrier.close()


async def test_wrong_credentials_are_told_and_refuse_nothing_for_good(
    line: TwilioLine, second: Clip
) -> None:
    ref = await line.place(PLAIN, second)
    assert [each.state for each in await line.carrier.check()] == ["ok"]
    assert await line.carrier.balance() == Amount(20_000_000, "USD")
    await line.change_account(auth_token="changed")

    [finding] = await line.carrier.check()
    assert (finding.state, finding.subject) == ("wrong", "credentials")
    with pytest.raises(Unavailable):
        await line.carrier.find(ref)
    refused = await line.carrier.place(line.call(PLAIN, (second,)))
    assert isinstance(refused, Rejected)
    assert not refused.permanent


# What is played and recorded


async def test_a_script_in_several_parts_goes_on_where_the_keys_lead(
    line: TwilioLine, second: Clip
) -> None:
    """Two gathers: the phone presses 1 # in the first one, and nothing in the other."""
    script = (RenderedGather((second,), 4, "#", 1000), second, RenderedGather((), 4, "#", 2000))

    ref = await line.place(PRESSES, *script)
    end = await line.until_over(ref)

    assert "".join(event.digits for event in line.of(ref)) == "1#"
    assert (end.status, end.cause) == (CallStatus.COMPLETED, "the caller hung up")
    assert len(await line.heard(ref)) == (1 + 1 + 2) * 16_000


async def test_keys_are_heard_in_the_silence_after_a_message(
    line: TwilioLine, second: Clip
) -> None:
    ref = await line.place(PRESSES, second, Pause(2000))
    await line.until_over(ref)

    assert "".join(event.digits for event in line.of(ref)) == "1#"


async def test_a_recording_is_made_counted_and_had(line: TwilioLine, second: Clip) -> None:
    ref = await line.place(SPEAKS, second, Record("#", 2000, 60_000), second)
    end = await line.until_over(ref)

    assert end.recordings == 1
    wav = await line.carrier.recording(ref, 1)
    assert wav is not None
    assert len(wav) == 44 + 5 * 16_000
    assert await line.carrier.recording(ref, 2) is None


async def test_a_document_too_long_for_the_request_is_fetched(line: TwilioLine) -> None:
    clips = [line.clip(tone(100, 300 + 10 * n)) for n in range(30)]
    ref = await line.place(LISTENS, *clips)
    end = await line.until_over(ref)

    assert end.heard_ms == 3000
    assert len(await line.heard(ref)) == 3 * 16_000


async def test_a_price_that_is_told_late_is_read_back(line: TwilioLine, second: Clip) -> None:
    await line.change_account(price="0.02", price_unit="EUR", price_after_s=3)
    ref = await line.place(LISTENS, second)
    await line.until_over(ref)
    found = await line.carrier.find(ref)
    assert found is not None
    assert await line.carrier.cost_of(ref, found.carrier_id) is None

    await line.world.clock.advance(5)

    assert await line.carrier.cost_of(ref, found.carrier_id) == Amount(20_000, "EUR")


async def test_limits_are_always_in_the_request(line: TwilioLine, second: Clip) -> None:
    await line.place(PLAIN, second, ring_timeout_s=17, max_duration_s=59)
    [made] = line.world.twilio.calls.of(ACCOUNT)
    assert (made.form["Timeout"], made.form["TimeLimit"]) == ("17", "59")
    assert made.events == ["initiated", "ringing", "answered", "completed"]


async def test_nothing_is_sent_for_a_call_that_is_not_wanted_any_more(
    line: TwilioLine, second: Clip
) -> None:
    call = line.call(PLAIN, (second,))
    unwanted = type(call)(
        call.ref, call.to, call.caller_id, call.script, 30, 60, still_wanted=lambda: False
    )
    assert isinstance(await line.carrier.place(unwanted), Rejected)
    assert line.world.twilio.calls.of(ACCOUNT) == []


async def test_nothing_that_is_told_is_committed_before_somebody_follows(
    line: TwilioLine, second: Clip, told: Told
) -> None:
    ref = await line.place(PLAIN, second)
    await line.until_status(ref, CallStatus.RINGING)
    await line.stop_listening()
    url, form, _ = told.of("ringing")
    body = dict(parse_qsl(urlencode(form))) | {"CallStatus": "in-progress"}

    assert await send(url, body) == 503

    async with line.listening():
        await until(lambda: "in-progress" in statuses(line, ref))
