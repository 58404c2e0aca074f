"""A Nostr relay (NIP-01, NIP-42) that can lose, refuse and lie."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import ServerConnection, serve

from ringbolt_client.nostr.events import Event

INFO, REQUEST, RESPONSE = 13194, 23194, 23195
_AUTH = 22242


@dataclass(eq=False)
class _Peer:
    socket: ServerConnection
    challenge: str = field(default_factory=lambda: secrets.token_hex(8))
    is_known: bool = False
    wanted: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def say(self, *frame: Any) -> None:
        await self.socket.send(json.dumps(frame))


@dataclass
class Relay:
    """``loses``: how many responses are still lost. ``needs_auth``: nothing is done for peers that
    it does not know. ``refuses``: why no request is taken. ``forged``: what it says before each
    response. ``seen``: every event that was taken."""

    url: str = ""
    loses: int = 0
    needs_auth: bool = False
    refuses: str = ""
    forged: list[Event] = field(default_factory=list)
    seen: list[Event] = field(default_factory=list)
    _peers: list[_Peer] = field(default_factory=list)

    def requests(self) -> list[Event]:
        return [event for event in self.seen if event.kind == REQUEST]

    def know_who_is_here(self) -> None:
        for peer in self._peers:
            peer.is_known = True

    async def serve_peer(self, socket: ServerConnection) -> None:
        peer = _Peer(socket)
        self._peers.append(peer)
        try:
            if self.needs_auth:
                await peer.say("AUTH", peer.challenge)
            async for frame in socket:
                await self._heard(peer, json.loads(frame))
        finally:
            self._peers.remove(peer)

    async def _heard(self, peer: _Peer, frame: list[Any]) -> None:
        match frame:
            case ["AUTH", document]:
                await self._authenticated(peer, document)
            case ["REQ", name, *_] if self.needs_auth and not peer.is_known:
                await peer.say("CLOSED", name, "auth-required: who are you?")
            case ["REQ", name, wanted]:
                peer.wanted[name] = wanted
                for event in self.seen:
                    if event.kind == INFO and _is_wanted(event, wanted):
                        await peer.say("EVENT", name, event.written())
                await peer.say("EOSE", name)
            case ["CLOSE", name]:
                peer.wanted.pop(name, None)
            case ["EVENT", document]:
                await self._published(peer, document)

    async def _authenticated(self, peer: _Peer, document: Any) -> None:
        event = Event.read(document)
        assert event is not None
        assert (event.kind, event.tag("challenge")) == (_AUTH, peer.challenge)
        peer.is_known = True
        await peer.say("OK", event.id, True, "")

    async def _published(self, peer: _Peer, document: Any) -> None:
        event = Event.read(document)
        assert event is not None, "its signature is wrong"
        if self.needs_auth and not peer.is_known:
            await peer.say("OK", event.id, False, "auth-required: who are you?")
            return
        if event.kind == REQUEST and self.refuses:
            await peer.say("OK", event.id, False, self.refuses)
            return
        self.seen.append(event)
        await peer.say("OK", event.id, True, "")
        if event.kind == RESPONSE:
            for forged in self.forged:
                await self._spread(forged)
            if self.loses:
                self.loses -= 1
                return
        await self._spread(event)

    async def _spread(self, event: Event) -> None:
        for peer in [*self._peers]:
            for name, wanted in [*peer.wanted.items()]:
                if _is_wanted(event, wanted):
                    await peer.say("EVENT", name, event.written())


def _is_wanted(event: Event, wanted: dict[str, Any]) -> bool:
    return (
        event.kind in wanted.get("kinds", [event.kind])
        and event.pubkey in wanted.get("authors", [event.pubkey])
        and all(event.tag(name[1:]) in wanted[name] for name in wanted if name[0] == "#")
    )


@asynccontextmanager
async def running_relay() -> AsyncIterator[Relay]:
    relay = Relay()
    async with serve(relay.serve_peer, "127.0.0.1", 0) as server:
        [socket] = server.sockets
        relay.url = f"ws://127.0.0.1:{socket.getsockname()[1]}"
        yield relay
