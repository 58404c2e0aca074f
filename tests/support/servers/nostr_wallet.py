"""A wallet service of Nostr Wallet Connect that answers as the test wants."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from ringbolt_client.nostr.encryption import decrypt, encrypt
from ringbolt_client.nostr.events import Event
from ringbolt_client.nostr.keys import Keys
from support.servers.relay import INFO, REQUEST, RESPONSE, Relay
from support.waiting import eventually

CLIENT_SECRET = "1" * 64
NOW = 1_900_000_000


@dataclass
class NostrWallet:
    """``answer`` is given a method and its parameters, and returns the response; None for none. It
    runs in a thread, so that a payment may be held while others are asked for. ``asked``: the
    methods that came."""

    relay: Relay
    answer: Callable[[str, dict[str, Any]], dict[str, Any] | None]
    keys: Keys = field(default_factory=lambda: Keys("2" * 64))
    asked: list[str] = field(default_factory=list)

    @property
    def uri(self) -> str:
        relay = f"relay={self.relay.url}"
        return f"nostr+walletconnect://{self.keys.public}?{relay}&secret={CLIENT_SECRET}"

    async def announce(self, socket: ClientConnection, methods: str, encryption: str) -> None:
        tags = [["encryption", encryption]] if encryption else []
        info = Event.signed(self.keys, INFO, methods, tags=tags, created_at=NOW)
        await socket.send(json.dumps(["EVENT", info.written()]))
        wanted = {"kinds": [REQUEST], "#p": [self.keys.public]}
        await socket.send(json.dumps(["REQ", "requests", wanted]))

    async def serve(self, socket: ClientConnection) -> None:
        async with asyncio.TaskGroup() as answering:
            async for frame in socket:
                match json.loads(frame):
                    case ["EVENT", "requests", document]:
                        answering.create_task(self._answered(socket, document))

    async def _answered(self, socket: ClientConnection, document: Any) -> None:
        event = Event.read(document)
        assert event is not None
        scheme = event.tag("encryption")
        request = json.loads(decrypt(scheme, self.keys, event.pubkey, event.content))
        self.asked.append(request["method"])
        answer = await asyncio.to_thread(self.answer, request["method"], request["params"])
        if answer is None:
            return
        content = encrypt(scheme, self.keys, event.pubkey, json.dumps(answer))
        tags = [["e", event.id], ["p", event.pubkey]]
        response = Event.signed(self.keys, RESPONSE, content, tags=tags, created_at=NOW)
        await socket.send(json.dumps(["EVENT", response.written()]))


@asynccontextmanager
async def running_wallet(
    relay: Relay,
    answer: Callable[[str, dict[str, Any]], dict[str, Any] | None],
    *,
    methods: str = "pay_invoice lookup_invoice",
    encryption: str = "nip04 nip44_v2",
) -> AsyncIterator[NostrWallet]:
    wallet = NostrWallet(relay, answer)
    async with connect(relay.url) as socket:
        await wallet.announce(socket, methods, encryption)
        serving = asyncio.create_task(wallet.serve(socket))

        async def announced() -> bool:
            return any(event.kind == INFO for event in relay.seen)

        await eventually(announced)
        try:
            yield wallet
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
