"""The app's queue of webhooks: signed, repeated with growing pauses, and kept over restarts."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

import msgspec

from ringbolt.simulator.clock.world_time import WorldTime
from ringbolt.simulator.smsgate.records import Phone, PhoneRecords, Queued
from ringbolt.sms.smsgate.signature import sign
from ringbolt.upstream.exchange import Answer
from ringbolt.upstream.http import HttpClient

FIRST_PAUSE_MS: Final = 10_000
TRIES: Final = 15
"""The app's own: 14 repeats, which take about two days."""


class WebhookQueue:
    """Delivers every webhook until it is answered 2xx, at the same time as others: so they may
    come in any order."""

    def __init__(self, records: PhoneRecords, clock: WorldTime, speed: float) -> None:
        self._records = records
        self._clock = clock
        self._speed = speed
        self._http = HttpClient({"Content-Type": "application/json"}, timeout_s=30.0)
        self._tasks: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()

    def start(self) -> None:
        for each in self._records.queue():
            self._begin(each)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._http.close()

    def wake(self) -> None:
        """A phone was switched on."""
        self._woken.set()
        self._woken = asyncio.Event()

    def made(self, phone: Phone, event: str, payload: Mapping[str, Any]) -> list[Queued]:
        """The webhooks of an event: one for each that is registered for it."""
        found: list[Queued] = []
        for webhook in self._records.webhooks():
            if webhook.phone != phone.name or webhook.event != event:
                continue
            event_id = secrets.token_urlsafe(16)
            body = {
                "deviceId": phone.device_id,
                "event": event,
                "id": event_id,
                "payload": payload,
                "webhookId": webhook.id,
            }
            text = msgspec.json.encode(body).decode()
            found.append(Queued(event_id, phone.name, webhook.url, text))
        return found

    async def emit(self, phone: Phone, event: str, payload: Mapping[str, Any]) -> None:
        await self.add(self.made(phone, event, payload))

    async def add(self, queued: Iterable[Queued], log: str = "", after: int = 0) -> None:
        """Queue webhooks; ``log`` has been read up to ``after`` then."""
        found = list(queued)
        if found or log:
            await self._records.put_queued(found, log, after)
        for each in found:
            self._begin(each)

    def _begin(self, queued: Queued) -> None:
        task = asyncio.create_task(self._deliver(queued))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, queued: Queued) -> None:
        for n in range(TRIES):
            await self._until_on(queued.phone)
            if await self._is_taken(queued):
                break
            pause_ms = round(FIRST_PAUSE_MS * 2**n / self._speed)
            await self._clock.sleep_until(self._clock.now_ms() + pause_ms)
        await self._records.drop_queued(queued)

    async def _until_on(self, phone: str) -> None:
        while not self._records.phone(phone).is_on:
            await self._woken.wait()

    async def _is_taken(self, queued: Queued) -> bool:
        """Each try is signed anew."""
        timestamp = str(self._clock.now_ms() // 1000)
        body = queued.body.encode()
        key = self._records.phone(queued.phone).signing_key.encode()
        headers = {"X-Timestamp": timestamp, "X-Signature": sign(key, body, timestamp)}
        answer = await self._http.once("POST", queued.url, body, headers=headers)
        return isinstance(answer, Answer) and answer.is_success
