"""Which events the phone reports, and where: registered at the app by the shop itself."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from typing import Final

import structlog

from ringbolt.core.errors import Unavailable
from ringbolt.registry.types import Context
from ringbolt.sms.smsgate.api import PhoneApi, refusal_words
from ringbolt.sms.smsgate.settings import SmsGateSettings
from ringbolt.sms.smsgate.wire import Device, Webhook, ms_of

log = structlog.get_logger("ringbolt.sms")

EVENTS: Final = ("sms:received", "sms:sent", "sms:delivered", "sms:failed", "system:ping")
PING_S: Final = 60
"""How often the phone gives a sign of life by itself."""
LOOK_EVERY_S: Final = 60.0
"""How often the shop looks whether the API answers."""
_FIRST_DELAY_S: Final = 1.0
_LAST_DELAY_S: Final = 30.0
SEEN_WITHIN_MS: Final = 15 * 60_000
"""The cloud hears from a phone that it cannot push to every 15 minutes."""


class Registration:
    """The webhooks of one phone. ``url``: where they go, set before anything else is called."""

    def __init__(self, settings: SmsGateSettings, api: PhoneApi, context: Context) -> None:
        self.url = ""
        self._settings = settings
        self._api = api
        self._context = context

    async def register_when_reached(self) -> None:
        """Register all webhooks, and wait as long as the API does not answer."""
        delay_s, said = _FIRST_DELAY_S, ""
        while True:
            try:
                await self._register()
            except Unavailable as error:
                if error.message != said:
                    log.warning("a phone is not reached", part=self._settings.name,
                                error=error.message)  # fmt: skip
                said = error.message
            else:
                return
            await asyncio.sleep(delay_s)
            delay_s = min(2 * delay_s, _LAST_DELAY_S)

    async def look(self) -> None:
        """Register again what the app has lost (it was installed anew). Raises ``Unavailable`` if
        the API, or the phone behind the cloud, does not answer."""
        if await self.missing():
            await self._register()
        if self._settings.mode == "local":
            return
        device = await self.device()
        now_ms = self._context.clock.now_ms()
        if device is None:
            raise self._api.unavailable("the account has no such device")
        if ms_of(device.last_seen, now_ms) < now_ms - SEEN_WITHIN_MS:
            raise self._api.unavailable("the cloud has not heard from it for a while")

    async def device(self) -> Device | None:
        """The phone as the cloud knows it; None if it knows none. Raises ``Unavailable``."""
        devices = await self._api.get("/devices", list[Device])
        wanted = self._settings.device_id
        return next((each for each in devices if wanted in ("", each.id)), None)

    async def missing(self) -> list[str]:
        """The events that are not reported to this shop. Raises ``Unavailable``."""
        known = await self._api.get("/webhooks", list[Webhook])
        mine = {each.event for each in known if each.id == self._id(each.event)}
        return [event for event in EVENTS if event not in mine]

    async def _register(self) -> None:
        for event in EVENTS:
            webhook = Webhook(self._id(event), self.url, event, self._settings.device_id or None)
            answer = await self._api.ask("POST", "/webhooks", webhook)
            if not answer.is_success:
                raise self._api.unavailable(f"it takes no webhook ({refusal_words(answer)})")
        ping = {"ping": {"interval_seconds": PING_S}}
        answer = await self._api.ask("PATCH", "/settings", ping)
        if not answer.is_success:
            log.warning("set the interval of pings in the app to 60 s yourself",
                        part=self._settings.name, why=refusal_words(answer))  # fmt: skip

    def _id(self, event: str) -> str:
        """The same at every start, whatever the URL: registering again replaces it."""
        secret = self._context.derive(f"smsgate webhook {self._settings.name}")
        return f"rb{sha256(secret + event.encode()).hexdigest()[:18]}"
