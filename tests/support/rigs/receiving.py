"""A shop that leases numbers, on a real database; it may die at any outside effect."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from ringbolt.clock import SystemClock
from ringbolt.core.commands import Command, ReceiveTexts
from ringbolt.core.errors import Conflict, Unavailable
from ringbolt.core.order import OrderKind, OrderState, PaymentMethod
from ringbolt.core.outcome import Recovery
from ringbolt.numbers.memory.provider import USA, MemoryLease, MemoryProvider
from ringbolt.registry.parts import parts_of
from ringbolt.settings import Settings
from ringbolt.store import received_texts, receiving_orders
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.orders import Order
from ringbolt.store.received_texts import ReceivedText
from ringbolt.store.receiving_orders import NumberLease, ReceivingOrder
from ringbolt.worker.text_watcher import text_watcher
from support.memory import memory_node, memory_provider
from support.rigs.fate import Fate, mortal
from support.rigs.paid import buy_paid
from support.rigs.shop import Process, World, WorldOrder

CODE = "Your Telegram code is 48010"
PORT = (
    *("acquire", "find", "active", "has_again", "cancel", "finish", "texts", "request_text"),
    "countries",
)


class ReceivingWorld(World):
    """A world with two providers: a stranger, and the operator's own numbers."""

    def __init__(
        self,
        db: Database,
        clock: SystemClock,
        recovery: Recovery = Recovery.LOOKUP,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(db, clock, memory_node(clock), Settings(limits="off", **options or {}))
        self.backend = memory_provider("provider", recovery, clock)
        self.own = memory_provider("own", Recovery.LOOKUP, clock, "+120255502")
        self.own.names_leases = self.own.refuses_early = False
        self.is_simulated = True

    @property
    def backends(self) -> tuple[MemoryProvider, MemoryProvider]:
        return self.backend, self.own

    def process(self, fate: Fate | None = None) -> ReceivingProcess:
        fate = fate or Fate()
        providers = parts_of(
            mortal(self.backend, fate, *PORT),
            now_ms=self.clock.now_ms,
            is_simulated=self.is_simulated,
        )
        own = mortal(self.own, fate, *PORT)
        shop = self.shop(fate, number_providers=providers, own_numbers=own)
        return ReceivingProcess(self, shop, fate)

    async def buy(
        self, method: PaymentMethod = PaymentMethod.BALANCE, *, client: str = "", **wanted: Any
    ) -> PaidReceivingOrder:
        """An order that was just paid."""
        command = ReceiveTexts(**{"service": "tg", "country": USA, **wanted})
        kind = OrderKind.RENTAL if command.hours else OrderKind.ACTIVATION
        client = client or secrets.token_hex(8)
        record = partial(record_receiving, command)
        order = await buy_paid(self, kind, method, command, record, client)
        return PaidReceivingOrder(self, order.id)


def record_receiving(command: Command, tx: Tx, order: Order) -> None:
    """The row of what is to be received."""
    assert isinstance(command, ReceiveTexts)
    receiving_orders.insert(tx, order.id, command.service, command.country, command.hours)


class PaidReceivingOrder(WorldOrder[ReceivingWorld]):
    """A paid order, as its buyer and the provider see it."""

    async def receiving(self) -> ReceivingOrder:
        found = await self.world.db.read(receiving_orders.receiving_of, self.id)
        assert found is not None
        return found

    async def number(self) -> str:
        return (await self.receiving()).number

    async def code_comes_before_an_answer(self) -> None:
        """Let the provider send the code before its next answer, and keep no copy of it."""

        async def send_and_forget() -> None:
            self.world.backend.text(await self.number(), CODE)
            self.world.backend.leases[0].texts.clear()
            await self.world.process().listen()

        self.world.backend.before_answer.append(send_and_forget)

    async def texts(self) -> list[ReceivedText]:
        """What the buyer is shown."""
        return await self.world.db.read(received_texts.of_order, self.id)

    async def leases(self) -> list[NumberLease]:
        """The leases that the shop wrote down."""
        return await self.world.db.read(receiving_orders.leases_of, self.id)

    async def provider_leases(self) -> list[MemoryLease]:
        """What the providers leased for this order."""
        refs = await self.refs()
        return [lease for each in self.world.backends for lease in each.leases if lease.ref in refs]


class ReceivingProcess(Process):
    async def listen(self) -> None:
        for provider in (*self.shop.number_providers, self.shop.own_numbers):
            assert provider is not None
            with suppress(Unavailable):
                await text_watcher(self.shop, provider).follow()


async def assigned(
    world: ReceivingWorld, process: ReceivingProcess, *args: object, **wanted: object
) -> PaidReceivingOrder:
    """An order with a number."""
    order = await world.buy(*args, **wanted)  # type: ignore[arg-type]
    await process.settle_down()
    assert await order.state() is OrderState.IN_PROGRESS
    return order


async def refusal(work: Awaitable[None]) -> Conflict:
    with pytest.raises(Conflict) as caught:
        await work
    return caught.value
