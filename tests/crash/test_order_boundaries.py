"""A crash, or a long standstill, at every single outside effect of an order: from its invoice to
the node's last word, for every kind, every way of paying and every end.

The effects of an undisturbed run are counted; then the order is lived once for each of them with
the process dying right before it, right after it, or standing still before it while another
process takes over.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from ringbolt.app.accounts.keys import NewKey
from ringbolt.app.numbers.cancel_order import cancel_order
from ringbolt.app.numbers.replace_number import replace_number
from ringbolt.clock import SystemClock
from ringbolt.core.order import OrderState
from ringbolt.core.outcome import Recovery
from ringbolt.sms.carrier import ReceiptState
from ringbolt.store import jobs, receiving_orders
from ringbolt.store.engine.opening import open_database
from support.memory import SearchedSms
from support.rigs.fate import Died, Fate
from support.rigs.orders import Kind, OrderOfWorld, OrderProcess, OrderWorld
from support.rigs.shop import let_stand_still

MAX_EFFECTS = 80
INVOICE_MS = 3_700_000
_FORMER = "666666"
"""A code that comes to a number which its buyer gave back."""
S = OrderState


@dataclass(frozen=True)
class Flow:
    """An order's life. ``deed`` is what its buyer or the world does once it is on its way."""

    name: str
    kind: Kind
    end: OrderState
    deed: str = ""
    life: tuple[ReceiptState, ...] = (ReceiptState.SENT, ReceiptState.DELIVERED)
    on_balance: bool = False
    pays: bool = True


_FAILS = (ReceiptState.FAILED,)
FLOWS = [
    Flow("a text is sent", "sms", S.SETTLED),
    Flow("a text fails", "sms", S.RETURNED, life=_FAILS),
    Flow("a text on a balance", "sms", S.SETTLED, on_balance=True),
    Flow("a failing text on a balance", "sms", S.RETURNED, life=_FAILS, on_balance=True),
    Flow("a mail is sent", "email", S.SETTLED),
    Flow("a mail is refused", "email", S.RETURNED, deed="refuse"),
    Flow("a code comes", "activation", S.SETTLED, deed="code"),
    Flow("no code comes", "activation", S.RETURNED),
    Flow("a code on a balance", "activation", S.SETTLED, deed="code", on_balance=True),
    Flow("no code on a balance", "activation", S.RETURNED, on_balance=True),
    Flow("cancelled", "activation", S.RETURNED, deed="cancel"),
    Flow("another number", "activation", S.SETTLED, deed="another number"),
    Flow(
        "another number on a balance",
        "activation",
        S.SETTLED,
        deed="another number",
        on_balance=True,
    ),
    Flow("a rental's text", "rental", S.SETTLED, deed="code"),
    Flow("a rental is kept", "rental", S.SETTLED),
    Flow("a top-up", "fund", S.SETTLED),
    Flow("never paid", "sms", S.EXPIRED, pays=False),
]


@pytest.fixture
async def world(sqlite_url: str, clock: SystemClock) -> AsyncIterator[OrderWorld]:
    db = await open_database(sqlite_url, clock)
    yield OrderWorld(db, clock)
    await db.close()


class Story:
    """A flow as its buyer lives it; every step may be taken again after a crash."""

    def __init__(self, world: OrderWorld, flow: Flow, key: NewKey | None) -> None:
        self.world = world
        self.flow = flow
        self.key = key
        self.at = 0
        self.name = secrets.token_hex(8)
        self.order: OrderOfWorld | None = None
        self.steps: list[Callable[[OrderProcess], Awaitable[None]]] = [
            self._buy, self._pay, self._go, self._deed, self._work,
        ]  # fmt: skip

    async def run(self, process: OrderProcess) -> None:
        """From where it is to the end. A crash comes out as ``Died``."""
        while self.at < len(self.steps):
            await self.steps[self.at](process)
            self.at += 1

    async def _buy(self, process: OrderProcess) -> None:
        self.world.sms.life = self.flow.life
        if self.flow.deed == "refuse":
            self.world.mailer.answers.extend([self.world.mailer.refuses] * 10)
        on_balance = self.flow.on_balance
        self.order = await process.buy(
            self.flow.kind, self.key, on_balance=on_balance, name=self.name
        )

    async def _pay(self, process: OrderProcess) -> None:
        assert self.order is not None
        if self.flow.pays:
            await self.order.pay()
        else:
            self.world.pass_ms(INVOICE_MS)

    async def _go(self, process: OrderProcess) -> None:
        assert self.order is not None
        await process.settle_down()
        if not self.flow.pays:
            await process.look_after_holds()
        for _ in range(120):  # what a crash left unclear takes a while
            if await self.order.state() not in (S.PAID, S.DISPATCHING):
                return
            self.world.pass_ms(1000)
            await process.settle_down()

    async def _deed(self, process: OrderProcess) -> None:
        assert self.order is not None
        if self.flow.deed == "code":
            await self.order.code_comes()
        elif self.flow.deed == "cancel":
            self.world.pass_ms(121_000)
            await cancel_order(process.shop, self.order.id)

        elif self.flow.deed == "another number":
            await self._another_number(process)

    async def _another_number(self, process: OrderProcess) -> None:
        """As often as it takes: who asks does not always hear the answer."""
        assert self.order is not None
        first = (await self.order.leases())[0].number
        if await self._number() == first:
            self.world.pass_ms(121_000)
            await replace_number(process.shop, self.order.id)
        await self._go(process)
        assert await self._number() not in ("", first)
        self.world.backend.text(first, f"Your code is {_FORMER}")
        await self.order.code_comes()

    async def _number(self) -> str:
        assert self.order is not None
        receiving = await self.world.db.read(receiving_orders.receiving_of, self.order.id)
        assert receiving is not None
        return receiving.number

    async def _work(self, process: OrderProcess) -> None:
        if not self.flow.pays:
            await process.look_after_holds()
        await process.work()

    async def assert_ended_well(self) -> None:
        assert self.order is not None
        assert await self.order.check() is self.flow.end
        if self.flow.kind == "activation":
            receiving = await self.world.db.read(receiving_orders.receiving_of, self.order.id)
            assert receiving is not None and receiving.code != _FORMER


async def _story(world: OrderWorld, flow: Flow) -> Story:
    world.mailer.answers.clear()
    needs_key = flow.on_balance or flow.kind == "fund"
    return Story(world, flow, await world.key(1000) if needs_key else None)


async def _effects(world: OrderWorld, flow: Flow) -> list[str]:
    """The outside effects of an undisturbed run."""
    fate = Fate()
    story = await _story(world, flow)
    await story.run(world.process(fate))
    await story.assert_ended_well()
    assert 4 < len(fate.seen) < MAX_EFFECTS, fate.seen
    return fate.seen


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
async def test_a_crash_at_any_boundary_leaves_money_and_delivery_agreeing(
    world: OrderWorld, flow: Flow
) -> None:
    for number in range(1, len(await _effects(world, flow)) + 1):
        for kind in ("before", "after"):
            await assert_survives_crash(world, flow, Fate(number, kind))


async def assert_survives_crash(world: OrderWorld, flow: Flow, fate: Fate) -> None:
    story = await _story(world, flow)
    with pytest.raises(Died):
        await story.run(world.process(fate))
    await world.db.tx(jobs.release_all)
    await story.run(world.process())
    await story.assert_ended_well()


@pytest.mark.parametrize("flow", FLOWS[:-1], ids=lambda flow: flow.name)
async def test_a_worker_that_stood_still_longer_than_its_lease_does_no_harm_when_it_goes_on(
    world: OrderWorld, flow: Flow
) -> None:
    for number in range(1, len(await _effects(world, flow)) + 1):
        await assert_survives_standstill(world, flow, Fate(number, "pause"))


async def assert_survives_standstill(world: OrderWorld, flow: Flow, fate: Fate) -> None:
    story = await _story(world, flow)
    process = world.process(fate)
    standstill = await let_stand_still(process, story.run(process))
    at = story.at
    await story.run(world.process())
    await standstill.go_on()
    story.at = at
    await story.run(world.process())
    await story.assert_ended_well()


@pytest.mark.parametrize("recovery", [Recovery.IDEMPOTENT, Recovery.NONE])
@pytest.mark.parametrize("flow", [FLOWS[0], FLOWS[4], FLOWS[6]], ids=lambda flow: flow.name)
async def test_without_look_up_a_crash_may_cost_the_shop_but_never_the_buyer(
    world: OrderWorld, sqlite_url: str, clock: SystemClock, flow: Flow, recovery: Recovery
) -> None:
    other = OrderWorld(world.db, clock, recovery)
    for number in range(1, len(await _effects(other, flow)) + 1):
        story = await _story(other, flow)
        with pytest.raises(Died):
            await story.run(other.process(Fate(number, "after")))
        await other.db.tx(jobs.release_all)
        await story.run(other.process())
        assert story.order is not None
        end = await story.order.check()
        assert end is flow.end or recovery is Recovery.NONE


@pytest.mark.parametrize("flow", FLOWS[:4], ids=lambda flow: flow.name)
async def test_a_carrier_that_only_lists_texts_is_searched_after_a_crash(
    world: OrderWorld, clock: SystemClock, flow: Flow
) -> None:
    world.sms = SearchedSms(clock)
    for number in range(1, len(await _effects(world, flow)) + 1):
        for kind in ("before", "after"):
            await assert_survives_crash(world, flow, Fate(number, kind))
        await assert_survives_standstill(world, flow, Fate(number, "pause"))
