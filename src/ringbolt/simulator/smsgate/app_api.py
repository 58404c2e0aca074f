"""``/simulator/smsgate/{numbers}``: the API of SMSGate on a phone with these numbers (one for each
SIM, with commas), as the phone itself answers; below ``/cloud/3rdparty/v1`` as the cloud does.

``/phone`` is the world's own: it switches the phone on and off.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import b64encode
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ringbolt.core.json_errors import UNREADABLE
from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.core.phone import is_e164
from ringbolt.core.timestamps import iso
from ringbolt.simulator.clock.world_time import WorldTime
from ringbolt.simulator.smsgate.phones import SmsGatePhones
from ringbolt.simulator.smsgate.records import AppMessage, Phone, WebhookEntry
from ringbolt.sms.carrier import Accepted, SendResult
from ringbolt.sms.smsgate.wire import Message, TokenRequest, Webhook

PREFIX: Final = "/simulator/smsgate"
USERNAME: Final = "sms"
PASSWORD: Final = "simulated"  # noqa: S105 - of phones that do not exist
CLOUD: Final = "/cloud/3rdparty/v1"
_BASIC: Final = f"Basic {b64encode(f'{USERNAME}:{PASSWORD}'.encode()).decode()}"
_DAY_S: Final = 86_400

Act = Callable[[Request, Phone], Awaitable[Response]]


class _Ping(Struct):
    interval_seconds: int | None = None


class _WebhookSettings(Struct):
    signing_key: str | None = None


class _Settings(Struct):
    """``PATCH /settings``, as far as it has an effect here."""

    ping: _Ping | None = None
    webhooks: _WebhookSettings | None = None


class _Switch(Struct):
    on: bool = True
    sends: bool = True


def routes(phones: SmsGatePhones, clock: WorldTime) -> list[Route]:
    found = [Route(f"{PREFIX}/{{numbers}}/phone", _Switches(phones).switch, methods=["POST"])]
    for below, is_cloud in (("", False), (CLOUD, True)):
        app = _App(phones, clock, is_cloud=is_cloud)
        base = f"{PREFIX}/{{numbers}}{below}"
        found += [
            Route(f"{base}/health", app.health),
            Route(f"{base}/auth/token", app.acting(app.token), methods=["POST"]),
            Route(f"{base}/messages", app.acting(app.send), methods=["POST"]),
            Route(f"{base}/messages/{{id:path}}", app.acting(app.find), methods=["GET"]),
            Route(f"{base}/webhooks", app.acting(app.webhooks), methods=["GET", "POST"]),
            Route(f"{base}/webhooks/{{id}}", app.acting(app.remove), methods=["DELETE"]),
            Route(f"{base}/settings", app.acting(app.configure), methods=["PATCH"]),
            Route(f"{base}/devices", app.acting(app.devices), methods=["GET"]),
        ]
    return found


class _Switches:
    def __init__(self, phones: SmsGatePhones) -> None:
        self._phones = phones

    async def switch(self, request: Request) -> Response:
        """``{"on": false}``: out of power. ``{"sends": false}``: texts stay pending."""
        phone = _phone(self._phones, request)
        if phone is None:
            return _refusal(404, "write the phone's numbers in E.164 format, with commas")
        try:
            wanted = msgspec.json.decode(await request.body(), type=_Switch)
        except UNREADABLE as error:
            return _refusal(400, str(error))
        phone.is_on, phone.sends = wanted.on, wanted.sends
        await self._phones.change(phone)
        return JSONResponse({"numbers": phone.numbers, "on": phone.is_on, "sends": phone.sends})


class _App:
    """The routes of one mode. A phone that is off answers nothing; the cloud goes on without it."""

    def __init__(self, phones: SmsGatePhones, clock: WorldTime, *, is_cloud: bool) -> None:
        self._phones = phones
        self._clock = clock
        self._is_cloud = is_cloud
        self._tokens: dict[str, int] = {}
        self._seen_ms: dict[str, int] = {}

    def acting(self, act: Act) -> Callable[[Request], Awaitable[Response]]:
        async def checked(request: Request) -> Response:
            phone = _phone(self._phones, request)
            if phone is None:
                return _refusal(404, "write the phone's numbers in E.164 format, with commas")
            if not (phone.is_on or self._is_cloud):
                return _refusal(503, "the phone is off")
            if not self._is_known(request.headers.get("authorization", ""), act):
                return _refusal(401, "Unauthorized")
            try:
                return await act(request, phone)
            except UNREADABLE as error:
                return _refusal(400, str(error))

        return checked

    def _is_known(self, shown: str, act: Act) -> bool:
        if hmac.compare_digest(shown.encode(), _BASIC.encode()):
            return True
        until_ms = self._tokens.get(shown.removeprefix("Bearer "), 0)
        return act != self.token and until_ms > self._clock.now_ms()

    async def health(self, request: Request) -> Response:
        phone = _phone(self._phones, request)
        if phone is None or not (phone.is_on or self._is_cloud):
            return _refusal(503, "the phone is off")
        return JSONResponse({"status": "pass", "version": "1.0.0", "releaseId": 1, "checks": {}})

    async def token(self, request: Request, phone: Phone) -> Response:
        wanted = msgspec.json.decode(await request.body(), type=TokenRequest)
        token = secrets.token_urlsafe(32)
        self._tokens[token] = self._clock.now_ms() + min(wanted.ttl, _DAY_S) * 1000
        found = {
            "id": secrets.token_hex(8),
            "tokenType": "Bearer",
            "accessToken": token,
            "expiresAt": iso(self._tokens[token]),
            "refreshToken": secrets.token_urlsafe(32),
        }
        return JSONResponse(found, 201)

    async def send(self, request: Request, phone: Phone) -> Response:
        wanted = msgspec.json.decode(await request.body(), type=Message)
        fault = _fault(wanted, phone)
        if fault:
            return _refusal(400, fault)
        known = self._phones.records.message(wanted.id)
        if known is not None and self._is_cloud:
            return _refusal(409, "Message with such ID already exists")
        if known is not None:  # the app says so, and sends nothing
            return _accepted(wanted, phone)
        now_ms = self._clock.now_ms()
        message = AppMessage(
            id=wanted.id,
            phone=phone.name,
            to=wanted.phone_numbers[0],
            sender=phone.numbers[(wanted.sim_number or 1) - 1],
            text=wanted.text_message.text,
            at_ms=now_ms,
            until_ms=now_ms + wanted.ttl * 1000,
        )
        return _result(await self._phones.send(phone, message), wanted, phone)

    async def find(self, request: Request, phone: Phone) -> Response:
        message = self._phones.records.message(request.path_params["id"])
        if message is None or message.phone != phone.name:
            return _refusal(404, "Message not found")
        return JSONResponse(await self._phones.state(message))

    async def webhooks(self, request: Request, phone: Phone) -> Response:
        if request.method == "GET":
            found = [
                {"id": each.id, "url": each.url, "event": each.event}
                for each in self._phones.records.webhooks()
                if each.phone == phone.name
            ]
            return JSONResponse(found)
        wanted = msgspec.json.decode(await request.body(), type=Webhook)
        if not wanted.url.startswith(("https://", "http://127.0.0.1")):
            return _refusal(400, "url must start with https:// or http://127.0.0.1")
        entry = WebhookEntry(phone.name, wanted.id, wanted.url, wanted.event)
        await self._phones.register(entry)
        return JSONResponse({"id": entry.id, "url": entry.url, "event": entry.event}, 201)

    async def remove(self, request: Request, phone: Phone) -> Response:
        await self._phones.records.drop_webhook(phone.name, request.path_params["id"])
        return Response(status_code=204)

    async def configure(self, request: Request, phone: Phone) -> Response:
        wanted = msgspec.json.decode(await request.body(), type=_Settings)
        if wanted.ping is not None:
            phone.ping_s = wanted.ping.interval_seconds or 0
        if wanted.webhooks is not None and wanted.webhooks.signing_key:
            phone.signing_key = wanted.webhooks.signing_key
        await self._phones.change(phone)
        return JSONResponse({})

    async def devices(self, request: Request, phone: Phone) -> Response:
        if phone.is_on:
            self._seen_ms[phone.name] = self._clock.now_ms()
        seen_ms = self._seen_ms.get(phone.name, 0)
        found = {"id": phone.device_id, "name": "simulated", "lastSeen": iso(seen_ms)}
        return JSONResponse([found])


def _phone(phones: SmsGatePhones, request: Request) -> Phone | None:
    numbers = request.path_params["numbers"].split(",")
    if not all(map(is_e164, numbers)):
        return None
    return phones.records.phone(",".join(numbers))


def _fault(wanted: Message, phone: Phone) -> str:
    """Why the app does not take a text, '' if it does."""
    if not wanted.text_message.text:
        return "Text message is empty"
    if not wanted.phone_numbers:
        return "phoneNumbers is empty"
    if wanted.sim_number is not None and wanted.sim_number < 1:
        return "simNumber must be >= 1"
    if wanted.sim_number is not None and wanted.sim_number > len(phone.numbers):
        return "there is no such SIM"
    if wanted.device_id not in (None, phone.device_id):
        return "Invalid device ID"
    return ""


def _result(result: SendResult, wanted: Message, phone: Phone) -> Response:
    match result:
        case Rejected(reason, permanent=True):
            return _refusal(400, reason)
        case Rejected(reason):
            words = f"queue limits exceeded: {reason}"
            return JSONResponse({"error": "QueueLimitExceeded", "message": words}, 503)
        case Unknown(reason):
            return _refusal(504, reason)
        case Accepted():
            return _accepted(wanted, phone)


def _accepted(wanted: Message, phone: Phone) -> Response:
    recipients: list[dict[str, Any]] = [
        {"phoneNumber": each, "state": "Pending", "error": None} for each in wanted.phone_numbers
    ]
    found = {
        "id": wanted.id,
        "deviceId": phone.device_id,
        "state": "Pending",
        "isHashed": False,
        "isEncrypted": False,
        "recipients": recipients,
        "states": {},
    }
    return JSONResponse(found, 202)


def _refusal(status: int, message: str) -> Response:
    return JSONResponse({"message": message}, status)
