"""A shop of calls that are paid one by one, and its buyer; it may die at any outside effect."""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress

from ringbolt.api import l402
from ringbolt.app.checkout.place_l402_order import Paid, PlaceResult, Terms, place_l402_order
from ringbolt.app.payments.refund import claim_refund
from ringbolt.app.sales_terms import Cards, SalesTerms
from ringbolt.clock import SystemClock
from ringbolt.core.calls.call import CallStatus
from ringbolt.core.commands import CallOrder
from ringbolt.core.errors import Unavailable
from ringbolt.core.lightning.l402 import Grant, Offer, memo, new_token
from ringbolt.core.order import OrderState
from ringbolt.core.pricing.prices import PriceList
from ringbolt.core.pricing.rates import parse_csv
from ringbolt.lightning.memory.node import wallet_invoice
from ringbolt.settings import Settings
from ringbolt.store import calls, jobs, orders, refunds
from ringbolt.store.calls import Attempt
from ringbolt.store.engine.db import Database
from ringbolt.store.orders import Order
from ringbolt.store.refunds import Refund, RefundState
from ringbolt.voice.memory.carrier import MemoryCarrier
from ringbolt.worker.watchers import carrier_watcher, node_watcher
from support.memory import NoAudio, memory_node, silent_speaker
from support.parts import one_node, simulated
from support.rigs.fate import Fate, mortal
from support.rigs.shop import Process, World, jobs_left

PRICE_MSAT = 250_000
_RATES = "prefix,sats_per_minute,cost_sats_per_minute,label\n+1,10,5,US\n"


class CallWorld(World):
    """A world with one carrier of calls."""

    def __init__(self, db: Database, clock: SystemClock, carrier: MemoryCarrier) -> None:
        settings = Settings(limits="off", calls={"charge_on": "answered"})
        super().__init__(db, clock, memory_node(clock), settings)
        self.carrier = carrier
        self.speaker = silent_speaker()

    def process(self, fate: Fate | None = None) -> CallProcess:
        """A fresh process of the shop."""
        fate = fate or Fate()
        carrier = mortal(self.carrier, fate, "place", "hang_up", "find")
        shop = self.shop(
            fate,
            terms=SalesTerms(Cards(PriceList(), parse_csv(_RATES))),
            nodes=one_node(self.clock, mortal(self.node, fate, "pay", "lookup_payment")),
            carriers=simulated(self.clock, carrier),
            speaker=self.speaker,
            audio=NoAudio(),
        )
        return CallProcess(self, shop, fate)

    async def restart(self) -> CallProcess:
        """What a shop on SQLite does at its start: the process that held jobs is gone."""
        await self.db.tx(jobs.release_all)
        return self.process()


class CallProcess(Process):
    async def listen(self) -> None:
        with suppress(Unavailable):
            await node_watcher(self.shop).follow()
        for carrier in self.shop.carriers:
            with suppress(Unavailable):
                await carrier_watcher(self.shop, carrier).follow()


class Buyer:
    """Pays once, shows the credential until it is answered, and claims what is owed."""

    def __init__(self, world: CallWorld) -> None:
        self.world = world
        token = new_token(world.keyring, secrets.token_bytes(15))
        valid_until_s = world.clock.now_ms() // 1000 + 86_400
        self.grant = Grant(
            token.payment_hash, Offer("place-call", "POST /x", "b", PRICE_MSAT, valid_until_s)
        )
        self.wallet: list[bytes] = []
        world.node.receive(token.payment_hash, PRICE_MSAT, memo("call", token.nonce))

    async def redeem(self, process: CallProcess) -> PlaceResult:
        paid = Paid(l402.FAMILY, self.grant, "b", "", "", age_ms=0)
        command = CallOrder(to="+12025550123", minutes=1, message="hello")
        terms = Terms(120_000, 300_000, process.shop.policies.limits)
        return await process.shop.db.tx(place_l402_order, command, paid, terms)

    async def claim(self, process: CallProcess) -> None:
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


async def assert_promise_kept(world: CallWorld, buyer: Buyer, *, rings: int = 1) -> Order:
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
    left = await world.db.read(jobs_left, order.id)
    assert left == [], f"jobs are left: {left}"
    return order
