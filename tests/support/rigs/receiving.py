"""A shop that lends numbers, on a real database; it may die at any outside effect."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import select

from ringbolt.app.accounts.chart_of_accounts import (
    HOLD,
    NODE,
    RESERVE,
    REVENUE,
    TOP_UP,
    account_of_key,
    hold_idem,
)
from ringbolt.app.jobs import (
    CLOSE_HOLD,
    DISPATCH_RECEIVING,
    END_RECEIVING,
    MATCH_TEXTS,
    RELEASE_NUMBER,
)
from ringbolt.app.numbers.acquire_number import dispatch_receiving
from ringbolt.app.numbers.end_receiving import end_receiving
from ringbolt.app.numbers.receive_text import match_texts
from ringbolt.app.numbers.release_number import release_number
from ringbolt.app.operator.audit import audit_shop
from ringbolt.app.payments.close_hold import close_hold
from ringbolt.app.payments.start_fulfilment import dispatch_paid
from ringbolt.app.policies import DeadlinePolicy, Policies
from ringbolt.app.shop import Shop
from ringbolt.clock import SystemClock
from ringbolt.core.commands import ReceiveTexts, to_json
from ringbolt.core.errors import Conflict, RingboltError, Unavailable
from ringbolt.core.keys import Keyring, hash_of
from ringbolt.core.lightning.hold import new_preimage, payment_hash_of
from ringbolt.core.order import OrderKind, OrderState, PaymentMethod
from ringbolt.core.outcome import Recovery
from ringbolt.lightning.node import InvoiceState
from ringbolt.registry.parts import parts_of
from ringbolt.settings import Settings
from ringbolt.store import attempts, jobs, ledger, orders, received_texts, receiving_orders
from ringbolt.store.attempts import Attempt
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.jobs import Job, Lane
from ringbolt.store.orders import Order
from ringbolt.store.received_texts import ReceivedText
from ringbolt.store.receiving_orders import NumberLease, ReceivingOrder
from ringbolt.store.schema.tables import job as job_table
from ringbolt.worker.text_watcher import text_watcher
from support.memory_provider import USA, MemoryProvider, SimulatedLease, memory_provider
from support.rigs.calls import Fate, MortalDatabase
from support.rigs.messages import HoldNode

PRICE_MSAT = 1_000_000
CODE = "Your Telegram code is 48010"
LEASE_MS = 15_000
LANES: tuple[Lane, ...] = ("dispatch", "money")
HANDLERS = {
    DISPATCH_RECEIVING.name: dispatch_receiving,
    END_RECEIVING.name: end_receiving,
    RELEASE_NUMBER.name: release_number,
    MATCH_TEXTS.name: match_texts,
    CLOSE_HOLD.name: close_hold,
}
_KEY = account_of_key("buyer")
_PORT = (
    "acquire",
    "find",
    "active",
    "has_again",
    "cancel",
    "finish",
    "texts",
    "request_text",
    "countries",
)


@dataclass
class ReceptionWorld:
    """What outlives every process of the shop: its database, the lenders, the node, the clock."""

    db: Database
    clock: SystemClock
    recovery: Recovery = Recovery.LOOKUP
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.backend = memory_provider("lender", self.recovery, self.clock)
        self.own = memory_provider("own", Recovery.LOOKUP, self.clock, "+120255502")
        self.own.names_loans = self.own.refuses_early = False
        self.is_simulated = True
        self.node = HoldNode(self.clock)
        self.keyring = Keyring([b"a secret of thirty-two bytes, yes"])
        self.settings = Settings(limits="off", **self.options)

    @property
    def backends(self) -> tuple[MemoryProvider, MemoryProvider]:
        return self.backend, self.own

    def process(self, fate: Fate | None = None) -> ReceptionProcess:
        return ReceptionProcess(self, fate or Fate())

    async def buy(
        self, method: PaymentMethod = PaymentMethod.BALANCE, *, client: str = "", **wanted: Any
    ) -> ReceptionOrder:
        """An order that was just paid."""
        request = ReceiveTexts(**{"service": "tg", "country": USA, **wanted})
        order = await self.db.tx(_place, self, method, request, client or secrets.token_hex(8))
        if order.payment_hash is not None:
            self.node.pay_hold(bytes.fromhex(order.payment_hash))
        return ReceptionOrder(self, order.id)

    def pass_ms(self, ms: int) -> None:
        self.clock.set_offset(self.clock.offset_ms + ms)

    async def complaints(self) -> list[str]:
        """What the audit says of books, orders, attempts and node; empty if all agree."""
        return (await audit_shop(self.db, self.keyring, self.node, None)).differences


def _place(
    tx: Tx, world: ReceptionWorld, method: PaymentMethod, request: ReceiveTexts, client: str
) -> Order:
    order_id = secrets.token_hex(32)
    hold = method is PaymentMethod.HOLD
    preimage = new_preimage(world.keyring, order_id)
    kind = OrderKind.RENTAL if request.hours else OrderKind.ACTIVATION
    deadlines = DeadlinePolicy.of(world.settings)
    order = Order(
        id=order_id, kind=kind, family="orders", state=OrderState.PAID, reason="",
        method=method, price_msat=PRICE_MSAT,
        payment_hash=payment_hash_of(preimage).hex() if hold else None,
        account_id=None if hold else _KEY, body_hash="", request=to_json(request),
        status_token=secrets.token_hex(16), refund_address="", may_retry=False, retry_until_ms=0,
        deadline_ms=deadlines.deadline_ms(kind, tx.now_ms), idempotency_key="",
        created_ms=tx.now_ms, started_ms=tx.now_ms, finished_ms=None, paid_ms=tx.now_ms,
        client=client,
    )  # fmt: skip
    assert orders.insert(tx, order, "paid")
    receiving_orders.insert(tx, order_id, request.service, request.country, request.hours)
    if not hold:
        ledger.ensure_account(tx, _KEY, "liability", stored=True, floor_msat=0)
        ledger.hold(
            tx, idem=f"fund:{order_id}", debit=NODE, credit=_KEY, amount_msat=PRICE_MSAT,
            kind=TOP_UP,
        )  # fmt: skip
        ledger.capture(tx, f"fund:{order_id}")
    ledger.hold(
        tx, idem=hold_idem(order_id), debit=NODE if hold else _KEY, credit=REVENUE,
        amount_msat=PRICE_MSAT, kind=HOLD if hold else RESERVE, order_id=order_id,
    )  # fmt: skip
    dispatch_paid(tx, order)
    return order


@dataclass
class ReceptionOrder:
    """A paid order, as its buyer and the lender see it."""

    world: ReceptionWorld
    id: str

    async def row(self) -> Order:
        found = await self.world.db.read(orders.by_id, self.id)
        assert found is not None
        return found

    async def state(self) -> OrderState:
        return (await self.row()).state

    async def receiving(self) -> ReceivingOrder:
        found = await self.world.db.read(receiving_orders.receiving_of, self.id)
        assert found is not None
        return found

    async def number(self) -> str:
        return (await self.receiving()).number

    async def texts(self) -> list[ReceivedText]:
        """What the buyer is shown."""
        return await self.world.db.read(received_texts.of_order, self.id)

    async def leases(self) -> list[NumberLease]:
        """The leases that the shop wrote down."""
        return await self.world.db.read(receiving_orders.leases_of, self.id)

    async def attempts(self) -> list[Attempt]:
        return await self.world.db.read(attempts.of_order, self.id)

    async def provider_leases(self) -> list[SimulatedLease]:
        """What the lenders lent for this order."""
        refs = {attempt.ref for attempt in await self.attempts()}
        return [lease for each in self.world.backends for lease in each.leases if lease.ref in refs]

    async def jobs_left(self) -> list[str]:
        return await self.world.db.read(_jobs_left, self.id)

    async def has_been_paid(self) -> bool:
        """Whether the money is the shop's; it must be the buyer's otherwise."""
        order = await self.row()
        paid = order.state is OrderState.SETTLED
        assert paid or order.state is OrderState.RETURNED, (order.state, order.reason)
        if order.payment_hash is not None:
            invoice = self.world.node.holds[bytes.fromhex(order.payment_hash)]
            assert invoice.state is (InvoiceState.SETTLED if paid else InvoiceState.CANCELED)
        return paid


def _jobs_left(tx: Tx, order_id: str) -> list[str]:
    rows = tx.run(select(job_table.c.uniq).where(job_table.c.order_id == order_id))
    return [row[0] for row in rows]


class ReceptionProcess:
    """One process of the shop; it works when it is told to."""

    def __init__(self, world: ReceptionWorld, fate: Fate) -> None:
        self.world = world
        parts = SimpleNamespace(
            settings=world.settings,
            db=MortalDatabase(world.db, fate),
            clock=world.clock,
            keyring=world.keyring,
            policies=Policies.of(world.settings, world.keyring),
            node_name="node",
            node_named=lambda name: world.node,
            number_providers=parts_of(
                _mortal(world.backend, fate),
                now_ms=world.clock.now_ms,
                is_simulated=world.is_simulated,
            ),
            own_numbers=_mortal(world.own, fate),
            hash_of=partial(hash_of, world.keyring.current),
        )
        self.shop = cast(Shop, parts)

    async def listen(self) -> None:
        for provider in (*self.shop.number_providers, self.shop.own_numbers):
            assert provider is not None
            with suppress(Unavailable):
                await text_watcher(self.shop, provider).follow()

    async def run_due(self) -> bool:
        """Run what is due now; False if nothing is."""
        found = False
        for lane in LANES:
            next_ms = await self.shop.db.read(jobs.next_run_at, lane)
            if next_ms is None or next_ms > self.world.clock.now_ms():
                continue
            for job in await self.shop.db.tx(jobs.claim, lane, 10, LEASE_MS):
                found = True
                await self._run(job)
        return found

    async def dispatch(self) -> None:
        """Listen and run what is due, until nothing is."""
        await self.listen()
        while await self.run_due():
            await self.listen()

    async def pass_ms(self, ms: int) -> None:
        """Let time pass, with everything that comes due in it."""
        end_ms = self.world.clock.now_ms() + ms
        while True:
            await self.dispatch()
            next_ms = await self._next_ms()
            if next_ms is None or next_ms > end_ms:
                break
            self._go_to(next_ms)
        self._go_to(end_ms)
        await self.dispatch()

    async def work(self) -> None:
        """Listen and run jobs, moving the clock to the next, until nothing is left to do."""
        for _ in range(1000):
            await self.dispatch()
            next_ms = await self._next_ms()
            if next_ms is None:
                return
            self._go_to(next_ms)
        raise AssertionError("the shop does not come to rest")

    async def _next_ms(self) -> int | None:
        times = [await self.shop.db.read(jobs.next_run_at, lane) for lane in LANES]
        return min((each for each in times if each is not None), default=None)

    def _go_to(self, at_ms: int) -> None:
        self.world.pass_ms(max(0, at_ms - self.world.clock.now_ms()))

    async def _run(self, job: Job) -> None:
        try:
            await HANDLERS[job.kind](self.shop, job)
        except jobs.LeaseLost:
            return
        except RingboltError as error:
            with suppress(jobs.LeaseLost):
                await self.shop.db.tx(jobs.retry, job, 1000, error.message)


def _mortal(port: MemoryProvider, fate: Fate) -> Any:
    """The same port, to which every request is a boundary."""

    def effect(name: str) -> Any:
        return lambda *asked: fate.effect(name, partial(getattr(port, name), *asked))

    parts = {name: effect(name) for name in _PORT if hasattr(port, name)}
    return SimpleNamespace(
        name=port.name, recovery=port.recovery, follow=port.follow, close=port.close, **parts
    )


async def assigned(
    world: ReceptionWorld, process: ReceptionProcess, *args: object, **wanted: object
) -> ReceptionOrder:
    """An order with a number."""
    order = await world.buy(*args, **wanted)  # type: ignore[arg-type]
    await process.dispatch()
    assert await order.state() is OrderState.IN_PROGRESS
    return order


async def refusal(work: Awaitable[None]) -> Conflict:
    with pytest.raises(Conflict) as caught:
        await work
    return caught.value
