"""Texts by real carriers over HTTP: how soon after a payment the far end is asked, and the CPU of
the shop, beside that with the simulated carrier.

    python -m benchmarks.texts_by_http

The far end is this process: it speaks Twilio's API and SMSGate's, takes every text at once, and
calls back that it was sent and delivered. It is used by ``type = "twilio"``, by ``type = "http"``
with the same API described in the settings, and by ``type = "smsgate"``. The delay is from the
payment being sent to the request's arrival. Words on the command line choose some of the kinds.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import aiohttp
from aiohttp import web

from benchmarks.order_load import Rig, rig
from benchmarks.processes import cpu_s
from ringbolt.sms.smsgate.signature import sign as sign_webhook
from ringbolt.twilio.signature import sign

SID, TOKEN = "AC" + "5" * 32, "the-auth-token"
WAKE_UPS, ORDERS, AT_ONCE = 300, 300, 16
NUMBER = "+4915112345678"


class FarEnd:
    """``asked_ms``: when a text was asked for, by its number."""

    def __init__(self) -> None:
        self.asked_ms: dict[int, float] = {}
        self.url = ""
        self._webhook = ""
        self._http: aiohttp.ClientSession
        self._telling: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[FarEnd]:
        app = web.Application()
        app.router.add_post("/phone/messages", self._take_by_phone)
        app.router.add_get("/phone/messages/{id}", self._state)
        app.router.add_post("/phone/webhooks", self._register)
        app.router.add_route("*", "/phone/{path:.*}", self._nothing)
        app.router.add_post("/{path:.*}", self._take)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with aiohttp.ClientSession() as self._http:
            yield self
        await runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        asked_ms = time.time() * 1000
        form = parse_qs((await request.read()).decode())
        number = int(form["Body"][0].split()[1].strip("."))
        self.asked_ms[number] = asked_ms
        sid = f"SM{number:032x}"
        self._begin(self._tell(sid, form["StatusCallback"][0].partition("#")[0]))
        return web.json_response({"sid": sid, "status": "queued"}, status=201)

    # As a phone with SMSGate

    async def _take_by_phone(self, request: web.Request) -> web.Response:
        asked_ms = time.time() * 1000
        document = await request.json()
        self.asked_ms[int(document["textMessage"]["text"].split()[1].strip("."))] = asked_ms
        self._begin(self._report(document["id"]))
        return web.json_response({"id": document["id"], "state": "Pending"}, status=202)

    async def _state(self, request: web.Request) -> web.Response:
        states = {"Sent": "2026-01-01T00:00:00Z", "Delivered": "2026-01-01T00:00:01Z"}
        found = {"id": request.match_info["id"], "state": "Delivered", "states": states}
        return web.json_response(found)

    async def _register(self, request: web.Request) -> web.Response:
        document = await request.json()
        self._webhook = document["url"]
        return web.json_response(document, status=201)

    async def _nothing(self, request: web.Request) -> web.Response:
        return web.json_response({})

    async def _report(self, message_id: str) -> None:
        for n, event in enumerate(("sms:sent", "sms:delivered")):
            event_id = f"{message_id}{n}"
            payload = {"messageId": message_id}
            body = json.dumps({"id": event_id, "event": event, "payload": payload}).encode()
            timestamp = str(int(time.time()))
            headers = {
                "X-Timestamp": timestamp,
                "X-Signature": sign_webhook(TOKEN.encode(), body, timestamp),
            }
            async with self._http.post(self._webhook, data=body, headers=headers) as answer:
                assert answer.status < 300, answer.status

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    # As Twilio

    async def _tell(self, sid: str, url: str) -> None:
        for status in ("sent", "delivered"):
            form = {"MessageSid": sid, "MessageStatus": status, "AccountSid": SID}
            headers = {"X-Twilio-Signature": sign(TOKEN, url, form.items())}
            async with self._http.post(url, data=form, headers=headers) as answer:
                assert answer.status < 300, answer.status

    async def told(self) -> None:
        """Return when every callback was answered."""
        while self._telling:
            await asyncio.wait(set(self._telling))

    def carriers(self, kind: str) -> str:
        """The setting of a shop that sends texts by it."""
        if kind == "simulated":
            return '[{"type": "simulated"}]'
        if kind == "twilio":
            account = {"base_url": self.url, "account_sid": SID, "auth_token": TOKEN}
            return json.dumps([{"type": "twilio", **account}])
        if kind == "smsgate":
            phone = {"base_url": f"{self.url}/phone", "password": TOKEN, "signing_key": TOKEN}
            return json.dumps([{"type": "smsgate", "per_second": 0, **phone}])
        fields = {"From": "{sender}", "To": "{to}", "Body": "{text}"}
        described: dict[str, Any] = {
            "type": "http",
            "url": f"{self.url}/Messages.json",
            "auth": "basic",
            "username": SID,
            "password": TOKEN,
            "fields": {**fields, "StatusCallback": "{callback_url}"},
            "id_path": "sid",
            "receipts": {
                "id_path": "MessageSid",
                "state_path": "MessageStatus",
                "states": {"sent": "sent", "delivered": "delivered"},
            },
        }
        return json.dumps([described])


async def buy(shop: Rig, number: int) -> float:
    """One text, until its payment is settled; when the payment was sent, ms UTC."""
    placed = await shop.place({"phone": NUMBER, "message": f"Number {number}. Hello, phone."})
    paid_ms = time.time() * 1000
    await shop.pay(placed["payreq"])
    return paid_ms


async def buy_all(shop: Rig, numbers: range, at_once: int) -> dict[int, float]:
    """When each payment was sent."""
    left, paid_ms = iter(numbers), {}

    async def buyer() -> None:
        for number in left:
            paid_ms[number] = await buy(shop, number)

    await asyncio.gather(*(buyer() for _ in range(at_once)))
    return paid_ms


async def measure(folder: Path) -> None:
    numbers = itertools.count(1, 10_000)
    async with FarEnd().running() as far_end:
        for kind in sys.argv[1:] or ("simulated", "twilio", "http", "smsgate"):
            options = {"RINGBOLT_SMS_CARRIERS": far_end.carriers(kind)}
            async with rig(folder / kind, **options) as shop:
                first = next(numbers)
                await buy_all(shop, range(first, first + 20), 4)
                paid_ms = await buy_all(shop, range(first + 100, first + 100 + WAKE_UPS), 2)
                before = cpu_s(shop.pid)
                begun = time.monotonic()
                await buy_all(shop, range(first + 1000, first + 1000 + ORDERS), AT_ONCE)
                took_s = time.monotonic() - begun
                await far_end.told()
                used_ms = (cpu_s(shop.pid) - before) / ORDERS * 1000
            told = f"{ORDERS / took_s:.0f} orders a second, {used_ms:.1f} ms of CPU each"
            if kind != "simulated":
                delays = sorted(far_end.asked_ms[n] - paid_ms[n] for n in paid_ms)
                told += (
                    f"; from the payment to the request: p50 {delays[len(delays) // 2]:.0f} ms, "
                    f"p99 {delays[int(len(delays) * 0.99)]:.0f} ms, longest {delays[-1]:.0f} ms"
                )
            print(f"  {kind}: {told}", flush=True)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
