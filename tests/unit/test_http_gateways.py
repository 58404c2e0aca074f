"""The gateways of docs/howto-http-gateway.md: what is written there works with the answers and the
receipts that the gateways publish."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from urllib.parse import parse_qs

import pytest

from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.core.pricing.amount import Amount
from ringbolt.sms.carrier import (
    Accepted,
    OpenText,
    OutSms,
    ReceiptState,
    SupportsSmsPolling,
)
from support.servers.gateway import (
    BASE,
    ELKS,
    POLL,
    VONAGE,
    Gateway,
    carrier_of,
    running_gateway,
    sent,
    told,
)


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    async with running_gateway() as running:
        yield running


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
