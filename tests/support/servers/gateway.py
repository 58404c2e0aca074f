"""A gateway of texts that a test scripts, and the settings that docs/howto-http-gateway.md has."""

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
from urllib.parse import parse_qsl

from aiohttp import web

from ringbolt.clock import SystemClock
from ringbolt.core.callback import CallbackRequest, SupportsCallbacks
from ringbolt.sms.carrier import (
    DeliveryReceipt,
    OutSms,
    ReceiptBatch,
    SendResult,
    SmsCarrier,
)
from ringbolt.sms.http.carrier import http_carrier
from ringbolt.sms.http.settings import HttpSmsSettings
from support.contracts.following import stop

PAGE = Path(__file__).parents[3] / "docs" / "howto-http-gateway.md"
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


@asynccontextmanager
async def running_gateway() -> AsyncIterator[Gateway]:
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
