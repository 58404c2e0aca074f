"""What an Android phone with SMSGate says, and what it means: without a phone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from ringbolt.clock import SystemClock
from ringbolt.core.callback import CallbackRequest
from ringbolt.core.errors import Unavailable
from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.registry.types import Context
from ringbolt.sms.carrier import (
    Accepted,
    DeliveryReceipt,
    InboundBatch,
    InboundSms,
    OpenText,
    OutSms,
    ReceiptBatch,
    ReceiptState,
)
from ringbolt.sms.smsgate.carrier import SmsGateCarrier
from ringbolt.sms.smsgate.inbound import inbound_sms, number_of
from ringbolt.sms.smsgate.receipts import receipts_of
from ringbolt.sms.smsgate.settings import SmsGateSettings
from ringbolt.sms.smsgate.signature import CLOCKS_DIFFER_MS, Signed, check, sign
from ringbolt.sms.smsgate.wire import MessageState, Received, Recipient, ms_of
from support.contracts.following import stop
from support.waiting import until

KEY = b"the key that the app shows"
NOW_MS = 1_796_083_200_000
FIRST, SECOND = "+4915112345670", "+4915112345671"
REF = "0123456789abcdef0123456789abcdef"
HELLO = OutSms(REF, "+12025550130", FIRST, ("Hello",), "gsm7")
LONG = OutSms(REF, "+12025550130", SECOND, ("one ", "two ", "three"), "gsm7")
SENT, DELIVERED, FAILED = ReceiptState.SENT, ReceiptState.DELIVERED, ReceiptState.FAILED

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


# Signatures


@pytest.mark.parametrize(
    ("changed", "signed"),
    [
        ({}, Signed.YES),
        ({"x-signature": sign(KEY, b"{}", str(NOW_MS // 1000)).upper()}, Signed.YES),
        ({"x-signature": "0" * 64}, Signed.NO),
        ({"x-signature": "é"}, Signed.NO),
        ({"x-signature": ""}, Signed.NO),
        ({"x-signature": sign(b"another key", b"{}", str(NOW_MS // 1000))}, Signed.NO),
        ({"x-signature": sign(KEY, b"{} ", str(NOW_MS // 1000))}, Signed.NO),
        ({"x-timestamp": str(NOW_MS // 1000 + 1)}, Signed.NO),
        ({"x-timestamp": "9" * 5000}, Signed.NO),
        ({"x-timestamp": ""}, Signed.NO),
    ],
)
def test_only_what_the_phone_signed_is_taken(changed: dict[str, str], signed: Signed) -> None:
    timestamp = str(NOW_MS // 1000)
    headers = {"x-timestamp": timestamp, "x-signature": sign(KEY, b"{}", timestamp)}

    assert check(KEY, b"{}", headers | changed, NOW_MS) is signed


@pytest.mark.parametrize("off_ms", [CLOCKS_DIFFER_MS + 1000, -CLOCKS_DIFFER_MS - 1000])
def test_a_clock_that_is_very_wrong_makes_a_signature_stale(off_ms: int) -> None:
    timestamp = str((NOW_MS + off_ms) // 1000)
    headers = {"x-timestamp": timestamp, "x-signature": sign(KEY, b"{}", timestamp)}

    assert check(KEY, b"{}", headers, NOW_MS) is Signed.STALE


# Texts that come in


@pytest.mark.parametrize(
    ("sim", "recipient", "numbers", "to"),
    [
        (1, None, (FIRST, SECOND), FIRST),
        (2, None, (FIRST, SECOND), SECOND),
        (None, SECOND, (FIRST, SECOND), SECOND),
        (1, "0151 12345670", (FIRST, SECOND), FIRST),
        (3, None, (FIRST, SECOND), ""),
        (None, None, (FIRST, SECOND), ""),
        (None, None, (FIRST,), FIRST),
        (None, FIRST, (), FIRST),
        (10**30, None, (FIRST, SECOND), ""),
    ],
)
def test_the_sim_tells_the_number_that_a_text_came_to(
    sim: int | None, recipient: str | None, numbers: tuple[str, ...], to: str
) -> None:
    received = Received("hi", "2026-12-01T00:00:00Z", recipient=recipient, sim_number=sim)

    assert number_of(received, numbers) == to


def came(text: str = "Code 1234", at: str = "2026-12-01T07:00:00.000+07:00") -> InboundSms:
    found = inbound_sms(Received(text, at, "VK"), (FIRST,), NOW_MS)
    assert found is not None
    return found


def test_the_same_text_has_one_name_however_often_it_is_reported() -> None:
    assert came() == came()
    assert came().at_ms == NOW_MS
    assert came().event_id != came(at="2026-12-01T07:00:01.000+07:00").event_id
    assert came().event_id != came("Code 1235").event_id


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("2026-12-01T00:00:00Z", NOW_MS),
        ("2026-12-01T07:00:00.000+07:00", NOW_MS),
        ("yesterday", 5),
        ("", 5),
        (None, 5),
        ("0001-01-01T00:00:00+14:00", -62135647200000),
    ],
)
def test_times_of_the_phone(text: str | None, ms: int) -> None:
    assert ms_of(text, 5) == ms


# States


def known(state: str, error: str | None = None, *reached: str) -> list[tuple[ReceiptState, str]]:
    """What the states of a text mean; each was reached a second after the one before."""
    states = {name: f"2026-12-01T00:00:{n:02d}Z" for n, name in enumerate((*reached, state))}
    found = MessageState(REF, state, [Recipient(state, error=error)], states)
    return [(each.state, each.raw) for each in receipts_of(found, REF, NOW_MS)]


def test_states_that_decide_nothing_are_no_receipts() -> None:
    for state in ("Pending", "Processed", "Cancelling", "Whatever"):
        assert known(state) == []


def test_a_delivery_that_the_network_did_not_confirm_is_none() -> None:
    doubtful = "Delivery result from SC +491710760000: 2"
    assert known("Delivered", None, "Sent") == [(SENT, "Sent"), (DELIVERED, "Delivered")]
    told = known("Delivered", doubtful, "Sent")
    assert [state for state, _ in told] == [SENT, SENT]
    assert doubtful in told[-1][1]


def test_failed_is_the_last_word_whatever_was_said_before() -> None:
    told = known("Failed", "Delivery result from SC: 70", "Sent", "Delivered")
    assert [state for state, _ in told] == [SENT, FAILED]
    assert "70" in told[-1][1]
    assert known("Cancelled") == [(FAILED, "Cancelled")]


# The phone's answers


def carrier_at(url: str, folder: Path, **changes: Any) -> SmsGateCarrier:
    who = {"type": "smsgate", "name": "pixel", "base_url": url, "password": "pass word"}
    settings = SmsGateSettings(**who, signing_key=KEY.decode(), numbers=(FIRST, SECOND), **changes)
    context = Context(SystemClock(), folder, "", "https://shop.example", lambda label: bytes(32))
    return SmsGateCarrier(settings, context)


@asynccontextmanager
async def phone(
    folder: Path, answering: Answering, **changes: Any
) -> AsyncIterator[SmsGateCarrier]:
    """A carrier at a far end that answers as it likes."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answering)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0]
    carrier = carrier_at(f"http://{host}:{port}/", folder, **changes)
    yield carrier
    await carrier.close()
    await runner.cleanup()


def says(status: int, body: object = None, **headers: str) -> Answering:
    text = body if isinstance(body, str) else json.dumps(body)

    async def answer(request: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(text=text, status=status, headers=named)

    return answer


PENDING = {"id": REF, "state": "Pending", "recipients": []}
NOT_NOW = [
    (301, ""), (401, {"message": "Unauthorized"}), (403, ""), (404, "<html>"), (429, ""),
    (503, {"error": "QueueLimitExceeded", "message": "queue limits exceeded"}),
]  # fmt: skip
NOBODY_KNOWS = [
    (202, "<html>Please log in to this Wi-Fi</html>"), (202, {**PENDING, "id": "another"}),
    (200, "[" * 100_000), (202, ""), (408, ""), (500, {"message": "x"}), (502, ""), (503, "<html>"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body"), [(202, PENDING), (200, PENDING), (409, "{}")])
async def test_a_text_that_the_phone_has_is_accepted(
    status: int, body: object, tmp_path: Path
) -> None:
    async with phone(tmp_path, says(status, body)) as carrier:
        assert await carrier.send(HELLO) == Accepted((REF,))


@pytest.mark.parametrize(("status", "body"), NOT_NOW)
async def test_refusals_that_say_nothing_of_the_text_are_not_for_good(
    status: int, body: object, tmp_path: Path
) -> None:
    async with phone(tmp_path, says(status, body, Retry_After="7", Location="/")) as carrier:
        refused = await carrier.send(HELLO)
    assert isinstance(refused, Rejected)
    assert (refused.permanent, refused.retry_after_ms) == (False, 7000)


async def test_a_refusal_of_the_text_is_for_good_and_tells_why(tmp_path: Path) -> None:
    async with phone(tmp_path, says(400, {"message": "Text message\nis empty"})) as carrier:
        refused = await carrier.send(HELLO)
    assert refused == Rejected("the phone refused the text (HTTP 400: Text message is empty)")


@pytest.mark.parametrize(("status", "body"), NOBODY_KNOWS)
async def test_every_other_answer_leaves_open_whether_it_is_sent(
    status: int, body: object, tmp_path: Path
) -> None:
    async with phone(tmp_path, says(status, body)) as carrier:
        assert isinstance(await carrier.send(HELLO), Unknown)


async def test_a_phone_that_is_not_reached_has_sent_nothing(tmp_path: Path) -> None:
    carrier = carrier_at("http://127.0.0.1:1", tmp_path)
    refused = await carrier.send(HELLO)
    assert isinstance(refused, Rejected)
    assert not refused.permanent
    with pytest.raises(Unavailable):
        await carrier.find(REF)
    await carrier.close()


async def test_a_text_has_our_id_a_ttl_and_the_sim_of_its_sender(tmp_path: Path) -> None:
    asked: list[Any] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append((request.path_qs, request.headers["Authorization"], await request.json()))
        return web.json_response(PENDING, status=202)

    async with phone(tmp_path, answer, ttl_s=120, device_id="d1") as carrier:
        await carrier.send(LONG)

    [(path, authorization, body)] = asked
    assert path == "/messages?skipPhoneValidation=true"
    assert authorization == "Basic c21zOnBhc3Mgd29yZA=="
    assert body == {
        "id": REF, "textMessage": {"text": "one two three"}, "phoneNumbers": ["+12025550130"],
        "ttl": 120, "withDeliveryReport": True, "simNumber": 2, "deviceId": "d1",
    }  # fmt: skip


async def test_a_refused_token_is_renewed_once(tmp_path: Path) -> None:
    shown: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        shown.append(request.headers["Authorization"].split()[0])
        if request.path == "/auth/token":
            return web.json_response({"accessToken": f"token-{len(shown)}"}, status=201)
        if "token-1" in request.headers["Authorization"]:
            return web.json_response({"message": "expired"}, status=401)
        return web.json_response(PENDING, status=202)

    async with phone(tmp_path, answer, auth="jwt") as carrier:
        assert await carrier.send(HELLO) == Accepted((REF,))
        assert await carrier.send(HELLO) == Accepted((REF,))
    assert shown == ["Basic", "Bearer", "Basic", "Bearer", "Bearer"]


@pytest.mark.parametrize("answer", [says(401, {}), says(201, "<html>"), says(201, {"x": 1})])
async def test_without_a_token_nothing_is_sent(answer: Answering, tmp_path: Path) -> None:
    async with phone(tmp_path, answer, auth="jwt") as carrier:
        refused = await carrier.send(HELLO)
    assert isinstance(refused, Rejected)
    assert not refused.permanent


# Webhooks


class Reports:
    """Hands webhooks to a carrier, and keeps what the shop is told."""

    def __init__(self, carrier: SmsGateCarrier) -> None:
        [route] = carrier.callback_routes("https://shop.example/callbacks/secret")
        self._handle = route.handle
        self.receipts: list[DeliveryReceipt] = []
        self.inbound: list[InboundBatch] = []

    async def told(self, batch: ReceiptBatch) -> None:
        self.receipts.extend(batch.receipts)

    async def came(self, batch: InboundBatch) -> None:
        self.inbound.append(batch)

    async def post(self, body: bytes, key: bytes = KEY) -> int:
        timestamp = str(SystemClock().now_ms() // 1000)
        headers = {"x-timestamp": timestamp, "x-signature": sign(key, body, timestamp)}
        return (await self._handle(CallbackRequest("POST", "", {}, (), headers, body))).status

    async def event(self, event: str, payload: object, event_id: str = "1") -> int:
        return await self.post(
            json.dumps({"id": event_id, "event": event, "payload": payload}).encode()
        )


@asynccontextmanager
async def reporting(
    folder: Path, answering: Answering
) -> AsyncIterator[tuple[SmsGateCarrier, Reports]]:
    async with phone(folder, answering) as carrier:
        reports = Reports(carrier)
        following = (
            asyncio.create_task(carrier.follow("", reports.told)),
            asyncio.create_task(carrier.follow_texts("", reports.came)),
        )
        await until(lambda: reports.inbound)  # it follows
        yield carrier, reports
        await stop(*following)


UNREADABLE = [b"", b"[]", b"{}", b"\xff", b"[" * 60_000, b'{"id":1}', b'{"a":' * 9000]


async def test_forged_and_unreadable_webhooks_change_nothing(tmp_path: Path) -> None:
    async with reporting(tmp_path, says(404)) as (_, reports):
        before = len(reports.inbound)
        for body in UNREADABLE:
            assert await reports.post(body) == 400
            assert await reports.post(body, b"a stranger's key") == 403
        assert await reports.event("sms:received", {"message": 5}) == 400
        assert (len(reports.inbound), reports.receipts) == (before, [])


async def test_any_event_is_a_sign_of_life_and_a_strange_one_no_more(tmp_path: Path) -> None:
    async with reporting(tmp_path, says(404)) as (_, reports):
        for event in ("system:ping", "mms:received", "what:ever"):
            reports.inbound.clear()
            assert await reports.event(event, {}) == 204
            assert reports.inbound == [InboundBatch((), (FIRST, SECOND))]


async def test_a_text_of_three_parts_is_delivered_when_all_are(tmp_path: Path) -> None:
    state = {"id": REF, "state": "Pending"}

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response(state, status=202 if request.method == "POST" else 200)

    delivered = {"messageId": REF, "phoneNumber": HELLO.to, "deliveredAt": "2026-12-01T00:00:00Z"}
    async with reporting(tmp_path, answer) as (carrier, reports):
        assert isinstance(await carrier.send(LONG), Accepted)
        for event_id in ("a", "b", "a", "b"):
            assert await reports.event("sms:delivered", delivered, event_id) == 204
        assert reports.receipts == []
        assert await reports.event("sms:delivered", delivered, "c") == 204
    assert [(each.state, each.is_whole) for each in reports.receipts] == [(DELIVERED, True)]


@pytest.mark.parametrize(
    ("state", "error", "told"),
    [("Delivered", None, DELIVERED), ("Failed", "SC: 70", FAILED), ("Delivered", "SC: 2", SENT)],
)
async def test_a_reported_delivery_is_compared_with_what_the_app_knows(
    state: str, error: str | None, told: ReceiptState, tmp_path: Path
) -> None:
    known = {"id": REF, "state": state, "recipients": [{"state": state, "error": error}]}
    async with reporting(tmp_path, says(200, known)) as (_, reports):
        assert await reports.event("sms:delivered", {"messageId": REF}) == 204
    assert [each.state for each in reports.receipts] == [told]


async def test_what_no_webhook_tells_is_found_by_asking(tmp_path: Path) -> None:
    known = {"id": REF, "state": "Sent", "states": {"Sent": "2026-12-01T00:00:00Z"}}
    async with phone(tmp_path, says(200, known)) as carrier:
        told = await carrier.poll([OpenText(REF, (REF,))])
    assert [(each.ref, each.state, each.at_ms) for each in told] == [(REF, SENT, NOW_MS)]
