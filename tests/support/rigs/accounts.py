"""A shop of prepaid accounts on a real database, and a node whose hold invoices can be paid."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest
from msgspec import to_builtins

from ringbolt.api.orders.account_documents import history_document, ledger_document
from ringbolt.app.accounts import account_history
from ringbolt.app.accounts.keys import NewKey, create_key, recognise
from ringbolt.app.checkout.place_order import PlacedOrder, place_order
from ringbolt.app.checkout.purchase import Balance, Buyer, Hold, Idempotency, Purchase
from ringbolt.app.checkout.top_up import top_up
from ringbolt.app.jobs import CLOSE_HOLD
from ringbolt.app.payments import decide_outcome
from ringbolt.app.payments.close_hold import close_hold
from ringbolt.app.payments.record_hold import record_hold
from ringbolt.app.shop import Shop
from ringbolt.clock import SystemClock
from ringbolt.core.commands import SendMail
from ringbolt.core.errors import RingboltError
from ringbolt.core.order import OrderKind, OrderState
from ringbolt.core.outcome import Recovery
from ringbolt.core.pricing.money import msat, sats_down
from ringbolt.lightning.memory.node import MemoryNode
from ringbolt.lightning.node import InvoiceStatus
from ringbolt.mail.memory.mailer import MemoryMailer
from ringbolt.settings import Settings
from ringbolt.store import jobs, ledger, messages, orders
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.orders import Order
from support.memory import memory_node
from support.parts import simulated
from support.rigs.fate import Fate
from support.rigs.shop import World

CLIENT = "somebody"
_LEASE_MS = 60_000


class Bank(World):
    """Everything that the holder of a key does, and the worker that closes holds."""

    node: MemoryNode

    def __init__(self, db: Database, clock: SystemClock, **options: Any) -> None:
        super().__init__(db, clock, memory_node(clock), Settings(limits="off", **options))
        mailers = simulated(clock, MemoryMailer(Recovery.NONE))
        self.counter: Shop = self.shop(Fate(), mailers=mailers)

    async def key(self, sats: int = 0, **scopes: frozenset[str]) -> NewKey:
        """A fresh key, with so much on its balance."""
        made = await create_key(self.db, "a test", **scopes)
        if sats:
            await self.top_up(made.key, sats)
        return made

    # -- topping up ---------------------------------------------------------------------------

    async def fund(self, key: str, sats: int, named: Idempotency | None = None) -> PlacedOrder:
        return await top_up(self.counter, key, sats, Buyer("orders", Hold(), CLIENT, named))

    async def top_up(self, key: str, sats: int) -> Order:
        """Fund, pay, and let the worker settle."""
        order = (await self.fund(key, sats)).order
        await self.pay(order)
        await self.work()
        return await self.order(order)

    async def pay(self, order: Order) -> InvoiceStatus:
        """The invoice is paid, and the shop hears of it."""
        assert order.payment_hash is not None
        status = self.node.accept(bytes.fromhex(order.payment_hash))
        await self.hear(order, status)
        return status

    async def hear(self, order: Order, status: InvoiceStatus) -> None:
        await self.db.tx(record_hold, order.id, status, self.counter.policies.holds)

    async def work(self) -> None:
        """Close the holds that are to be closed now."""
        while claimed := await self.db.tx(jobs.claim, "money", 100, _LEASE_MS):
            for job in claimed:
                assert job.kind == CLOSE_HOLD.name, job.kind
                await close_hold(self.counter, job)

    # -- spending -----------------------------------------------------------------------------

    async def buy(self, key_id: str, sats: int) -> Order:
        """An e-mail, at once, from the balance."""
        purchase = Purchase(
            kind=OrderKind.EMAIL,
            command=SendMail("a@b.example", "Hello"),
            price_msat=msat(sats),
            buyer=Buyer("orders", Balance(key_id), CLIENT),
            record=_record,
        )
        return (await place_order(self.counter, purchase)).order

    # -- looking ------------------------------------------------------------------------------

    async def order(self, order: Order) -> Order:
        found = await self.db.read(orders.by_id, order.id)
        assert found is not None
        return found

    async def balance(self, key: NewKey) -> int:
        return await self.db.read(self._balance, key.key)

    def _balance(self, tx: Tx, key: str) -> int:
        return sats_down(account_history.balance(tx, recognise(tx, key, "read")))

    async def history(self, key: str, limit: int = 100, cursor: str = "") -> dict[str, Any]:
        def read(tx: Tx) -> dict[str, Any]:
            found = recognise(tx, key, "read")
            page = account_history.top_ups(tx, self.keyring, found, limit, cursor)
            document: dict[str, Any] = to_builtins(history_document(page, key))
            return document

        return await self.db.read(read)

    async def ledger(self, key: str, limit: int = 100, cursor: str = "") -> dict[str, Any]:
        def read(tx: Tx) -> dict[str, Any]:
            found = recognise(tx, key, "read")
            page = account_history.ledger_page(tx, found, limit, cursor)
            document: dict[str, Any] = to_builtins(ledger_document(page))
            return document

        return await self.db.read(read)

    async def complaints(self) -> list[str]:
        """The balances too must be the sums of the transfers."""
        faults = [fault.account for fault in await self.db.read(ledger.recompute)]
        return faults + await super().complaints()


def _record(tx: Tx, order: Order) -> None:
    messages.insert(tx, order.id, "ab" * 16, 1, f"EM{order.id[:32]}")


async def refusal_of(work: Awaitable[object]) -> RingboltError:
    with pytest.raises(RingboltError) as refusal:
        await work
    return refusal.value


async def decided(bank: Bank, order: Order, delivered: bool) -> bool:
    if delivered:
        return await bank.db.tx(_deliver, order.id)
    return await bank.db.tx(decide_outcome.fail, order.id, "refused")


def _deliver(tx: Tx, order_id: str) -> bool:
    orders.move(tx, order_id, OrderState.DISPATCHING, "being sent")
    return decide_outcome.fulfil(tx, order_id, "sent") is not None
