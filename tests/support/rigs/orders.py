"""A shop of orders from the invoice to the last satoshi, on a real database and a node that holds
payments; it may die, or stand still, at any outside effect, the node's among them."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from types import SimpleNamespace
from typing import Any, Literal, cast

from sqlalchemy import select

from ringbolt.app.accounts.keys import NewKey, create_key
from ringbolt.app.checkout import place_order
from ringbolt.app.checkout.purchase import Balance, Buyer, Hold, Idempotency, Purchase
from ringbolt.app.checkout.top_up import top_up
from ringbolt.app.jobs import LOOK_AFTER_HOLDS
from ringbolt.app.operator.audit import audit_shop
from ringbolt.app.payments.record_hold import record_hold
from ringbolt.app.shop import Shop
from ringbolt.clock import SystemClock
from ringbolt.core.commands import Command, ReceiveTexts, SendMail, SendText
from ringbolt.core.errors import Unavailable
from ringbolt.core.keys import Keyring
from ringbolt.core.order import FINAL, OrderKind, OrderState
from ringbolt.core.outcome import Recovery
from ringbolt.core.pricing.costs import TextCosts
from ringbolt.core.texts import segments
from ringbolt.lightning.node import InvoiceState
from ringbolt.settings import Settings
from ringbolt.sms.carrier import OutSms
from ringbolt.store import (
    attempts,
    holds,
    messages,
    orders,
    received_texts,
    receiving_orders,
)
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.orders import Order
from ringbolt.store.schema.tables import job as job_table
from ringbolt.worker.message_watcher import sms_watcher
from ringbolt.worker.text_watcher import text_watcher
from support.memory_provider import MINUTE_MS, USA, SimulatedLease, memory_provider
from support.memory_sms import memory_mailer, memory_sms
from support.parts import one_node, simulated
from support.rigs.accounts import PayableNode
from support.rigs.calls import Fate, MortalDatabase, Process

Kind = Literal["sms", "email", "activation", "rental", "fund"]
KINDS: tuple[Kind, ...] = ("sms", "email", "activation", "rental", "fund")
PRICE_MSAT = 1_000_000
SECRET = b"a secret of thirty-two bytes, yes"
CODE = "Your code is 48010"
_NODE = ("create_hold_invoice", "settle_invoice", "cancel_invoice", "lookup_invoice")
_SMS = ("send", "find")
_LENDER = ("acquire", "find", "cancel", "finish", "texts", "request_text", "countries")
_NOTHING = cast(Any, None)  # parts that orders do not use
_LONG = "A sentence of forty characters, repeated. "


class OrderWorld:
    """What outlives every process of the shop: database, carriers, lenders, node, clock."""

    def __init__(
        self,
        db: Database,
        clock: SystemClock,
        recovery: Recovery = Recovery.LOOKUP,
        **options: Any,
    ) -> None:
        self.db = db
        self.clock = clock
        self.node = PayableNode(clock)
        self.sms = memory_sms(recovery, clock)
        self.mailer = memory_mailer(recovery)
        self.backend = memory_provider("lender", recovery, clock)
        self.backend.numbers = [f"+1202555{n:04d}" for n in range(1000)]  # no service has one twice
        self.keyring = Keyring([SECRET])
        self.settings = Settings(limits="off", **options)

    def process(self, fate: Fate | None = None, db: Database | None = None) -> OrderProcess:
        """A fresh process of the shop; with ``db`` on a connection of its own."""
        fate = fate or Fate()
        shop = Shop(
            settings=self.settings,
            db=MortalDatabase(db or self.db, fate),
            clock=self.clock,
            keyring=self.keyring,
            rates=_NOTHING,
            nodes=one_node(self.clock, mortal(self.node, fate, _NODE)),
            carriers=simulated(self.clock),
            speaker=_NOTHING,
            audio=_NOTHING,
            sms_carriers=simulated(self.clock, mortal(self.sms, fate, _SMS)),
            number_providers=simulated(self.clock, mortal(self.backend, fate, _LENDER)),
            own_numbers=None,
            mailers=simulated(self.clock, mortal(self.mailer, fate, _SMS)),
            prices=_NOTHING,
            text_costs=TextCosts({"1": 1}),
            addresses=None,
            caller=_NOTHING,
            base_url="http://shop.example",
        )
        return OrderProcess(self, shop, fate)

    async def key(self, sats: int = 0) -> NewKey:
        """A key, with so much on its balance."""
        made = await create_key(self.db, "a test")
        if sats:
            process = self.process()
            bought = await top_up(process.shop, made.key, sats, Buyer("orders", Hold(), ""))
            order = WorldOrder(self, bought.order.id)
            await order.pay()
            await process.settle_down()
        return made

    def pass_ms(self, ms: int) -> None:
        self.clock.set_offset(self.clock.offset_ms + ms)

    async def complaints(self) -> list[str]:
        """What the audit says of books, orders, attempts and node; empty if all agree."""
        return (await audit_shop(self.db, self.keyring, self.node, None)).differences


def mortal(port: Any, fate: Fate, names: Iterable[str]) -> Any:
    """The same port, to which every request of ``names`` is a boundary."""

    def effect(name: str) -> Any:
        return lambda *asked: fate.effect(name, partial(getattr(port, name), *asked))

    same = {name: getattr(port, name) for name in dir(port) if not name.startswith("_")}
    return SimpleNamespace(**same | {name: effect(name) for name in names if hasattr(port, name)})


class OrderProcess(Process):
    """One process of the shop: it sells, and works when it is told to."""

    def __init__(self, world: OrderWorld, shop: Shop, fate: Fate) -> None:
        super().__init__(shop, fate)
        self._world = world

    async def buy(
        self,
        kind: Kind,
        key: NewKey | None = None,
        *,
        parts: int = 1,
        on_balance: bool = False,
        name: str = "",
    ) -> WorldOrder:
        """Place an order: with a hold invoice, or ``on_balance`` of ``key``. The same ``name``
        places it once."""
        named = Idempotency("buyer", name, "") if name else None
        if kind == "fund":
            assert key is not None, "a balance is somebody's"
            buyer = Buyer("orders", Hold(), "", named)
            bought = await top_up(self.shop, key.key, PRICE_MSAT // 1000, buyer)
            return WorldOrder(self._world, bought.order.id)
        request = _request(kind, parts)
        payer = Balance(key.id) if key is not None and on_balance else Hold()
        purchase = Purchase(
            kind=OrderKind(kind),
            command=request,
            price_msat=PRICE_MSAT,
            buyer=Buyer("orders", payer, secrets.token_hex(8), named),
            record=partial(_record, request),
            to="" if isinstance(request, ReceiveTexts) else request.to,
        )
        return WorldOrder(
            self._world, (await place_order.place_order(self.shop, purchase)).order.id
        )

    async def listen(self) -> None:
        await self.hear_node()
        with suppress(Unavailable):
            for carrier in self.shop.sms_carriers:
                await sms_watcher(self.shop, carrier).follow()
        with suppress(Unavailable):
            for provider in self.shop.number_providers:
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

    async def settle_down(self) -> None:
        """Listen, and run what is due now, until nothing is."""
        await self.listen()
        while await self.run_due():
            await self.listen()

    async def look_after_holds(self) -> None:
        """Run the job of that name once; it would go on for ever."""
        await self.shop.db.tx(LOOK_AFTER_HOLDS.enqueue, run_at_ms=0)
        await self.run_due()
        await self.shop.db.tx(LOOK_AFTER_HOLDS.cancel)


def _request(kind: Kind, parts: int) -> SendText | SendMail | ReceiveTexts:
    match kind:
        case "sms":
            return SendText("+12025550123", _LONG * 4 * (parts - 1) + "Hello", "Ringbolt")
        case "email":
            return SendMail("a@b.example", "Hello")
        case "rental":
            return ReceiveTexts("full", USA, hours=4)
        case _:
            return ReceiveTexts("tg", USA)


def _record(request: Command, tx: Tx, order: Order) -> None:
    if isinstance(request, ReceiveTexts):
        receiving_orders.insert(tx, order.id, request.service, request.country, request.hours)
    elif isinstance(request, SendText):
        count = len(segments.split(request.message))
        messages.insert(tx, order.id, "ab" * 16, count, f"SM{order.id[:32]}")
    else:
        messages.insert(tx, order.id, "ab" * 16, 1, f"EM{order.id[:32]}")


class WorldOrder:
    """One order, as its buyer, the node and the carriers see it."""

    def __init__(self, world: OrderWorld, order_id: str) -> None:
        self.world = world
        self.id = order_id

    async def row(self) -> Order:
        found = await self.world.db.read(orders.by_id, self.id)
        assert found is not None
        return found

    async def state(self) -> OrderState:
        return (await self.row()).state

    async def payment_hash(self) -> bytes:
        found = (await self.row()).payment_hash
        assert found is not None, "it is paid from a balance"
        return bytes.fromhex(found)

    async def invoice(self) -> InvoiceState:
        return self.world.node.holds[await self.payment_hash()].state

    async def pay(self) -> None:
        """Pay the invoice, if it was not paid or cancelled before."""
        if (await self.row()).payment_hash and await self.invoice() is InvoiceState.OPEN:
            self.world.node.accept(await self.payment_hash())

    async def refs(self) -> list[str]:
        return [each.ref for each in await self.world.db.read(attempts.of_order, self.id)]

    async def texts_sent(self) -> list[OutSms]:
        refs = await self.refs()
        return [sms for sms in self.world.sms.sent if sms.ref in refs]

    async def mails_sent(self) -> int:
        refs = await self.refs()
        return sum(mail.ref in refs for mail in self.world.mailer.sent)

    async def leases(self) -> list[SimulatedLease]:
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
        receiving = await self.world.db.read(receiving_orders.receiving_of, self.id)
        assert receiving is not None
        if row.kind == "activation":
            return bool(receiving.code)
        trial_ms = self.world.settings.orders.rental_trial_s * 1000
        was_kept = (receiving.assigned_ms or 0) + trial_ms <= self.world.clock.now_ms()
        return bool(receiving.texts) or bool(receiving.assigned_ms and was_kept)

    async def jobs_left(self) -> list[str]:
        return await self.world.db.read(_jobs_left, self.id)

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


def _jobs_left(tx: Tx, order_id: str) -> list[str]:
    rows = tx.run(select(job_table.c.uniq).where(job_table.c.order_id == order_id))
    return [row[0] for row in rows]


async def paid(world: OrderWorld, kind: Kind = "activation", **more: Any) -> WorldOrder:
    """An order that is paid and on its way as far as it goes by itself."""
    process = world.process()
    order = await process.buy(kind, **more)
    await order.pay()
    await process.settle_down()
    return order


async def waiting_for_a_code(world: OrderWorld) -> WorldOrder:
    """An order whose number may be cancelled."""
    order = await paid(world)
    assert await order.state() is OrderState.IN_PROGRESS
    world.pass_ms(3 * MINUTE_MS)
    return order


async def texts_shown(order: WorldOrder) -> int:
    return len(await order.world.db.read(received_texts.of_order, order.id))
