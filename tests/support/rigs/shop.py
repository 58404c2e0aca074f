"""What the rigs share: a shop in memory on a real database, what outlives its processes, and an
order as its buyer sees it."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import select

from ringbolt.api.renderers import renderers
from ringbolt.app.jobs import SWEEP
from ringbolt.app.operator.audit import audit_shop
from ringbolt.app.sales_terms import Cards, SalesTerms
from ringbolt.app.shop import Shop
from ringbolt.clock import SystemClock
from ringbolt.core.errors import RingboltError
from ringbolt.core.keys import Keyring
from ringbolt.core.order import OrderState
from ringbolt.core.pricing.prices import PriceList
from ringbolt.core.pricing.rates import Rate, RateCard
from ringbolt.lightning.memory.node import MemoryNode
from ringbolt.lightning.node import InvoiceState
from ringbolt.settings import Settings
from ringbolt.store import attempts, jobs, orders
from ringbolt.store.attempts import Attempt
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.jobs import Job, Lane
from ringbolt.store.orders import Order
from ringbolt.store.schema.tables import job as job_table
from ringbolt.worker.handlers import handlers
from support.parts import one_node, simulated
from support.rigs.fate import Fate, MortalDatabase

SECRET = b"a secret of thirty-two bytes, yes"
LEASE_MS = 15_000
LANES: tuple[Lane, ...] = ("dispatch", "money", "payout", "webhook", "unpaid")
_ENOUGH_TURNS = 1000
_NOTHING = cast(Any, None)


class World:
    """What outlives every process of the shop: database, node, clock, secrets, and more in each
    kind of world."""

    def __init__(
        self, db: Database, clock: SystemClock, node: MemoryNode, settings: Settings
    ) -> None:
        self.db = db
        self.clock = clock
        self.node: MemoryNode = node
        self.keyring = Keyring([SECRET])
        self.settings = settings

    def shop(self, fate: Fate, db: Database | None = None, **parts: Any) -> Shop:
        """A shop of these ``parts``; it has no others. With ``db`` on a connection of its own."""
        none: dict[str, Any] = {
            "nodes": one_node(self.clock, self.node),
            "carriers": simulated(self.clock),
            "speaker": _NOTHING,
            "audio": _NOTHING,
            "sms_carriers": simulated(self.clock),
            "number_providers": simulated(self.clock),
            "own_numbers": None,
            "mailers": simulated(self.clock),
            "terms": SalesTerms(Cards(PriceList(), RateCard([Rate("1", 100, 50)]))),
            "text_costs": _NOTHING,
            "addresses": None,
            "renderers": renderers(self.settings),
            "caller": _NOTHING,
        }
        return Shop(
            settings=self.settings,
            db=MortalDatabase(db or self.db, fate),
            clock=self.clock,
            keyring=self.keyring,
            base_url="http://shop.example",
            **none | parts,
        )

    def pass_ms(self, ms: int) -> None:
        self.clock.set_offset(self.clock.offset_ms + ms)

    async def complaints(self) -> list[str]:
        """What the audit says of books, orders, attempts and node; empty if all agree."""
        return (await audit_shop(self.db, self.keyring, self.node, self.node)).differences


class Process(ABC):
    """One process of the shop; it works when a test calls it."""

    def __init__(self, world: World, shop: Shop, fate: Fate) -> None:
        self.shop = shop
        self.fate = fate
        self.current: Job | None = None
        self._world = world

    @abstractmethod
    async def listen(self) -> None:
        """Receive every event that the carriers, providers and nodes have now."""

    async def run_due(self) -> bool:
        """Run what is due now; False if nothing is."""
        found = False
        for lane in LANES:
            next_ms = await self.shop.db.read(jobs.next_run_at, lane)
            if next_ms is None or next_ms > self._world.clock.now_ms():
                continue
            for job in await self.shop.db.tx(jobs.claim, lane, 10, LEASE_MS):
                found = True
                await self._run(job)
        return found

    async def run_all_due(self) -> None:
        """Run what is due, until nothing is; hear nothing."""
        while await self.run_due():
            continue

    async def settle_down(self) -> None:
        """Listen, and run what is due now, until nothing is."""
        await self.listen()
        while await self.run_due():
            await self.listen()

    async def work(self) -> None:
        """Listen and run jobs, moving the clock to the next, until nothing is left to do."""
        for _ in range(_ENOUGH_TURNS):
            await self.settle_down()
            next_ms = await self.shop.db.read(_next_job)
            if next_ms is None:
                return
            self._go_to(next_ms)
        raise AssertionError("the shop does not come to rest")

    async def pass_ms(self, ms: int) -> None:
        """Let time pass, with everything that comes due in it."""
        end_ms = self._world.clock.now_ms() + ms
        while True:
            await self.settle_down()
            next_ms = await self.shop.db.read(_next_job)
            if next_ms is None or next_ms > end_ms:
                break
            self._go_to(next_ms)
        self._go_to(end_ms)
        await self.settle_down()

    async def lose_lease(self) -> None:
        """Time passes until nobody believes any more that this process lives."""
        if self.current is not None:
            self.current.lease.sure_until_s = 0
        self._world.pass_ms(LEASE_MS)

    def _go_to(self, at_ms: int) -> None:
        self._world.pass_ms(max(0, at_ms - self._world.clock.now_ms()))

    async def _run(self, job: Job) -> None:
        self.current = job
        try:
            await handlers()[job.kind].run(self.shop, job)
        except jobs.LeaseLost:
            return
        except RingboltError as error:
            with suppress(jobs.LeaseLost):
                await self.shop.db.tx(jobs.retry, job, 1000, error.message)


async def let_stand_still(process: Process, work: Coroutine[Any, Any, None]) -> Standstill:
    """Begin ``work`` of a process whose fate is to pause, until it does; its lease runs out."""
    running = asyncio.ensure_future(work)
    standing = asyncio.ensure_future(process.fate.stands_still.wait())
    await asyncio.wait({running, standing}, return_when=asyncio.FIRST_COMPLETED)
    assert not running.done(), "it did not stand still"
    await process.lose_lease()
    return Standstill(process, running)


@dataclass(frozen=True)
class Standstill:
    """A process that stands still in the middle of its work."""

    process: Process
    running: asyncio.Future[None]

    async def go_on(self) -> None:
        """It may find that another did its work meanwhile."""
        self.process.fate.go_on.set()
        with suppress(jobs.LeaseLost, RingboltError):
            await self.running


def _next_job(tx: Tx) -> int | None:
    rows = tx.run(
        select(job_table.c.run_at_ms)
        .where(job_table.c.dead == 0, job_table.c.kind != SWEEP.name)
        .order_by(job_table.c.run_at_ms)
    ).first()
    return None if rows is None else int(rows[0])


def jobs_left(tx: Tx, order_id: str) -> list[str]:
    """The jobs that are still to be done for an order."""
    rows = tx.run(select(job_table.c.uniq).where(job_table.c.order_id == order_id))
    return [row[0] for row in rows]


W = TypeVar("W", bound=World)


class WorldOrder(Generic[W]):
    """One order of a world."""

    def __init__(self, world: W, order_id: str) -> None:
        self.world = world
        self.id = order_id

    async def row(self) -> Order:
        found = await self.world.db.read(orders.by_id, self.id)
        assert found is not None
        return found

    async def state(self) -> OrderState:
        return (await self.row()).state

    async def attempts(self) -> list[Attempt]:
        return await self.world.db.read(attempts.of_order, self.id)

    async def refs(self) -> set[str]:
        """The references by which carriers and providers were asked."""
        return {attempt.ref for attempt in await self.attempts()}

    async def jobs_left(self) -> list[str]:
        return await self.world.db.read(jobs_left, self.id)

    async def has_been_paid(self) -> bool:
        """Whether the money is the shop's; it must be the buyer's otherwise."""
        order = await self.row()
        paid = order.state is OrderState.SETTLED
        assert paid or order.state is OrderState.RETURNED, (order.state, order.reason)
        if order.payment_hash is not None:
            invoice = await self.world.node.lookup_invoice(bytes.fromhex(order.payment_hash))
            assert invoice is not None
            assert invoice.state is (InvoiceState.SETTLED if paid else InvoiceState.CANCELED)
        return paid
