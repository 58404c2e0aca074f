"""A crash, or a long standstill, at every single outside effect of a code that is paid by L402:
from the first poll to the code, or to the refund."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from ringbolt.api import l402
from ringbolt.app.checkout.place_l402_order import Paid, Terms, place_l402_order, record_unredeemed
from ringbolt.app.numbers.cancel_order import WHY, cancel_order
from ringbolt.app.payments.refund import claim_refund
from ringbolt.clock import SystemClock
from ringbolt.core.commands import ReceiveTexts
from ringbolt.core.lightning.l402 import Grant, Offer, memo, new_token, order_id
from ringbolt.core.order import OrderState
from ringbolt.core.outcome import Recovery
from ringbolt.lightning.memory.node import wallet_invoice
from ringbolt.numbers.memory.provider import USA
from ringbolt.store import jobs, orders, receiving_orders, refunds
from ringbolt.store.engine.opening import open_database
from ringbolt.store.refunds import RefundState
from support.memory import memory_provider
from support.rigs.fate import Died, Fate
from support.rigs.receiving import CODE, PaidReceivingOrder, ReceivingProcess, ReceivingWorld
from support.rigs.shop import let_stand_still

MAX_EFFECTS = 80
PRICE_MSAT = 3_000_000
S = OrderState


@dataclass(frozen=True)
class Flow:
    """``deed`` is what happens once the number is there."""

    name: str
    end: OrderState
    deed: str = ""
    hours: int = 0


FLOWS = [
    Flow("a code comes", S.SETTLED, "code"),
    Flow("no code comes, paid back", S.RETURNED),
    Flow("cancelled, paid back", S.RETURNED, "cancel"),
    Flow("cancelled before it is placed, paid back", S.RETURNED, "cancel first"),
    Flow("a rental's text", S.SETTLED, "code", hours=4),
]


@pytest.fixture
async def world(sqlite_url: str, clock: SystemClock) -> AsyncIterator[ReceivingWorld]:
    db = await open_database(sqlite_url, clock)
    world = ReceivingWorld(db, clock)
    # Every life of an order takes a number, and none is leased twice within minutes.
    world.backend = memory_provider("provider", Recovery.LOOKUP, clock, "+1202555", 1000)
    yield world
    await db.close()


class Story:
    """A flow as its buyer lives it; every step may be taken again after a crash."""

    def __init__(self, world: ReceivingWorld, flow: Flow) -> None:
        self.world = world
        self.flow = flow
        self.at = 0
        self.wallet: list[bytes] = []
        self.command = ReceiveTexts("tg", USA, flow.hours)
        token = new_token(world.keyring, secrets.token_bytes(15))
        valid_until_s = world.clock.now_ms() // 1000 + 86_400
        offer = Offer("order_number", "POST /v2/l402/order", "b", PRICE_MSAT, valid_until_s, "o")
        self.grant = Grant(token.payment_hash, offer, token.nonce)
        self.order = PaidReceivingOrder(world, order_id(world.keyring, token.nonce))
        world.node.receive(token.payment_hash, PRICE_MSAT, memo("Number", token.nonce))
        self.steps: list[Callable[[ReceivingProcess], Awaitable[None]]] = [
            self._poll, self._go, self._deed, self._work, self._claim, self._work,
        ]  # fmt: skip

    async def run(self, process: ReceivingProcess) -> None:
        """From where it is to the end. A crash comes out as ``Died``."""
        while self.at < len(self.steps):
            await self.steps[self.at](process)
            self.at += 1

    async def _poll(self, process: ReceivingProcess) -> None:
        shop = process.shop
        paid = Paid(l402.FAMILY, self.grant, "b", "", "", age_ms=0, order_id=self.order.id)
        terms = Terms(120_000, shop.policies.deadlines.receive_ms, shop.policies.limits)
        if self.flow.deed == "cancel first":
            await shop.db.tx(record_unredeemed, self.command, paid, terms, WHY)
            await cancel_order(shop, self.order.id)
        for _ in range(2):  # a credential is shown again and again
            await shop.db.tx(place_l402_order, self.command, paid, terms)

    async def _go(self, process: ReceivingProcess) -> None:
        await process.settle_down()
        for _ in range(120):  # what a crash left unclear takes a while
            if await self.order.state() not in (S.PAID, S.DISPATCHING):
                return
            self.world.pass_ms(1000)
            await process.settle_down()

    async def _deed(self, process: ReceivingProcess) -> None:
        if self.flow.deed == "code":
            self.world.backend.text(await self.order.number(), CODE)
        elif self.flow.deed == "cancel":
            self.world.pass_ms(121_000)
            await cancel_order(process.shop, self.order.id)

    async def _work(self, process: ReceivingProcess) -> None:
        await process.work()

    async def _claim(self, process: ReceivingProcess) -> None:
        refund = await self.world.db.read(refunds.of_order, self.order.id)
        if refund is None or refund.state is not RefundState.OPEN:
            return
        self.wallet.append(secrets.token_bytes(32))
        now_s = self.world.clock.now_ms() // 1000
        invoice = wallet_invoice(refund.amount_msat, self.wallet[-1], now_s)
        await claim_refund(process.shop, refund.k1, invoice)

    def _paid_back_msat(self) -> int:
        hashes = [hashlib.sha256(preimage).digest() for preimage in self.wallet]
        return sum(self.world.node.paid_out.get(each, 0) for each in hashes)

    async def assert_ended_well(self) -> None:
        """One order, one number at most, and money only for what came."""
        state = await self.order.state()
        assert state is self.flow.end
        assert self._paid_back_msat() == (PRICE_MSAT if state is S.RETURNED else 0)
        found = await self.world.db.read(orders.by_payment_hash, self.grant.payment_hash.hex())
        assert found is not None and found.id == self.order.id
        leases = await self.order.provider_leases()
        assert len(leases) == (0 if self.flow.deed == "cancel first" else 1)
        receiving = await self.world.db.read(receiving_orders.receiving_of, self.order.id)
        assert receiving is not None and receiving.closed_ms is not None
        assert await self.world.complaints() == []


async def _effects(world: ReceivingWorld, flow: Flow) -> int:
    """How many outside effects an undisturbed run has; its end must be the flow's."""
    fate = Fate()
    story = Story(world, flow)
    await story.run(world.process(fate))
    await story.assert_ended_well()
    assert 3 < len(fate.seen) < MAX_EFFECTS, fate.seen
    return len(fate.seen)


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
@pytest.mark.parametrize("kind", ["before", "after"])
async def test_a_crash_at_any_boundary_leaves_money_and_delivery_agreeing(
    world: ReceivingWorld, flow: Flow, kind: str
) -> None:
    for number in range(1, await _effects(world, flow) + 1):
        story = Story(world, flow)
        with pytest.raises(Died):
            await story.run(world.process(Fate(number, kind)))
        await world.db.tx(jobs.release_all)
        await story.run(world.process())
        await story.assert_ended_well()


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
async def test_a_worker_that_stood_still_does_no_harm_when_it_goes_on(
    world: ReceivingWorld, flow: Flow
) -> None:
    for number in range(1, await _effects(world, flow) + 1):
        story = Story(world, flow)
        process = world.process(Fate(number, "pause"))
        standstill = await let_stand_still(process, story.run(process))
        at = story.at
        await story.run(world.process())
        await standstill.go_on()
        story.at = at
        await story.run(world.process())
        await story.assert_ended_well()
