"""A shop whose numbers come from ``handler_api.php`` of a simulated world; it may die, or stand
still, at every commit and at every request of its provider's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Final, TypeVar

from yarl import URL

from ringbolt.clock import SystemClock
from ringbolt.core.errors import Unavailable
from ringbolt.core.sink import Sink
from ringbolt.numbers.handler_api.account import Account
from ringbolt.numbers.handler_api.provider import HandlerApiProvider, handler_api_provider
from ringbolt.numbers.provider import ActiveLease, SupportsActiveLeases, TextBatch
from ringbolt.registry.parts import parts_of
from ringbolt.simulator.numbers import handler_api
from ringbolt.simulator.numbers.activation import ACTIVATION
from ringbolt.store.engine.db import Database
from ringbolt.store.lease_book import DatabaseLeases
from ringbolt.upstream.exchange import Exchange
from ringbolt.upstream.http import HttpClient
from support.contracts.numbers import FAST
from support.rigs.fate import Fate, mortal
from support.rigs.receiving import ReceivingProcess, ReceivingWorld
from support.servers.world import WorldServer

T = TypeVar("T")
KEY: Final = "the shop's key"
PROVIDER: Final = "provider"
PATHS: Final = {
    "sms-activate": handler_api.PATH,
    "hero-sms": handler_api.HERO,
    "plain": handler_api.PLAIN,
}
_IN_THE_BACKGROUND: Final = frozenset(
    {"getBalance", "getCountries", "getPrices", "getServicesList", "getRentServicesAndCountries"}
)
"""Lists that are fetched at no moment in particular: a death there is one at any other moment."""


_IDLE: Final = frozenset(
    {"getStatus", "getStatusV2", "getRentStatus", "getAllSms", "tx claim", "tx _come_back"}
)
"""What a process does again and again while it waits."""


class BusyFate(Fate):
    """Its boundaries are those of a process that does something: each idle effect counts once after
    every other effect."""

    def __init__(self, at: int = 0, kind: str = "before") -> None:
        super().__init__(at, kind)
        self._idled: set[str] = set()

    async def effect(self, name: str, act: Callable[[], Awaitable[T]]) -> T:
        if name in self._idled:
            self.check()
            return await act()
        if name in _IDLE:
            self._idled.add(name)
        else:
            self._idled.clear()
        return await super().effect(name, act)


class MortalHttp(HttpClient):
    """Every request of a provider of ``world`` is a boundary of ``fate``."""

    def __init__(self, world: HandlerApiWorld, fate: Fate) -> None:
        super().__init__()
        self._world = world
        self._fate = fate

    async def once(self, method: str, url: URL | str, *more: Any, **options: Any) -> Exchange:
        return await self._mortal(url, partial(super().once, method, url, *more, **options))

    async def ask(self, method: str, url: URL | str, *more: Any, **options: Any) -> Exchange:
        return await self._mortal(url, partial(super().ask, method, url, *more, **options))

    async def _mortal(self, url: URL | str, send: Callable[[], Awaitable[Exchange]]) -> Exchange:
        async def send_now() -> Exchange:
            await self._world.catch_up()
            return await send()

        action = URL(url).query["action"]
        if action in _IN_THE_BACKGROUND:
            return await send_now()
        return await self._fate.effect(action, send_now)


class HandlerApiWorld(ReceivingWorld):
    """``server`` runs the provider; its clock follows the rig's."""

    def __init__(self, db: Database, clock: SystemClock, server: WorldServer, dialect: str) -> None:
        super().__init__(db, clock)
        self.server = server
        self._book = DatabaseLeases(db)
        self._account = Account(PROVIDER, server.url + PATHS[dialect], KEY, FAST[dialect])
        self._providers: list[HandlerApiProvider] = []
        self._moves = asyncio.Lock()

    def provider(self, fate: Fate) -> HandlerApiProvider:
        http = MortalHttp(self, fate)
        made = handler_api_provider(self._account, self.clock, self._book, http)
        self._providers.append(made)
        return made

    def process(self, fate: Fate | None = None) -> ReceivingProcess:
        """A fresh process: it remembers nothing of what another asked."""
        fate = fate or Fate()
        provider = self.provider(fate)
        port = mortal(provider, fate)
        port.follow = partial(self._look_once, provider, set())
        providers = parts_of(port, now_ms=self.clock.now_ms)
        shop = self.shop(fate, number_providers=providers, own_numbers=self.own)
        return ReceivingProcess(self, shop, fate)

    async def _look_once(
        self,
        provider: HandlerApiProvider,
        told: set[str],
        cursor: str,
        sink: Sink[TextBatch],
    ) -> None:
        """What the poller does, for one round."""
        for lease in await self._book.open_at(PROVIDER):
            found = await provider.texts(lease.lease_id)
            if new := tuple(text for text in found if text.event_id not in told):
                await sink(TextBatch(new, ""))
                told.update(text.event_id for text in new)
        raise Unavailable("Everything is told.")

    async def close(self) -> None:
        for provider in self._providers:
            await provider.close()

    async def catch_up(self) -> None:
        """Move the provider's clock to the shop's."""
        async with self._moves:
            behind_ms = self.clock.offset_ms - self.server.world.clock.offset_ms
            if behind_ms > 0:
                await self.server.world.clock.advance(behind_ms / 1000)

    async def text(self, number: str, text: str) -> None:
        await self.catch_up()
        await self.server.world.numbers.receive(number, "Telegram", text)

    # What the provider's own books say

    def bought(self) -> int:
        """How many numbers it ever leased."""
        return len(self.server.world.store.load(ACTIVATION))

    def balance_micros(self) -> int:
        return self.server.world.number_accounts.account(KEY).balance_micros

    async def open_leases(self, *, rentals: bool) -> Sequence[ActiveLease]:
        """What goes on at the provider."""
        provider = self.provider(Fate())
        assert isinstance(provider, SupportsActiveLeases)
        return await provider.active(rentals=rentals) or ()
