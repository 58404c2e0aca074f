"""The gateways of docs/howto-http-gateway.md: what is written there works with the answers and the
receipts that the gateways publish."""

from __future__ import annotations

import asyncio
import json
import re
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl

import pytest
from aiohttp import web
from pydantic import ValidationError

from ringbolt.clock import SystemClock
from ringbolt.core.callback import CallbackRequest, SupportsCallbacks
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.core.pricing.amount import Amount
from ringbolt.sms.carrier import (
    Accepted,
    DeliveryReceipt,
    OpenText,
    OutSms,
    ReceiptBatch,
    ReceiptState,
    SendResult,
    SmsCarrier,
    SupportsSmsPolling,
)
from ringbolt.sms.http.carrier import http_carrier
from ringbolt.sms.http.settings import HttpSmsSettings
from support.contracts.following import stop
from support.servers.far_end import far_end
from support.servers.ports import HeldPort

PAGE = Path(__file__).parents[2] / "docs" / "howto-http-gateway.md"
BLOCKS = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)
DOCUMENTED = {
    part["name"]: part
    for block in BLOCKS
    for part in tomllib.loads(block).get("sms", {}).get("carriers", [])
    if isinstance(part, dict) and "name" in part
}
POLL = next(tomllib.loads(block) for block in BLOCKS if 'by = "poll"' in block)
BASE = "https://shop.example/callbacks/sms/gateway/secret"
HELLO = OutSms("ref-1", "+447700900000", "Ringbolt", ("Hello & goodbye",), "gsm7")
ELKS = {  # https://46elks.com/docs/sms-history
    "id": "s17a6dafb12d6b1cabc053d57dac2b9d8",
    "created": "2017-03-14T09:52:07.302000",
    "direction": "outgoing",
    "from": "MyService",
    "to": "+46704508449",
    "message": "Hello hello",
    "status": "created",
    "cost": 3500,
}
VONAGE = {  # https://developer.vonage.com/messaging/sms/guides/troubleshooting-sms
    "message-count": "1",
    "messages": [
        {
            "to": "447700900000",
            "message-id": "0C000000217B7F02",
            "status": "0",
            "remaining-balance": "15.53590000",
            "message-price": "0.03330000",
            "network": "23410",
        }
    ],
}


@dataclass
class Gateway:
    """What it answers next, and what it was asked: (method, path with query, headers, body)."""

    url: str = ""
    answer: web.Response | None = None
    asked: list[tuple[str, str, dict[str, str], str]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        body = (await request.read()).decode()
        self.asked.append((request.method, request.path_qs, dict(request.headers), body))
        assert self.answer is not None
        return self.answer

    def says(self, body: Any, status: int = 200, **headers: str) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answer = web.Response(text=text, status=status, headers=named)


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    gateway = Gateway()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", gateway.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    gateway.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield gateway
    await runner.cleanup()


def settings_of(gateway: Gateway, name: str, **options: Any) -> HttpSmsSettings:
    """As the page has it, but at this machine."""
    documented = {**DOCUMENTED[name], **options}
    url = re.sub(r"^https?://[^/]+", gateway.url, documented["url"])
    return HttpSmsSettings.model_validate({**documented, "url": url})


@asynccontextmanager
async def carrier_of(gateway: Gateway, name: str, **options: Any) -> AsyncIterator[SmsCarrier]:
    carrier = http_carrier(settings_of(gateway, name, **options), SystemClock())
    if isinstance(carrier, SupportsCallbacks):
        carrier.callback_routes(BASE)
    yield carrier
    await carrier.close()


async def sent(gateway: Gateway, name: str, sms: OutSms = HELLO, **options: Any) -> SendResult:
    async with carrier_of(gateway, name, **options) as carrier:
        return await carrier.send(sms)


async def told(
    gateway: Gateway, name: str, *, query: str = "", body: str = "", ref: str = "ref-1"
) -> list[DeliveryReceipt]:
    """The receipts of a callback; none if it is refused."""
    heard: list[DeliveryReceipt] = []

    async def hear(batch: ReceiptBatch) -> None:
        heard.extend(batch.receipts)

    carrier = http_carrier(settings_of(gateway, name), SystemClock())
    assert isinstance(carrier, SupportsCallbacks)
    for_one, for_all = carrier.callback_routes(BASE)
    following = asyncio.ensure_future(carrier.follow("", hear))
    await asyncio.sleep(0)  # it follows now
    fields = tuple(parse_qsl(query, keep_blank_values=True))
    params = {"ref": ref} if ref else {}
    request = CallbackRequest("POST", BASE, params, fields, {}, body.encode())
    await (for_one if ref else for_all).handle(request)
    await stop(following)
    await carrier.close()
    return heard


# 46elks


async def test_46elks_is_asked_as_it_documents(gateway: Gateway) -> None:
    gateway.says(ELKS)

    result = await sent(gateway, "46elks")

    assert result == Accepted((str(ELKS["id"]),), cost=Amount(350_000, "EUR"))
    [(method, path, headers, body)] = gateway.asked
    assert (method, path) == ("POST", "/a1/sms")
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert headers["Authorization"].startswith("Basic ")
    assert parse_qs(body) == {
        "from": ["Ringbolt"],
        "to": ["+447700900000"],
        "message": ["Hello & goodbye"],
        "whendelivered": [f"{BASE}/receipts/ref-1"],
    }


@pytest.mark.parametrize(
    ("status", "state"),
    [("sent", "sent"), ("delivered", "delivered"), ("failed", "failed"), ("created", "enroute")],
)
async def test_46elks_tells_what_became_of_a_text(
    gateway: Gateway, status: str, state: str
) -> None:
    body = f"id={ELKS['id']}&status={status}&delivered=2017-03-14T09%3A52%3A10Z"

    [receipt] = await told(gateway, "46elks", body=body)

    assert (receipt.part_id, receipt.ref) == (ELKS["id"], "ref-1")
    assert (receipt.state, receipt.raw) == (ReceiptState(state), status)
    assert receipt.is_whole


async def test_46elks_can_be_polled(gateway: Gateway) -> None:
    [receipts] = [POLL["sms"]["carriers"]["receipts"]]
    receipts = {**receipts, "url": re.sub(r"^https://[^/]+", gateway.url, receipts["url"])}
    gateway.says({**ELKS, "status": "delivered"})

    async with carrier_of(gateway, "46elks", receipts=receipts) as carrier:
        assert isinstance(carrier, SupportsSmsPolling)
        [receipt] = await carrier.poll([OpenText("ref-1", (str(ELKS["id"]),))])

    assert gateway.asked[0][:2] == ("GET", f"/a1/sms/{ELKS['id']}")
    assert (receipt.part_id, receipt.state) == (ELKS["id"], ReceiptState.DELIVERED)
    assert receipt.ref == "ref-1"


# Vonage


async def test_vonage_is_asked_as_it_documents(gateway: Gateway) -> None:
    gateway.says(VONAGE)
    cyrillic = OutSms("ref-2", "+447700900000", "+447700900001", ("Привет",), "ucs2")

    result = await sent(gateway, "vonage", cyrillic)

    assert result == Accepted(("0C000000217B7F02",), cost=Amount(33_300, "EUR"))
    fields = parse_qs(gateway.asked[0][3])
    assert fields["to"] == ["447700900000"]
    assert fields["from"] == ["447700900001"]
    assert (fields["type"], fields["text"]) == (["unicode"], ["Привет"])
    assert (fields["api_key"], fields["callback"]) == (["abcd1234"], [f"{BASE}/receipts/ref-2"])


async def test_vonage_names_every_part_and_tells_of_each(gateway: Gateway) -> None:
    [first] = VONAGE["messages"]
    assert isinstance(first, dict)
    gateway.says({"message-count": "2", "messages": [first, {**first, "message-id": "02"}]})

    result = await sent(gateway, "vonage")

    assert result == Accepted(("0C000000217B7F02", "02"), cost=Amount(66_600, "EUR"))
    query = "msisdn=447700900000&messageId=02&status=delivered&err-code=0"
    [receipt] = await told(gateway, "vonage", query=query)
    assert (receipt.part_id, receipt.n, receipt.is_whole) == ("02", 0, False)


@pytest.mark.parametrize(
    ("status", "permanent"), [("1", False), ("3", True), ("6", True), ("9", True)]
)
async def test_vonage_refuses_with_200(gateway: Gateway, status: str, permanent: bool) -> None:
    gateway.says({"message-count": "1", "messages": [{"status": status, "error-text": "Why"}]})

    result = await sent(gateway, "vonage")

    assert isinstance(result, Rejected)
    assert result.permanent is permanent


async def test_parts_of_which_some_were_taken_are_not_sent_again(gateway: Gateway) -> None:
    [first] = VONAGE["messages"]
    gateway.says({"messages": [first, {"status": "5"}]})

    assert isinstance(await sent(gateway, "vonage"), Unknown)


# Telnyx


async def test_telnyx_is_asked_as_it_documents(gateway: Gateway) -> None:
    # https://developers.telnyx.com/docs/messaging/messages/message-detail-records
    gateway.says({"data": {"record_type": "message", "id": "40385f64-5717-4562-b3fc", "to": []}})

    result = await sent(gateway, "telnyx")

    assert result == Accepted(("40385f64-5717-4562-b3fc",))
    _, _, headers, body = gateway.asked[0]
    assert headers["Authorization"] == "Bearer KEY..."
    assert json.loads(body)["webhook_url"] == f"{BASE}/receipts/ref-1"
    report = {  # https://developers.telnyx.com/api-reference/callbacks/delivery-update
        "data": {
            "record_type": "event",
            "event_type": "message.finalized",
            "payload": {
                "id": "40385f64-5717-4562-b3fc",
                "to": [{"phone_number": "+18665550001", "status": "delivered"}],
            },
        }
    }
    [receipt] = await told(gateway, "telnyx", body=json.dumps(report))
    assert (receipt.part_id, receipt.state) == ("40385f64-5717-4562-b3fc", ReceiptState.DELIVERED)


# Bad luck, whatever the gateway


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
        ({"receipts": None, "settle_on": "delivered"}, "without receipts"),
        ({"sends_once_per_ref": True}, "needs {ref}"),
        ({"method": "GET", "body": "json"}, "query"),
        ({"success_path": "a", "success_pattern": "b"}, "not both"),
        ({"list_path": "messages", "id_path": ""}, "id_path"),
        ({"cost_path": "a", "cost_currency": ""}, "cost_currency"),
        (
            {
                "fields": {"to": "{to}"},
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
