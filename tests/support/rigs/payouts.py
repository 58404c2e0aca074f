"""A referrer who is owed something, and a process that pays them and may die at it."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable
from functools import partial

from sqlalchemy import select

from ringbolt.app.jobs import PAY_REFERRAL
from ringbolt.app.payments import decide_outcome
from ringbolt.app.payments.pay_referral import pay_referral
from ringbolt.app.shop import Shop
from ringbolt.clock import Clock, SystemClock
from ringbolt.core.chart_of_accounts import (
    NODE,
    RESERVE,
    REVENUE,
    account_of_key,
    account_of_referrer,
    hold_idem,
)
from ringbolt.core.errors import RingboltError
from ringbolt.core.order import OrderKind, OrderState, PaymentMethod
from ringbolt.lightning.memory.node import wallet_invoice
from ringbolt.lightning.node import SupportsPayments
from ringbolt.lightning.payout import AddressResolver
from ringbolt.settings import Settings
from ringbolt.store import jobs, ledger, orders, payouts
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.ledger import Balance
from ringbolt.store.orders import Order
from ringbolt.store.payouts import Payout
from ringbolt.store.schema.text_tables import payout
from support.memory import memory_node
from support.parts import one_node
from support.rigs.fate import Fate, mortal
from support.rigs.shop import World

ALICE = "alice@wallet.example"
PRICE_MSAT = 1_000_000
SHARE_MSAT = 100_000
LEASE_MS = 60_000
_KEY = account_of_key("buyer")


def an_order(price_msat: int = PRICE_MSAT, referrer: str = ALICE, **columns: object) -> Order:
    """An order on a balance, on its way."""
    values: dict[str, object] = {
        "id": secrets.token_hex(32), "kind": OrderKind.SMS, "family": "orders",
        "state": OrderState.IN_PROGRESS, "reason": "", "method": PaymentMethod.BALANCE,
        "price_msat": price_msat, "payment_hash": None, "account_id": "buyer", "body_hash": "",
        "request": "{}", "status_token": secrets.token_hex(16), "refund_address": "",
        "may_retry": False, "retry_until_ms": 0, "deadline_ms": None, "idempotency_key": "",
        "created_ms": 0, "started_ms": 0, "finished_ms": None, "referrer": referrer,
    }  # fmt: skip
    return Order(**(values | columns))  # type: ignore[arg-type]


def settle(tx: Tx, order: Order) -> None:
    """The order is paid from a balance and fulfilled: its money is ours, and the share accrues."""
    ledger.ensure_account(tx, _KEY, "liability", stored=True, floor_msat=0)
    ledger.post(
        tx, idem=f"fund:{order.id}", debit=NODE, credit=_KEY, amount_msat=order.price_msat,
        kind="payment",
    )  # fmt: skip
    assert orders.insert(tx, order, "placed")
    ledger.hold(
        tx, idem=hold_idem(order.id), debit=_KEY, credit=REVENUE, amount_msat=order.price_msat,
        kind=RESERVE, order_id=order.id,
    )  # fmt: skip
    assert decide_outcome.fulfil(tx, order.id, "sent")


class MemoryAddresses:
    """Every address has an owner; ``asked`` are the amounts (msat) that invoices were made for.

    ``refusals`` are raised, one for each of the next questions, instead of an answer.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.asked: list[int] = []
        self.invoices: list[str] = []
        self.refusals: deque[RingboltError] = deque()
        self.preimage: Callable[[], bytes] = partial(secrets.token_bytes, 32)

    async def invoice_for(self, address: str, amount_msat: int, comment: str) -> str:
        self.asked.append(amount_msat)
        if self.refusals:
            raise self.refusals.popleft()
        now_s = self._clock.now_ms() // 1000
        self.invoices.append(wallet_invoice(amount_msat, self.preimage(), now_s))
        return self.invoices[-1]

    async def close(self) -> None: ...


class Desk(World):
    """Pays referrers on ``db`` with ``payer``; every process of it is a fresh one."""

    def __init__(
        self,
        db: Database,
        clock: SystemClock,
        payer: SupportsPayments | None,
        addresses: AddressResolver | None,
        settings: Settings | None = None,
    ) -> None:
        super().__init__(db, clock, memory_node(clock), settings or Settings())
        self.payer = payer
        self.addresses = addresses

    def paying(self, fate: Fate) -> Shop:
        """A shop that can pay referrers, as far as it has a payer and knows addresses."""
        payer = mortal(self.payer, fate, "pay", "lookup_payment")
        addresses = self.addresses and mortal(self.addresses, fate, "invoice_for")
        return self.shop(fate, nodes=one_node(self.clock, payer), addresses=addresses)

    async def owe(self, times: int = 1, **order: object) -> None:
        """Settle so many orders that somebody was referred for."""
        for _ in range(times):
            await self.db.tx(settle, an_order(**order))  # type: ignore[arg-type]

    async def claim(self) -> list[jobs.Job]:
        return await self.db.tx(jobs.claim, "payout", 10, LEASE_MS)

    async def run(self, job: jobs.Job, fate: Fate | None = None) -> None:
        """One run of a job, as a worker does it."""
        assert job.kind == PAY_REFERRAL.name
        try:
            await pay_referral(self.paying(fate or Fate()), job)
        except jobs.LeaseLost:
            return
        except RingboltError as error:
            await self.db.tx(jobs.retry, job, 1000, error.message, None, failed=True)

    async def work(self, fate: Fate | None = None, runs: int = 100) -> int:
        """Run jobs, moving the clock to the next, until none is left or ``runs`` were made;
        returns how many were."""
        for n in range(runs):
            next_ms = await self.db.read(jobs.next_run_at, "payout")
            if next_ms is None:
                return n
            self.pass_ms(max(0, next_ms - self.clock.now_ms()))
            for job in await self.claim():
                await self.run(job, fate)
        return runs

    async def balance(self, address: str = ALICE) -> Balance:
        return await self.db.read(ledger.balance, account_of_referrer(address))

    async def payouts(self, address: str = ALICE) -> list[Payout]:
        return await self.db.read(_payouts_to, address)

    async def next_run_ms(self) -> int:
        """In how many ms the next job is due."""
        next_ms = await self.db.read(jobs.next_run_at, "payout")
        assert next_ms is not None
        return next_ms - self.clock.now_ms()


def _payouts_to(tx: Tx, address: str) -> list[Payout]:
    """Every payout to ``address``, the oldest first."""
    ids = tx.run(
        select(payout.c.id)
        .where(payout.c.address == address)
        .order_by(payout.c.created_ms, payout.c.id)
    ).scalars()
    return [found for id in ids.all() if (found := payouts.by_id(tx, id)) is not None]


async def check_books(desk: Desk) -> None:
    """Nothing is held, stored balances are the sums, and all of them together are zero."""
    assert (await desk.balance()).pending_out_msat == 0
    assert await desk.db.read(ledger.recompute) == []
    assert sum(each.posted_msat for each in (await desk.db.read(ledger.totals)).values()) == 0
