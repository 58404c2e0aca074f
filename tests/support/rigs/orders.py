"""A shop of orders from the invoice to the last satoshi, on a real database and a node that holds
payments; it may die, or stand still, at any outside effect, the node's among them."""

from __future__ import annotations

import secrets
from contextlib import suppress
from functools import partial
from typing import Any, Literal

from ringbolt.app.accounts.keys import NewKey, create_key
from ringbolt.app.checkout import place_order
from ringbolt.app.checkout.purchase import Balance, Buyer, Hold, Idempotency, Purchase
from ringbolt.app.checkout.top_up import top_up
from ringbolt.app.jobs import LOOK_AFTER_HOLDS
from ringbolt.app.payments.record_hold import record_hold
from ringbolt.clock import SystemClock
from ringbolt.core.commands import Command, ReceiveTexts
from ringbolt.core.errors import Unavailable
from ringbolt.core.order import FINAL, OrderKind, OrderState
from ringbolt.core.outcome import Recovery
from ringbolt.core.pricing.costs import TextCosts
from ringbolt.lightning.memory.node import MemoryNode
from ringbolt.lightning.node import InvoiceState
from ringbolt.numbers.memory.provider import MINUTE_MS, USA, MemoryLease
from ringbolt.settings import Settings
from ringbolt.sms.carrier import OutSms
from ringbolt.store import (
    holds,
    received_texts,
    receiving_orders,
)
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.orders import Order
from ringbolt.worker.message_watcher import sms_watcher
from ringbolt.worker.text_watcher import text_watcher
from support.memory import memory_mailer, memory_node, memory_provider, memory_sms
from support.parts import one_node, simulated
from support.rigs import messages, receiving
from support.rigs.fate import Fate, mortal
from support.rigs.paid import PRICE_MSAT
from support.rigs.shop import Process, World, WorldOrder

Kind = Literal["sms", "email", "activation", "rental", "fund"]
KINDS: tuple[Kind, ...] = ("sms", "email", "activation", "rental", "fund")
CODE = "Your code is 48010"
_NODE = ("create_hold_invoice", "settle_invoice", "cancel_invoice", "lookup_invoice")


class OrderWorld(World):
    """A world with everything that the orders API sells."""

    node: MemoryNode

    def __init__(
        self,
        db: Database,
        clock: SystemClock,
        recovery: Recovery = Recovery.LOOKUP,
        **options: Any,
    ) -> None:
        super().__init__(db, clock, memory_node(clock), Settings(limits="off", **options))
        self.sms = memory_sms(recovery, clock)
        self.mailer = memory_mailer(recovery)
        # So many numbers that no service has one twice.
        self.backend = memory_provider("provider", recovery, clock, "+1202555", 1000)

    def process(self, fate: Fate | None = None, db: Database | None = None) -> OrderProcess:
        """A fresh process of the shop; with ``db`` on a connection of its own."""
        fate = fate or Fate()
        shop = self.shop(
            fate,
            db,
            nodes=one_node(self.clock, mortal(self.node, fate, *_NODE)),
            sms_carriers=simulated(self.clock, mortal(self.sms, fate, *messages.PORT)),
            number_providers=simulated(self.clock, mortal(self.backend, fate, *receiving.PORT)),
            mailers=simulated(self.clock, mortal(self.mailer, fate, *messages.PORT)),
            text_costs=TextCosts({"1": 1}),
        )
        return OrderProcess(self, shop, fate)

    async def key(self, sats: int = 0) -> NewKey:
        """A key, with so much on its balance."""
        made = await create_key(self.db, "a test")
        if sats:
            process = self.process()
            bought = await top_up(process.shop, made.key, sats, Buyer("orders", Hold(), ""))
            order = OrderOfWorld(self, bought.order.id)
            await order.pay()
            await process.settle_down()
        return made


class OrderProcess(Process):
    """One process of the shop: it sells, and works when it is told to."""

    _world: OrderWorld

    async def buy(
        self,
        kind: Kind,
        key: NewKey | None = None,
        *,
        parts: int = 1,
        on_balance: bool = False,
        name: str = "",
    ) -> OrderOfWorld:
        """Place an order: with a hold invoice, or ``on_balance`` of ``key``. The same ``name``
        places it once."""
        named = Idempotency("buyer", name, "") if name else None
        if kind == "fund":
            assert key is not None, "a balance is somebody's"
            buyer = Buyer("orders", Hold(), "", named)
            bought = await top_up(self.shop, key.key, PRICE_MSAT // 1000, buyer)
            return OrderOfWorld(self._world, bought.order.id)
        command = _command(kind, parts)
        payer = Balance(key.id) if key is not None and on_balance else Hold()
        purchase = Purchase(
            kind=OrderKind(kind),
            command=command,
            price_msat=PRICE_MSAT,
            buyer=Buyer("orders", payer, secrets.token_hex(8), named),
            record=partial(_record, command),
            to=getattr(command, "to", ""),
        )
        return OrderOfWorld(
            self._world, (await place_order.place_order(self.shop, purchase)).order.id
        )

    async def listen(self) -> None:
        await self.hear_node()
        for carrier in self.shop.sms_carriers:
            with suppress(Unavailable):
                await sms_watcher(self.shop, carrier).follow()
        for provider in self.shop.number_providers:
            with suppress(Unavailable):
                await text_watcher(self.shop, provider).follow()

    async def hear_node(self) -> None:
        """What a new stream tells of every undecided hold: its present state."""
        for hold in await self.shop.db.read(holds.undecided, 0):
            with suppress(Unavailable):
                status = await self.shop.node.lookup_invoice(bytes.fromhex(hold.payment_hash))
                if status is not None and status.state is not InvoiceState.OPEN:
                    await self.shop.db.tx(
                        record_hold, hold.order_id, status, self.shop.policies.holds
                    )

    async def look_after_holds(self) -> None:
        """Run the job of that name once; it would go on for ever."""
        await self.shop.db.tx(LOOK_AFTER_HOLDS.enqueue, run_at_ms=0)
        await self.run_due()
        await self.shop.db.tx(LOOK_AFTER_HOLDS.cancel)


def _command(kind: Kind, parts: int) -> Command:
    match kind:
        case "sms":
            return messages.a_text("+12025550123", parts)
        case "email":
            return messages.a_mail("a@b.example")
        case "rental":
            return ReceiveTexts("full", USA, hours=4)
        case _:
            return ReceiveTexts("tg", USA)


def _record(command: Command, tx: Tx, order: Order) -> None:
    is_received = isinstance(command, ReceiveTexts)
    record = receiving.record_receiving if is_received else messages.record_message
    record(command, tx, order)


class OrderOfWorld(WorldOrder[OrderWorld]):
    """One order, as its buyer, the node and the carriers see it."""

    async def payment_hash(self) -> bytes:
        found = (await self.row()).payment_hash
        assert found is not None, "it is paid from a balance"
        return bytes.fromhex(found)

    async def invoice(self) -> InvoiceState:
        return self.world.node.invoices[await self.payment_hash()].state

    async def pay(self) -> None:
        """Pay the invoice, if it was not paid or cancelled before."""
        if (await self.row()).payment_hash and await self.invoice() is InvoiceState.OPEN:
            self.world.node.accept(await self.payment_hash())

    async def texts_sent(self) -> list[OutSms]:
        refs = await self.refs()
        return [sms for sms in self.world.sms.sent if sms.ref in refs]

    async def mails_sent(self) -> int:
        refs = await self.refs()
        return sum(mail.ref in refs for mail in self.world.mailer.sent)

    async def leases(self) -> list[MemoryLease]:
        refs = await self.refs()
        return [lease for lease in self.world.backend.leases if lease.ref in refs]

    async def code_comes(self, text: str = CODE) -> None:
        """Somebody texts to the number that the order has now."""
        for lease in (await self.leases())[-1:]:
            self.world.backend.text(lease.number, text)

    async def is_delivered(self) -> bool:
        """Whether the buyer has got what was promised."""
        row = await self.row()
        if row.kind == "sms":
            return bool(await self.texts_sent())
        if row.kind == "email":
            return bool(await self.mails_sent())
        if row.kind == "fund":
            return row.state is OrderState.SETTLED
        found = await self.world.db.read(receiving_orders.receiving_of, self.id)
        assert found is not None
        if row.kind == "activation":
            return bool(found.code)
        trial_ms = self.world.settings.orders.rental_trial_s * 1000
        was_kept = (found.assigned_ms or 0) + trial_ms <= self.world.clock.now_ms()
        return bool(found.texts) or bool(found.assigned_ms and was_kept)

    async def check(self) -> OrderState:
        """The promise, once all is at rest; the final state."""
        row = await self.row()
        assert row.state in FINAL, (row.state, row.reason)
        is_paid = row.state is OrderState.SETTLED
        if row.payment_hash is not None:
            wanted = InvoiceState.SETTLED if is_paid else InvoiceState.CANCELED
            assert await self.invoice() is wanted, (row.state, row.reason)
        if is_paid:
            assert await self.is_delivered(), "charged, but not delivered"
        elif row.kind == "activation":
            assert not await self.is_delivered(), "delivered, but not charged"
        refs = [sms.ref for sms in await self.texts_sent()]
        refs += [lease.ref for lease in await self.leases()]
        assert len(set(refs)) == len(refs), "one attempt was carried out twice"
        assert len(await self.texts_sent()) <= 1 and await self.mails_sent() <= 1
        assert await self.jobs_left() == []
        assert await self.world.complaints() == []
        return row.state


async def paid(world: OrderWorld, kind: Kind = "activation", **more: Any) -> OrderOfWorld:
    """An order that is paid and on its way as far as it goes by itself."""
    process = world.process()
    order = await process.buy(kind, **more)
    await order.pay()
    await process.settle_down()
    return order


async def waiting_for_a_code(world: OrderWorld) -> OrderOfWorld:
    """An order whose number may be cancelled."""
    order = await paid(world)
    assert await order.state() is OrderState.IN_PROGRESS
    world.pass_ms(3 * MINUTE_MS)
    return order


async def texts_shown(order: OrderOfWorld) -> int:
    return len(await order.world.db.read(received_texts.of_order, order.id))
