"""A shop whose numbers come from far ends that speak ``handler_api.php`` as a test scripts them."""

from __future__ import annotations

import json

from ringbolt.clock import SystemClock
from ringbolt.numbers.handler_api.account import Account
from ringbolt.numbers.handler_api.provider import handler_api_provider
from ringbolt.registry.parts import parts_of
from ringbolt.store.engine.db import Database
from ringbolt.store.lease_book import DatabaseLeases
from support.contracts.numbers import FAST
from support.rigs.fate import Fate
from support.rigs.receiving import ReceivingProcess, ReceivingWorld
from support.servers.stubs import Stub


class HandlerProcess(ReceivingProcess):
    async def listen(self) -> None:
        """It hears of texts only when it looks before the end of a lease."""


class HandlerWorld(ReceivingWorld):
    """A world whose providers are those at ``stubs``, in their order; a dollar is 1,000 sats."""

    def __init__(self, db: Database, clock: SystemClock, *stubs: Stub) -> None:
        super().__init__(db, clock, options={"costs": {"sats_per": {"USD": 1000}}})
        book = DatabaseLeases(db)
        self.providers = [
            handler_api_provider(
                Account(f"provider-{n}", stub.url, "key", FAST["sms-activate"]), clock, book
            )
            for n, stub in enumerate(stubs)
        ]

    async def close(self) -> None:
        for provider in self.providers:
            await provider.close()

    def process(self, fate: Fate | None = None) -> HandlerProcess:
        fate = fate or Fate()
        providers = parts_of(*self.providers, now_ms=self.clock.now_ms)
        shop = self.shop(fate, number_providers=providers, own_numbers=self.own)
        return HandlerProcess(self, shop, fate)


def active(lease_id: int, number: str, **more: object) -> str:
    """The provider's list with one lease that has just begun."""
    item = {"activationId": lease_id, "phoneNumber": number, "serviceCode": "tg"}
    return json.dumps({"status": "success", "activeActivations": [{**item, **more}]})
