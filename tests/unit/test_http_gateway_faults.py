"""What a gateway of texts over HTTP may do wrong, and settings that cannot describe one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import ValidationError

from ringbolt.clock import SystemClock
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.sms.carrier import (
    Accepted,
)
from ringbolt.sms.http.carrier import http_carrier
from ringbolt.sms.http.settings import HttpSmsSettings
from support.servers.far_end import far_end
from support.servers.gateway import (
    DOCUMENTED,
    ELKS,
    HELLO,
    Gateway,
    carrier_of,
    running_gateway,
    sent,
    told,
)
from support.servers.ports import HeldPort


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    async with running_gateway() as running:
        yield running


@pytest.mark.parametrize("name", ["46elks", "vonage", "kannel"])
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("<html><h1>502 Bad Gateway</h1></html>", 502),
        ("<html>Please log in to this network</html>", 200),
        ("", 200),
        ("[]", 200),
        ("{}", 200),
        ("null", 201),
        ('{"id": null, "messages": [{"status": {"0": 0}}]}', 200),
        ("[" * 5000, 200),
        ("moved", 302),
        ("too late", 408),
        ("it was sent before", 409),
    ],
)
async def test_what_is_no_clear_answer_is_unknown(
    gateway: Gateway, name: str, body: str, status: int
) -> None:
    gateway.says(body, status)

    assert isinstance(await sent(gateway, name), Unknown)
    assert len(gateway.asked) == 1


@pytest.mark.parametrize("parts", [["1", None], [None, "9"], ["0", "9"], ["9", "0"]])
async def test_a_text_of_which_a_part_may_be_sent_is_not_sent_again(
    gateway: Gateway, parts: list[str | None]
) -> None:
    gateway.says({"messages": [{"status": each, "message-id": "1"} for each in parts]})

    assert isinstance(await sent(gateway, "vonage"), Unknown)


@pytest.mark.parametrize("name", ["46elks", "vonage", "kannel"])
@pytest.mark.parametrize(("status", "permanent"), [(400, True), (404, True), (401, False)])
async def test_4xx_is_a_refusal(gateway: Gateway, name: str, status: int, permanent: bool) -> None:
    gateway.says("no", status)

    result = await sent(gateway, name)

    assert isinstance(result, Rejected)
    assert result.permanent is permanent


async def test_429_says_when_to_come_again(gateway: Gateway) -> None:
    gateway.says("slow down", 429, Retry_After="7")

    result = await sent(gateway, "46elks")

    assert isinstance(result, Rejected)
    assert (result.permanent, result.retry_after_ms) == (False, 7000)


@pytest.mark.parametrize(
    ("body", "ref"),
    [("", ""), ("id=x", "ref-1"), ("status=delivered", ""), ('{"status": ["x"]}', "ref-1")],
)
async def test_a_callback_that_tells_nothing_is_refused(
    gateway: Gateway, body: str, ref: str
) -> None:
    assert await told(gateway, "46elks", body=body, ref=ref) == []


async def test_a_silent_gateway_leaves_it_unknown() -> None:
    async def say_nothing(n: int, writer: asyncio.StreamWriter) -> bool:
        return True

    async with far_end(say_nothing) as end:
        settings = HttpSmsSettings.model_validate(
            {**DOCUMENTED["46elks"], "url": end.url, "timeout_s": 0.2}
        )
        carrier = http_carrier(settings, SystemClock())
        assert isinstance(await carrier.send(HELLO), Unknown)
        await carrier.close()


@pytest.mark.parametrize(
    "said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", b"what?"]
)
async def test_a_gateway_that_breaks_off_leaves_it_unknown(said: bytes) -> None:
    async def break_off(n: int, writer: asyncio.StreamWriter) -> bool:
        writer.write(said)
        return False

    async with far_end(break_off) as end:
        settings = HttpSmsSettings.model_validate({**DOCUMENTED["46elks"], "url": end.url})
        carrier = http_carrier(settings, SystemClock())
        assert isinstance(await carrier.send(HELLO), Unknown)
        await carrier.close()
        assert len(end.asked) == 1


async def test_a_gateway_that_is_not_there_has_sent_nothing() -> None:
    url = f"http://127.0.0.1:{HeldPort().number}/send"
    settings = HttpSmsSettings.model_validate({**DOCUMENTED["46elks"], "url": url})
    carrier = http_carrier(settings, SystemClock())

    result = await carrier.send(HELLO)

    assert isinstance(result, Rejected)
    assert not result.permanent
    await carrier.close()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"fields": {"to": "{reciever}"}}, "there is no {reciever}; there are"),
        ({"url": "https://{to}.example/sms"}, "without placeholders"),
        ({"url": "sms.example"}, "https://"),
        ({"headers": {"X-Text": "{text}"}}, "there is no {text}"),
        ({"headers": {"X-To: 1": "{to}"}}, "not the name of a header"),
        ({"headers": {"X-To": "a\r\nb"}}, "line break"),
        ({"receipts": None, "settle_on": "delivered"}, "without receipts"),
        ({"sends_once_per_ref": True}, "needs {ref}"),
        ({"method": "GET", "body": "json"}, "query"),
        ({"method": "GET"}, "query"),
        ({"fields": {"text": "{text}"}}, "write {to}"),
        ({"fields": {"to": "{to}"}}, "write {text}"),
        ({"username": ""}, "needs a username"),
        ({"auth": "bearer", "password": ""}, "auth = bearer needs a password"),
        ({"success_path": "a", "success_pattern": "b"}, "not both"),
        ({"list_path": "messages", "id_path": ""}, "id_path"),
        ({"cost_path": "a", "cost_currency": ""}, "cost_currency"),
        (
            {
                "fields": {"to": "{to}", "text": "{text}"},
                "id_path": "",
                "receipts": {"state_path": "s", "states": {"1": "sent"}},
            },
            "callback_url",
        ),
        (
            {
                "receipts": {
                    "by": "poll",
                    "url": "https://a.example",
                    "state_path": "s",
                    "states": {"1": "sent"},
                }
            },
            "{id} or {ref}",
        ),
        ({"receipts": {"state_path": "s", "states": {"1": "lost"}}}, "'enroute'"),
        ({"receipts": {"state_path": "s", "states": {"1": "sent"}, "colour": 1}}, "Extra inputs"),
    ],
)
def test_settings_that_cannot_work_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as error:
        HttpSmsSettings.model_validate({**DOCUMENTED["46elks"], **options})

    assert said in str(error.value)


async def test_without_receipts_what_is_taken_is_sent(gateway: Gateway) -> None:
    gateway.says(ELKS)

    result = await sent(gateway, "46elks", receipts=None)

    assert isinstance(result, Accepted)
    assert result.sent


async def test_a_gateway_that_knows_our_reference_is_asked_again(gateway: Gateway) -> None:
    fields = {"key": "{ref}", "to": "{to}", "text": "{text}", "nested": {"list": ["{sender}", 1]}}
    options = {"body": "json", "fields": fields, "sends_once_per_ref": True, "receipts": None}
    gateway.says(ELKS)

    async with carrier_of(gateway, "46elks", **options) as carrier:
        assert carrier.recovery is Recovery.IDEMPOTENT
        await carrier.send(HELLO)

    assert json.loads(gateway.asked[0][3]) == {
        "key": "ref-1",
        "to": "+447700900000",
        "text": "Hello & goodbye",
        "nested": {"list": ["Ringbolt", 1]},
    }
