"""A shop that sends texts and e-mails, on a real database; it may die at any outside effect."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

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
from ringbolt.app.jobs import CLOSE_HOLD, DISPATCH_MESSAGE, MESSAGE_DEADLINE
from ringbolt.app.messages.close_message import message_deadline
from ringbolt.app.messages.send_message import dispatch_message
from ringbolt.app.operator.audit import audit_shop
from ringbolt.app.payments.close_hold import close_hold
from ringbolt.app.payments.start_fulfilment import MEMO, dispatch_paid
from ringbolt.app.policies import DeadlinePolicy, Policies
from ringbolt.app.shop import Shop
from ringbolt.clock import SystemClock
from ringbolt.core.commands import SendMail, SendText, to_json
from ringbolt.core.errors import RingboltError, Unavailable
from ringbolt.core.keys import Keyring
from ringbolt.core.lightning.hold import new_preimage, payment_hash_of
from ringbolt.core.order import OrderKind, OrderState, PaymentMethod
from ringbolt.core.outcome import Recovery
from ringbolt.core.texts import segments
from ringbolt.lightning.node import InvoiceState, InvoiceStatus
from ringbolt.settings import Settings
from ringbolt.sms.carrier import OutSms
from ringbolt.store import attempts, jobs, ledger, messages, orders
from ringbolt.store.attempts import Attempt
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.jobs import Job, Lane
from ringbolt.store.messages import Message
from ringbolt.store.orders import Order
from ringbolt.store.schema.tables import job as job_table
from ringbolt.worker.message_watcher import sms_watcher
from support.memory_sms import MemoryMailer, MemorySms, memory_mailer, memory_sms
from support.memory_world import MemoryNode
from support.parts import simulated
from support.rigs.calls import Fate, MortalDatabase

PRICE_MSAT = 1_000_000
LEASE_MS = 15_000
LANES: tuple[Lane, ...] = ("dispatch", "money")
HANDLERS = {
    DISPATCH_MESSAGE.name: dispatch_message,
    MESSAGE_DEADLINE.name: message_deadline,
    CLOSE_HOLD.name: close_hold,
}
_KEY = account_of_key("buyer")
_LONG = "A sentence of forty characters, repeated. "


class HoldNode(MemoryNode):
    """A node that holds payments; ``holds`` are their invoices by payment hash."""

    def __init__(self, clock: SystemClock) -> None:
        super().__init__(clock)
        self.holds: dict[bytes, InvoiceStatus] = {}

    def pay_hold(self, payment_hash: bytes) -> None:
        now_ms = self._clock.now_ms()
        self.holds[payment_hash] = InvoiceStatus(
            payment_hash, InvoiceState.ACCEPTED, PRICE_MSAT, PRICE_MSAT, MEMO, "", now_ms
        )

    async def create_hold_invoice(self, *_: Any) -> Any:
        raise AssertionError("orders are placed elsewhere")

    def watch_invoice(self, payment_hash: bytes) -> Any:
        raise AssertionError("nobody watches here")

    async def settle_invoice(self, preimage: bytes) -> None:
        self._end(payment_hash_of(preimage), InvoiceState.SETTLED)

    async def cancel_invoice(self, payment_hash: bytes) -> None:
        self._end(payment_hash, InvoiceState.CANCELED)

    def _end(self, payment_hash: bytes, state: InvoiceState) -> None:
        self._check()
        held = self.holds[payment_hash]
        assert held.state in (InvoiceState.ACCEPTED, state), "settled and cancelled at once"
        self.holds[payment_hash] = InvoiceStatus(
            payment_hash, state, PRICE_MSAT, PRICE_MSAT, MEMO, "", held.created_at_ms,
            settled_at_ms=self._clock.now_ms() if state is InvoiceState.SETTLED else None,
        )  # fmt: skip

    async def lookup_invoice(self, payment_hash: bytes) -> InvoiceStatus | None:
        self._check()
        return self.holds.get(payment_hash)

    async def list_settled(self) -> Any:
        self._check()
        for invoice in self.holds.values():
            if invoice.state is InvoiceState.SETTLED:
                yield invoice


@dataclass
class MessageWorld:
    """What outlives every process of the shop."""

    db: Database
    clock: SystemClock
    recovery: Recovery = Recovery.LOOKUP
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sms: MemorySms = memory_sms(self.recovery, self.clock)
        self.mailer: MemoryMailer = memory_mailer(self.recovery)
        self.node = HoldNode(self.clock)
        self.keyring = Keyring([b"a secret of thirty-two bytes, yes"])
        self.settings = Settings(limits="off", **self.options)

    def process(self, fate: Fate | None = None) -> MessageProcess:
        return MessageProcess(self, fate or Fate())

    async def buy(
        self,
        method: PaymentMethod = PaymentMethod.BALANCE,
        *,
        parts: int = 1,
        mail: bool = False,
        to: str = "",
    ) -> MessageOrder:
        """An order that was just paid."""
        text = _LONG * 4 * (parts - 1) + "Hello"
        request: SendMail | SendText = SendText(to or "+12025550123", text, "Ringbolt")
        if mail:
            request = SendMail(to or "a@b.example", text)
        order = await self.db.tx(_place, self, method, request)
        if order.payment_hash is not None:
            self.node.pay_hold(bytes.fromhex(order.payment_hash))
        return MessageOrder(self, order.id)

    async def complaints(self) -> list[str]:
        """What the audit says of books, orders, attempts and node; empty if all agree."""
        return (await audit_shop(self.db, self.keyring, self.node, None)).differences


def _place(
    tx: Tx, world: MessageWorld, method: PaymentMethod, request: SendMail | SendText
) -> Order:
    order_id = secrets.token_hex(32)
    hold = method is PaymentMethod.HOLD
    preimage = new_preimage(world.keyring, order_id)
    kind = OrderKind.SMS if isinstance(request, SendText) else OrderKind.EMAIL
    deadlines = DeadlinePolicy.of(world.settings)
    order = Order(
        id=order_id, kind=kind, family="orders", state=OrderState.PAID, reason="",
        method=method, price_msat=PRICE_MSAT,
        payment_hash=payment_hash_of(preimage).hex() if hold else None,
        account_id=None if hold else _KEY, body_hash="", request=to_json(request),
        status_token=secrets.token_hex(16), refund_address="", may_retry=False, retry_until_ms=0,
        deadline_ms=deadlines.deadline_ms(kind, tx.now_ms), idempotency_key="",
        created_ms=tx.now_ms, started_ms=tx.now_ms, finished_ms=None, paid_ms=tx.now_ms,
    )  # fmt: skip
    assert orders.insert(tx, order, "paid")
    count = len(segments.split(request.message)) if kind is OrderKind.SMS else 1
    messages.insert(tx, order_id, "ab" * 16, count, f"SM{order_id[:32]}")
    if not hold:
        ledger.ensure_account(tx, _KEY, "liability", stored=True, floor_msat=0)
        _book(tx, f"fund:{order_id}", NODE, _KEY, TOP_UP)
        ledger.capture(tx, f"fund:{order_id}")
    _book(tx, hold_idem(order_id), NODE if hold else _KEY, REVENUE, HOLD if hold else RESERVE)
    dispatch_paid(tx, order)
    return order


def _book(tx: Tx, idem: str, debit: str, credit: str, kind: str) -> None:
    ledger.hold(tx, idem=idem, debit=debit, credit=credit, amount_msat=PRICE_MSAT, kind=kind)


@dataclass
class MessageOrder:
    world: MessageWorld
    id: str

    async def row(self) -> Order:
        found = await self.world.db.read(orders.by_id, self.id)
        assert found is not None
        return found

    async def state(self) -> OrderState:
        return (await self.row()).state

    async def message(self) -> Message:
        found = await self.world.db.read(messages.message_of, self.id)
        assert found is not None
        return found

    async def texts(self) -> list[OutSms]:
        """The texts that left for this order."""
        refs = {each.ref for each in await self.world.db.read(_attempts, self.id)}
        return [sms for sms in self.world.sms.sent if sms.ref in refs]

    async def mails(self) -> int:
        refs = {each.ref for each in await self.world.db.read(_attempts, self.id)}
        return sum(mail.ref in refs for mail in self.world.mailer.sent)

    async def jobs_left(self) -> list[str]:
        return await self.world.db.read(_jobs_left, self.id)

    async def has_been_paid(self) -> bool:
        """Whether the money is the shop's; it must be the buyer's otherwise."""
        order = await self.row()
        paid = order.state is OrderState.SETTLED
        assert paid or order.state is OrderState.RETURNED, order.state
        if order.payment_hash is not None:
            invoice = self.world.node.holds[bytes.fromhex(order.payment_hash)]
            assert invoice.state is (InvoiceState.SETTLED if paid else InvoiceState.CANCELED)
        return paid


def _attempts(tx: Tx, order_id: str) -> list[Attempt]:
    return attempts.of_order(tx, order_id)


def _jobs_left(tx: Tx, order_id: str) -> list[str]:
    rows = tx.run(select(job_table.c.uniq).where(job_table.c.order_id == order_id))
    return [row[0] for row in rows]


class MessageProcess:
    """One process of the shop; it works when it is told to."""

    def __init__(self, world: MessageWorld, fate: Fate) -> None:
        self.world = world
        parts = SimpleNamespace(
            settings=world.settings,
            db=MortalDatabase(world.db, fate),
            clock=world.clock,
            keyring=world.keyring,
            policies=Policies.of(world.settings, world.keyring),
            node_named=lambda name: world.node,
            sms_carriers=simulated(world.clock, _mortal(world.sms, fate)),
            mailers=simulated(world.clock, _mortal(world.mailer, fate)),
            base_url="http://shop.example",
            hash_of=lambda text: text.encode().hex(),
        )
        self.shop = cast(Shop, parts)

    async def listen(self) -> None:
        with suppress(Unavailable):
            for carrier in self.shop.sms_carriers:
                await sms_watcher(self.shop, carrier).follow()

    async def run_due(self) -> bool:
        """Run what is due now; False if nothing is."""
        found = False
        for lane in LANES:
            next_ms = await self.shop.db.read(jobs.next_run_at, lane)
            if next_ms is None or next_ms > self.shop.clock.now_ms():
                continue
            for job in await self.shop.db.tx(jobs.claim, lane, 10, LEASE_MS):
                found = True
                await self._run(job)
        return found

    async def dispatch(self) -> None:
        """Run what is due, until nothing is."""
        while await self.run_due():
            continue

    async def work(self) -> None:
        """Listen and run jobs, moving the clock to the next, until nothing is left to do."""
        for _ in range(500):
            await self.listen()
            if await self.run_due():
                continue
            times = [await self.shop.db.read(jobs.next_run_at, lane) for lane in LANES]
            if times == [None, None]:
                return
            self.world.clock.set_offset(
                self.world.clock.offset_ms
                + max(0, min(each for each in times if each is not None) - self._now_ms())
            )
        raise AssertionError("the shop does not come to rest")

    def _now_ms(self) -> int:
        return self.world.clock.now_ms()

    async def _run(self, job: Job) -> None:
        try:
            await HANDLERS[job.kind](self.shop, job)
        except jobs.LeaseLost:
            return
        except RingboltError as error:
            with suppress(jobs.LeaseLost):
                await self.shop.db.tx(jobs.retry, job, 1000, error.message)


def _mortal(port: Any, fate: Fate) -> Any:
    """The same port, to which every request is a boundary."""

    def effect(name: str) -> Any:
        return lambda request: fate.effect(name, partial(getattr(port, name), request))

    parts = {"name": port.name, "recovery": port.recovery, "send": effect("send")}
    if hasattr(port, "find"):
        parts["find"] = effect("find")
    if hasattr(port, "follow"):
        parts["follow"] = port.follow
    return SimpleNamespace(**parts)
