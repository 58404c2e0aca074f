"""A Twilio account of the simulated world as a subject of the voice carriers' contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from starlette.routing import Router

from ringbolt.api.audio import audio_routes
from ringbolt.api.callbacks import callback_routes
from ringbolt.core.keys import Keyring
from ringbolt.simulator.world import World
from ringbolt.voice.audio.served import ServedAudio
from ringbolt.voice.audio.wav import read_wav
from ringbolt.voice.carrier import CallSnapshot
from ringbolt.voice.twilio.carrier import TwilioCarrier
from ringbolt.voice.twilio.settings import TwilioCarrierSettings
from support.contracts.voice import Line, served
from support.servers.world import serving

ACCOUNT = "AC" + "7" * 32
TOKEN = "the token of the simulated account"
API = "/simulator/twilio"


def twilio_settings(world_url: str, **changes: Any) -> TwilioCarrierSettings:
    wanted = {
        "type": "twilio",
        "name": "twilio",
        "base_url": world_url + API,
        "account_sid": ACCOUNT,
        "auth_token": TOKEN,
        "poll_s": 0.2,
    }
    return TwilioCarrierSettings.model_validate(wanted | changes)


class TwilioLine(Line[TwilioCarrier]):
    """The adapter at an account of the simulated world, whose phones the test answers."""

    is_reported_twice = True
    replays = False

    def __init__(
        self,
        carrier: TwilioCarrier,
        world: World,
        url: str,
        directory: Path,
        http: aiohttp.ClientSession,
        shop: tuple[Router, str],
    ) -> None:
        super().__init__(carrier, directory)
        self._shop = shop
        self.world = world
        self.url = url
        self._http = http
        self.callbacks: list[int] = []

    def serve(self, carrier: TwilioCarrier) -> None:
        """From now on, ``carrier`` is called back."""
        router, url = self._shop
        keyring = Keyring([b"a secret of thirty-two bytes, yes"])
        audio = ServedAudio([b"k" * 32], self._directory, url, self.world.clock)
        routes = callback_routes(keyring, url, [("voice", "twilio", carrier)])
        carrier.fetch_audio_from(audio)
        router.routes[:] = [*routes, *audio_routes(audio)]
        self.carrier = carrier

    async def answer(self, number: str) -> None:
        await self.world.phones.answer(number)

    async def phone_hangs_up(self, number: str) -> None:
        await self.world.phones.hang_up_phone(number)

    async def rings_at(self, number: str) -> int:
        return len(await self.world.phones.calls_to(number))

    def acknowledged(self) -> int:
        return sum(200 <= status < 300 for status in self.callbacks)

    async def change_account(self, **changes: Any) -> None:
        """What the account has from now on."""
        url = f"{self.url}{API}/accounts/{ACCOUNT}"
        async with self._http.post(url, json=changes) as answer:
            assert answer.status == 200

    async def heard(self, ref: str) -> bytes:
        snapshot = await self.carrier.find(ref)
        assert isinstance(snapshot, CallSnapshot)
        call = await self.world.phones.call(snapshot.carrier_id)
        path = self.world.phones.heard(call)
        return b"" if path is None else read_wav(path).pcm


@asynccontextmanager
async def twilio(directory: Path, speed: float = 20, **changes: Any) -> AsyncIterator[TwilioLine]:
    clips = directory / "clips"
    clips.mkdir()
    router = Router()
    world = await World.open(directory / "world", speed)
    async with served(world) as url, serving(router) as shop, aiohttp.ClientSession() as http:
        carrier = TwilioCarrier(
            twilio_settings(url, **changes), world.clock, directory / "scripts", 0
        )
        made = TwilioLine(carrier, world, url, clips, http, (router, shop))
        made.serve(carrier)
        async with made.listening():
            yield made
        await carrier.close()
