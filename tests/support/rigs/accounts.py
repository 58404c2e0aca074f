"""A shop of prepaid accounts on a real database, and a node whose hold invoices can be paid."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ringbolt.app.accounts import account_history
from ringbolt.app.accounts.keys import NewKey, create_key, recognise
from ringbolt.app.checkout.place_order import PlacedOrder, place_order
from ringbolt.app.checkout.purchase import Balance, Buyer, Hold, Idempotency, Purchase
from ringbolt.app.checkout.top_up import top_up
from ringbolt.app.jobs import CLOSE_HOLD
from ringbolt.app.operator.audit import audit_shop
from ringbolt.app.payments import decide_outcome
from ringbolt.app.payments.close_hold import close_hold
from ringbolt.app.payments.record_hold import record_hold
from ringbolt.app.policies import Policies
from ringbolt.app.shop import Shop
from ringbolt.clock import SystemClock
from ringbolt.core.commands import SendMail
from ringbolt.core.errors import NodeUnavailable, RingboltError
from ringbolt.core.keys import Keyring
from ringbolt.core.lightning.hold import payment_hash_of
from ringbolt.core.order import OrderKind, OrderState
from ringbolt.core.outcome import Recovery
from ringbolt.core.pricing.money import msat
from ringbolt.lightning.node import NODE_REFUSED, Invoice, InvoiceState, InvoiceStatus
from ringbolt.settings import Settings
from ringbolt.store import jobs, ledger, messages, orders
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.orders import Order
from support.memory_sms import MemoryMailer
from support.memory_world import MemoryNode, wallet_invoice
from support.parts import simulated

CLIENT = "somebody"
_LEASE_MS = 60_000


class PayableNode(MemoryNode):
    """A node that holds payments, as strict as LND: what is settled is never cancelled."""

    def __init__(self, clock: SystemClock) -> None:
        super().__init__(clock)
        self.holds: dict[bytes, InvoiceStatus] = {}

    async def create_hold_invoice(
        self, payment_hash: bytes, amount_msat: int, memo: str, expiry_s: int, cltv_blocks: int
    ) -> Invoice:
        self._check()
        now_ms = self._clock.now_ms()
        text = wallet_invoice(amount_msat, payment_hash, now_ms // 1000)
        self.holds[payment_hash] = InvoiceStatus(
            payment_hash, InvoiceState.OPEN, amount_msat, 0, memo, text, now_ms
        )
        return Invoice(payment_hash, text, amount_msat, now_ms + expiry_s * 1000)

    def accept(self, payment_hash: bytes) -> InvoiceStatus:
        """Somebody pays: the payment is held."""
        invoice = self.holds[payment_hash]
        assert invoice.state is InvoiceState.OPEN, "only an open invoice can be paid"
        held = replace(
            invoice,
            state=InvoiceState.ACCEPTED,
            amount_paid_msat=invoice.amount_msat,
            expiry_height=800_080,
        )
        self.holds[payment_hash] = held
        return held

    def lose(self, payment_hash: bytes) -> None:
        """The held payment falls back to the payer, near its last block."""
        self.holds[payment_hash] = replace(self.holds[payment_hash], state=InvoiceState.CANCELED)

    async def settle_invoice(self, preimage: bytes) -> None:
        self._end(payment_hash_of(preimage), InvoiceState.SETTLED)

    async def cancel_invoice(self, payment_hash: bytes) -> None:
        self._end(payment_hash, InvoiceState.CANCELED)

    def watch_invoice(self, payment_hash: bytes) -> Any:
        raise AssertionError("tests tell what the node said")

    def _end(self, payment_hash: bytes, state: InvoiceState) -> None:
        self._check()
        invoice = self.holds[payment_hash]
        may_settle = invoice.state in (InvoiceState.ACCEPTED, InvoiceState.SETTLED)
        may_cancel = invoice.state is not InvoiceState.SETTLED
        if not (may_settle if state is InvoiceState.SETTLED else may_cancel):
            raise NodeUnavailable(f"The invoice is {invoice.state}.", code=NODE_REFUSED)
        settled_ms = self._clock.now_ms() if state is InvoiceState.SETTLED else None
        self.holds[payment_hash] = replace(invoice, state=state, settled_at_ms=settled_ms)

    async def lookup_invoice(self, payment_hash: bytes) -> InvoiceStatus | None:
        self._check()
        return self.holds.get(payment_hash)

    async def list_settled(self) -> Any:
        self._check()
        for invoice in self.holds.values():
            if invoice.state is InvoiceState.SETTLED:
                yield invoice


class Bank:
    """Everything that the holder of a key does, and the worker that closes holds."""

    def __init__(self, db: Database, clock: SystemClock, **options: Any) -> None:
        self.db = db
        self.clock = clock
        self.node = PayableNode(clock)
        self.keyring = Keyring([b"a secret of thirty-two bytes, yes"])
        settings = Settings(limits="off", **options)
        parts = SimpleNamespace(
            settings=settings,
            db=db,
            clock=clock,
            keyring=self.keyring,
            node=self.node,
            node_name="node",
            node_named=lambda name: self.node,
            mailers=simulated(clock, MemoryMailer(Recovery.NONE)),
            limits=False,
            policies=Policies.of(settings, self.keyring),
            hash_of=lambda text: text.encode().hex(),
        )
        self.shop = cast(Shop, parts)

    async def key(self, sats: int = 0, **scopes: frozenset[str]) -> NewKey:
        """A fresh key, with so much on its balance."""
        made = await create_key(self.db, "a test", **scopes)
        if sats:
            await self.top_up(made.key, sats)
        return made

    # -- topping up ---------------------------------------------------------------------------

    async def fund(self, key: str, sats: int, named: Idempotency | None = None) -> PlacedOrder:
        return await top_up(self.shop, key, sats, Buyer("orders", Hold(), CLIENT, named))

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
        await self.db.tx(record_hold, order.id, status, self.shop.policies.holds)

    async def work(self) -> None:
        """Close the holds that are to be closed now."""
        while claimed := await self.db.tx(jobs.claim, "money", 100, _LEASE_MS):
            for job in claimed:
                assert job.kind == CLOSE_HOLD.name, job.kind
                await close_hold(self.shop, job)

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
        return (await place_order(self.shop, purchase)).order

    # -- looking ------------------------------------------------------------------------------

    async def order(self, order: Order) -> Order:
        found = await self.db.read(orders.by_id, order.id)
        assert found is not None
        return found

    async def balance(self, key: NewKey) -> int:
        return await self.db.read(self._balance, key.key)

    def _balance(self, tx: Tx, key: str) -> int:
        return account_history.balance(tx, recognise(tx, key, "read"))

    async def history(self, key: str, limit: int = 100, cursor: str = "") -> dict[str, Any]:
        def read(tx: Tx) -> dict[str, Any]:
            found = recognise(tx, key, "read")
            return account_history.history(tx, self.keyring, found, key, limit, cursor)

        return await self.db.read(read)

    async def ledger(self, key: str, limit: int = 100, cursor: str = "") -> dict[str, Any]:
        def read(tx: Tx) -> dict[str, Any]:
            return account_history.ledger_page(tx, recognise(tx, key, "read"), limit, cursor)

        return await self.db.read(read)

    async def complaints(self) -> list[str]:
        """What the audit says of books, orders and node; empty if all agree."""
        faults = [fault.account for fault in await self.db.read(ledger.recompute)]
        return faults + (await audit_shop(self.db, self.keyring, self.node, None)).differences


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
    return decide_outcome.fulfil(tx, order_id, "sent")
