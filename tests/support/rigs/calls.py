"""A shop in memory that may die, or stand still, at any outside effect, and its buyer.

The database is a real one. Everything that has an effect outside of the process (a commit, a
request to a carrier or a node) is a numbered boundary: a ``Fate`` lets the process die right
before or right after the n-th of them, or stop there until it is told to go on.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from sqlalchemy import select

from ringbolt.app.checkout.place_l402_call import Paid, PlaceResult, Terms, place_l402_call
from ringbolt.app.jobs import SWEEP
from ringbolt.app.operator.audit import audit_shop
from ringbolt.app.payments.refund import claim_refund
from ringbolt.app.shop import Shop
from ringbolt.clock import SystemClock
from ringbolt.core.calls.call import CallStatus
from ringbolt.core.commands import CallOrder
from ringbolt.core.errors import RingboltError, Unavailable
from ringbolt.core.keys import Keyring
from ringbolt.core.lightning.l402 import Grant, Offer, memo, new_token
from ringbolt.core.order import OrderState
from ringbolt.core.pricing.rates import parse_csv
from ringbolt.settings import Settings
from ringbolt.store import calls, jobs, orders, refunds
from ringbolt.store.calls import Attempt
from ringbolt.store.engine.db import Database, Dialect, Subscription, Tx
from ringbolt.store.jobs import Job, Lane
from ringbolt.store.orders import Order
from ringbolt.store.refunds import Refund, RefundState
from ringbolt.store.schema.tables import job as job_table
from ringbolt.voice.carrier import PlaceCall, SupportsCallLookup
from ringbolt.voice.carrier import PlaceResult as CarrierAnswer
from ringbolt.worker.handlers import handlers
from ringbolt.worker.watchers import carrier_watcher, node_watcher
from support.memory_world import MemoryCarrier, MemoryNode, MemorySpeaker, NoAudio, wallet_invoice
from support.parts import one_node, simulated

P = ParamSpec("P")
T = TypeVar("T")

PRICE_MSAT = 250_000
LANES: tuple[Lane, ...] = ("dispatch", "money", "webhook", "unpaid")
LEASE_MS = 15_000
_NOTHING = cast(Any, None)  # parts that calls do not use


class Died(BaseException):
    """The process is no more; nothing of it runs on."""


@dataclass
class Fate:
    """What happens to a process at its ``at``-th outside effect (from 1; 0: nothing ever).

    ``kind``: ``before`` or ``after`` it dies; ``pause`` it stands still right before it, until
    ``go_on`` is set. ``seen`` names the effects so far.
    """

    at: int = 0
    kind: str = "before"
    seen: list[str] = field(default_factory=list)
    dead: bool = False
    stands_still: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def effect(self, name: str, act: Callable[[], Awaitable[T]]) -> T:
        self.check()
        self.seen.append(name)
        mine = len(self.seen) == self.at
        if mine and self.kind == "before":
            self.die()
        if mine and self.kind == "pause":
            self.stands_still.set()
            await self.go_on.wait()
        result = await act()
        if mine and self.kind == "after":
            self.die()
        return result

    def check(self) -> None:
        if self.dead:
            raise Died

    def die(self) -> None:
        self.dead = True
        raise Died


class RightBefore(Fate):
    """Something else happens right before the first effect called ``name``."""

    def __init__(self, name: str, deed: Callable[[], Awaitable[object]]) -> None:
        super().__init__()
        self.name = name
        self.deed: Callable[[], Awaitable[object]] | None = deed

    async def effect(self, name: str, act: Callable[[], Awaitable[T]]) -> T:
        if name == self.name and self.deed is not None:
            deed, self.deed = self.deed, None
            await deed()
        return await super().effect(name, act)

    @property
    def happened(self) -> bool:
        return self.deed is None


class MortalDatabase:
    """A ``Database`` whose commits are boundaries."""

    def __init__(self, db: Database, fate: Fate) -> None:
        self._db = db
        self._fate = fate

    @property
    def dialect(self) -> Dialect:
        return self._db.dialect

    async def tx(
        self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        name = f"tx {getattr(fn, '__name__', fn)}"
        return await self._fate.effect(name, partial(self._db.tx, fn, *args, **kwargs))

    async def read(
        self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        self._fate.check()
        return await self._db.read(fn, *args, **kwargs)

    def listen(self, channel: str) -> Subscription:
        return self._db.listen(channel)

    async def close(self) -> None: ...


class MortalCarrier:
    """A carrier to whom every request is a boundary."""

    def __init__(self, carrier: MemoryCarrier, fate: Fate) -> None:
        self._carrier = carrier
        self._fate = fate
        self.name = carrier.name
        self.recovery = carrier.recovery
        self.follow = carrier.follow
        self.close = carrier.close

    async def place(self, call: PlaceCall) -> CarrierAnswer:
        return await self._fate.effect("place", partial(self._carrier.place, call))

    async def hang_up(self, ref: str) -> None:
        await self._fate.effect("hang up", partial(self._carrier.hang_up, ref))


class MortalLookupCarrier(MortalCarrier):
    async def find(self, ref: str) -> Any:
        assert isinstance(self._carrier, SupportsCallLookup)
        return await self._fate.effect("find", partial(self._carrier.find, ref))


class MortalNode(MemoryNode):
    """The same node, to which every payment and question about one is a boundary."""

    def __init__(self, node: MemoryNode, fate: Fate) -> None:
        super().__init__(SystemClock())
        self.settled = node.settled
        self._node = node
        self._fate = fate

    async def info(self) -> Any:
        return await self._node.info()

    async def pay(self, bolt11: str, max_fee_msat: int, timeout_s: int) -> Any:
        return await self._fate.effect(
            "pay", partial(self._node.pay, bolt11, max_fee_msat, timeout_s)
        )

    async def lookup_payment(self, payment_hash: bytes) -> Any:
        return await self._fate.effect(
            "lookup payment", partial(self._node.lookup_payment, payment_hash)
        )


class World:
    """What outlives every process: the database, the carrier, the node, the clock."""

    def __init__(self, db: Database, clock: SystemClock, carrier: MemoryCarrier) -> None:
        self.db = db
        self.clock = clock
        self.carrier = carrier
        self.node = MemoryNode(clock)
        self.speaker = MemorySpeaker()
        self.keyring = Keyring([b"a secret of thirty-two bytes, yes"])
        self.settings = Settings(limits="off", calls={"charge_on": "answered"})

    def process(self, fate: Fate | None = None) -> Process:
        """A fresh process of the shop."""
        fate = fate or Fate()
        kind = (
            MortalLookupCarrier if isinstance(self.carrier, SupportsCallLookup) else MortalCarrier
        )
        node = MortalNode(self.node, fate)
        shop = Shop(
            settings=self.settings,
            db=MortalDatabase(self.db, fate),
            clock=self.clock,
            keyring=self.keyring,
            rates=parse_csv("prefix,sats_per_minute,cost_sats_per_minute,label\n+1,10,5,US\n"),
            nodes=one_node(self.clock, node),
            carriers=simulated(self.clock, kind(self.carrier, fate)),
            speaker=self.speaker,
            audio=NoAudio(),
            sms_carriers=simulated(self.clock),
            number_providers=simulated(self.clock),
            own_numbers=None,
            mailers=simulated(self.clock),
            prices=_NOTHING,
            text_costs=_NOTHING,
            addresses=None,
            caller=_NOTHING,
            base_url="http://shop.example",
        )
        return Process(shop, fate)

    async def restart(self) -> Process:
        """What a shop on SQLite does at its start: whoever held jobs is gone."""
        await self.db.tx(jobs.release_all)
        return self.process()

    async def complaints(self) -> list[str]:
        """What the audit says of books, orders, attempts and node; empty if all agree."""
        return (await audit_shop(self.db, self.keyring, self.node, self.node)).differences


class Process:
    """One process of the shop: it answers the buyer, and works when it is told to."""

    def __init__(self, shop: Shop, fate: Fate) -> None:
        self.shop = shop
        self.fate = fate
        self.current: Job | None = None

    async def work(self) -> None:
        """Hear the carrier and the node and run jobs, moving the clock to the next, until nothing
        is left to do."""
        for _ in range(800):
            await self.listen()
            if await self.run_due():
                continue
            next_ms = await self.shop.db.read(_next_job)
            if next_ms is None:
                return
            _advance(self.shop.clock, next_ms)
        raise AssertionError("the shop does not come to rest")

    async def listen(self) -> None:
        with suppress(Unavailable):
            await node_watcher(self.shop).follow()
        with suppress(Unavailable):
            for carrier in self.shop.carriers:
                await carrier_watcher(self.shop, carrier).follow()

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

    async def _run(self, job: Job) -> None:
        self.current = job
        try:
            await handlers()[job.kind].run(self.shop, job)
        except jobs.LeaseLost:
            return
        except RingboltError as error:
            with suppress(jobs.LeaseLost):
                await self.shop.db.tx(jobs.retry, job, 1000, error.message)


def _next_job(tx: Tx) -> int | None:
    rows = tx.run(
        select(job_table.c.run_at_ms)
        .where(job_table.c.dead == 0, job_table.c.kind != SWEEP.name)
        .order_by(job_table.c.run_at_ms)
    ).first()
    return None if rows is None else int(rows[0])


def _advance(clock: object, to_ms: int) -> None:
    assert isinstance(clock, SystemClock)
    ahead_ms = to_ms - clock.now_ms()
    if ahead_ms > 0:
        clock.set_offset(clock.offset_ms + ahead_ms)


class Buyer:
    """Pays once, shows the credential until it is answered, and claims what is owed."""

    def __init__(self, world: World) -> None:
        self.world = world
        token = new_token(world.keyring, secrets.token_bytes(15))
        valid_until_s = world.clock.now_ms() // 1000 + 86_400
        self.grant = Grant(
            token.payment_hash, Offer("place-call", "POST /x", "b", PRICE_MSAT, valid_until_s)
        )
        self.wallet: list[bytes] = []
        world.node.receive(token.payment_hash, PRICE_MSAT, memo("call", token.nonce))

    async def redeem(self, process: Process) -> PlaceResult:
        paid = Paid(self.grant, "b", "", "", age_ms=0)
        command = CallOrder(to="+12025550123", minutes=1, message="hello")
        terms = Terms(120_000, 300_000)
        return await process.shop.db.tx(place_l402_call, command, paid, terms)

    async def claim(self, process: Process) -> None:
        """Ask for the refund with a fresh invoice, if it is open."""
        order = await self.order()
        refund = await self.world.db.read(refunds.of_order, order.id)
        if refund is None or refund.state is not RefundState.OPEN:
            return
        self.wallet.append(secrets.token_bytes(32))
        now_s = self.world.clock.now_ms() // 1000
        text = wallet_invoice(refund.amount_msat, self.wallet[-1], now_s)
        await claim_refund(process.shop, refund.k1, text)

    async def order(self) -> Order:
        payment_hash = self.grant.payment_hash.hex()
        found = await self.world.db.read(orders.by_payment_hash, payment_hash)
        assert found is not None
        return found

    async def exists(self) -> bool:
        payment_hash = self.grant.payment_hash.hex()
        return await self.world.db.read(orders.by_payment_hash, payment_hash) is not None

    async def refund(self) -> Refund | None:
        return await self.world.db.read(refunds.of_order, (await self.order()).id)

    async def attempts(self) -> list[Attempt]:
        return await self.world.db.read(calls.attempts, (await self.order()).id)

    async def rings(self) -> list[str]:
        """The references by which this buyer's phone rang, one entry a ring."""
        refs = {attempt.ref for attempt in await self.attempts()}
        return [ref for ref in self.world.carrier.rings if ref in refs]

    def paid_back_msat(self) -> int:
        hashes = [hashlib.sha256(preimage).digest() for preimage in self.wallet]
        return sum(self.world.node.paid_out.get(each, 0) for each in hashes)


async def check(world: World, buyer: Buyer, *, rings: int = 1) -> Order:
    """The promise: what was charged was answered, what was not is given back, and nobody's phone
    rang more than ``rings`` times."""
    order = await buyer.order()
    rung = await buyer.rings()
    assert len(rung) <= rings, f"the phone rang {len(rung)} times"
    assert len(set(rung)) == len(rung), "one attempt rang twice"
    answered = any(
        event.status in (CallStatus.IN_PROGRESS, CallStatus.COMPLETED)
        for ref in rung
        for event in world.carrier.events_of(ref)
    )
    assert order.state in (OrderState.SETTLED, OrderState.FAILED, OrderState.RETURNED), order
    if order.state is OrderState.SETTLED:
        assert answered, "a call was charged that nobody answered"
        assert buyer.paid_back_msat() == 0
    if order.state is OrderState.RETURNED:
        assert buyer.paid_back_msat() == PRICE_MSAT
    else:
        assert buyer.paid_back_msat() == 0
    assert await world.complaints() == []
    left = await world.db.read(_jobs_left, order.id)
    assert left == [], f"jobs are left: {left}"
    return order


def _jobs_left(tx: Tx, order_id: str) -> list[str]:
    rows = tx.run(select(job_table.c.uniq).where(job_table.c.order_id == order_id))
    return [row[0] for row in rows]
