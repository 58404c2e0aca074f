"""What a part answers is stored, whatever it is: a text that was sent is paid for, and once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ringbolt.sms.carrier import MOST_PARTS
from ringbolt.store.engine.db import Tx
from support.clients.orders import OrderClient
from support.servers.gateway import Gateway, running_gateway
from support.servers.shop import running_shop, settings_for
from support.waiting import PATIENCE_S

SEND = {"phone": "+4915112345678", "message": "Hello"}
LONG = "".join(f"{n:x}" for n in range(5_000))
"""It cannot be compressed much: no index of PostgreSQL holds it."""


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    async with running_gateway() as running:
        yield running


@pytest.fixture
async def client(
    gateway: Gateway, tmp_path: Path, database_url: str, speech_dir: Path
) -> AsyncIterator[OrderClient]:
    part = {
        "type": "http",
        "name": "gateway",
        "url": f"{gateway.url}/send",
        "body": "json",
        "fields": {"to": "{to}", "text": "{text}", "report": "{callback_url}"},
        "list_path": "parts",
        "id_path": "id",
        "success_path": "state",
        "success_values": ["ok"],
        "reason_path": "why",
        "cost_path": "cost",
        "cost_currency": "EUR",
        "receipts": {
            "list_path": "parts",
            "id_path": "id",
            "state_path": "state",
            "states": {"sent": "sent"},
        },
    }
    settings = settings_for(
        tmp_path / "shop", speech_dir, database_url=database_url, sms={"carriers": [part]}
    )
    async with running_shop(settings) as running:
        yield OrderClient(running)


def taken(*ids: Any, **more: Any) -> dict[str, Any]:
    return {"parts": [{"state": "ok", "id": each, **more} for each in ids]}


async def test_a_text_that_was_taken_is_paid_for_whatever_its_name_and_price(
    client: OrderClient, gateway: Gateway
) -> None:
    for answer in (
        taken("a\0b"),
        taken(LONG),
        taken("twice", "twice"),
        taken("dear", cost="999999999"),
        taken("owed", cost=-1e300),
        taken("none", cost="NaN"),
    ):
        gateway.asked.clear()
        gateway.says(answer)
        order_id, payment = await client.buy("/createsendorder", SEND)
        await client.until(order_id, lambda seen: seen["state"] == "in_progress")
        [(_, _, _, body)] = gateway.asked
        sent = {"parts": [{**part, "state": "sent"} for part in answer["parts"]]}
        reported = await client.http.post(json.loads(body)["report"], json=sent)

        assert reported.status_code == 200
        assert await asyncio.wait_for(payment, PATIENCE_S) == "SUCCEEDED"
        assert len(gateway.asked) == 1
    assert (await client.shop.audit()).differences == []


async def test_no_answer_names_more_parts_than_a_text_can_have(
    client: OrderClient, gateway: Gateway
) -> None:
    gateway.says(taken(*range(5000)))
    order_id, payment = await client.buy("/createsendorder", SEND)
    await client.until(order_id, lambda seen: seen["state"] == "in_progress")

    def parts(tx: Tx) -> int:
        return int(tx.conn.exec_driver_sql("SELECT count(*) FROM message_part").scalar_one())

    assert await client.shop.shop.db.read(parts) == MOST_PARTS
    payment.cancel()


async def test_a_refusal_is_one_whatever_it_says(client: OrderClient, gateway: Gateway) -> None:
    gateway.says({"parts": [{"state": "no", "why": "not\0this"}]})
    _, payment = await client.buy("/createsendorder", SEND)

    assert await asyncio.wait_for(payment, PATIENCE_S) == "FAILED"
    assert len(gateway.asked) == 1
