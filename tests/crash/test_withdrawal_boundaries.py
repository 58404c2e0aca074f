"""A crash, or a long standstill, at every single outside effect of a withdrawal."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import pytest

from ringbolt.clock import SystemClock
from ringbolt.core.errors import Conflict, Unavailable
from ringbolt.lightning.node import PaymentFailed, PaymentUnknown
from ringbolt.lightning.payout import AddressRefused
from ringbolt.store import jobs
from ringbolt.store.engine.opening import open_database
from support.rigs.fate import Died, Fate
from support.rigs.shop import let_stand_still
from support.rigs.withdrawals import ALICE, Bank, Saver, Teller, assert_nothing_lost

MAX_EFFECTS = 40


@dataclass(frozen=True)
class Flow:
    """``prepare`` sets up the node and the addresses; ``steps`` are what the holder does."""

    name: str
    prepare: Callable[[Bank], None]
    address: str = ""
    claims: bool = True
    cancels: bool = False


def _well(bank: Bank) -> None:
    """Nothing goes wrong."""


def _fails(bank: Bank) -> None:
    bank.node.outcomes.append(PaymentFailed("no route"))


def _answer_lost(bank: Bank) -> None:
    bank.node.outcomes.append(PaymentUnknown("the answer was lost"))


def _silent(bank: Bank) -> None:
    bank.owners.refusals.append(Unavailable("not now"))


def _refuses(bank: Bank) -> None:
    bank.owners.refusals.append(AddressRefused("no"))


FLOWS = [
    Flow("taken by a wallet", _well),
    Flow("the payment fails", _fails),
    Flow("nobody takes it", _well, claims=False),
    Flow("cancelled", _well, claims=False, cancels=True),
    Flow("to an address", _well, ALICE),
    Flow("to an address that is silent", _silent, ALICE),
    Flow("to an address that refuses", _refuses, ALICE),
    Flow("to an address, the payment fails", _fails, ALICE),
]


@pytest.fixture
async def bank(sqlite_url: str, clock: SystemClock) -> AsyncIterator[Bank]:
    db = await open_database(sqlite_url, clock)
    yield Bank(db, clock)
    await db.close()


class Story:
    """A flow as its holder lives it; every step may be taken again after a crash."""

    def __init__(self, bank: Bank, flow: Flow, saver: Saver) -> None:
        self.flow = flow
        self.saver = saver
        self.at = 0
        bank.node.outcomes.clear()
        bank.owners.refusals.clear()
        flow.prepare(bank)
        steps: list[Callable[[Teller], Awaitable[object]]] = [self._start]
        if flow.claims and not flow.address:
            steps.append(self._claim)
        if flow.cancels:
            steps.append(saver.cancel)
        self.steps = [*steps, Teller.work]

    async def _start(self, process: Teller) -> None:
        await self.saver.start(process, 1000, self.flow.address)

    async def _claim(self, process: Teller) -> None:
        with suppress(Conflict):  # it was over before the wallet asked again
            await self.saver.claim(process)

    async def run(self, process: Teller, first: int = 0) -> None:
        """From step ``first`` to the end. A crash comes out as ``Died``."""
        for number in range(first, len(self.steps)):
            self.at = number
            await self.steps[number](process)


async def _effects(bank: Bank, flow: Flow) -> list[str]:
    """The outside effects of an undisturbed run."""
    fate = Fate()
    saver = await Saver.with_balance(bank)
    await Story(bank, flow, saver).run(bank.process(fate))
    await assert_nothing_lost(bank, saver)
    assert 1 < len(fate.seen) < MAX_EFFECTS
    return fate.seen


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
@pytest.mark.parametrize("kind", ["before", "after"])
async def test_a_crash_at_any_boundary_pays_once_or_gives_back(
    bank: Bank, flow: Flow, kind: str
) -> None:
    for number in range(1, len(await _effects(bank, flow)) + 1):
        saver = await Saver.with_balance(bank)
        story = Story(bank, flow, saver)
        with suppress(Died):  # an effect that ended in an error has no "after"
            await story.run(bank.process(Fate(number, kind)))
        await bank.db.tx(jobs.release_all)
        await story.run(bank.process(), story.at)
        await assert_nothing_lost(bank, saver)


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
async def test_a_worker_that_stood_still_does_no_harm_when_it_goes_on(
    bank: Bank, flow: Flow
) -> None:
    for number, effect in enumerate(await _effects(bank, flow), 1):
        if effect == "pay" and flow.prepare is _fails:
            continue  # see the next test
        saver = await Saver.with_balance(bank)
        story = Story(bank, flow, saver)
        process = bank.process(Fate(number, "pause"))
        standstill = await let_stand_still(process, story.run(process))
        await story.run(bank.process(), story.at)
        await standstill.go_on()
        await story.run(bank.process(), len(story.steps) - 1)
        await assert_nothing_lost(bank, saver)


async def test_a_worker_that_stands_still_while_it_sends_is_told_of_by_the_audit(
    bank: Bank,
) -> None:
    """Given a payment that fails, and a worker that stands still for longer than its lease between
    its look at the lease and the bytes of its request, then the node pays what is booked as failed:
    nothing but the invoice's own end would exclude it. The audit says so."""
    flow = next(each for each in FLOWS if each.prepare is _fails)
    number = (await _effects(bank, flow)).index("pay") + 1
    saver = await Saver.with_balance(bank)
    story = Story(bank, flow, saver)
    process = bank.process(Fate(number, "pause"))
    standstill = await let_stand_still(process, story.run(process))
    await story.run(bank.process(), story.at)
    assert await bank.complaints() == []
    await standstill.go_on()
    (complaint,) = await bank.complaints()
    assert "for withdrawal" in complaint
    assert "booked as failed, but the node paid it" in complaint


@pytest.mark.parametrize("kind", ["before", "after"])
async def test_a_payment_whose_answer_was_lost_is_looked_up_wherever_the_shop_dies(
    bank: Bank, kind: str
) -> None:
    """Given a node that has sent the payment and did not say so, then no other is sent."""
    flow = Flow("the answer is lost", _answer_lost)
    looked_up = 0
    for number in range(1, 9):
        saver = await Saver.with_balance(bank)
        story = Story(bank, flow, saver)
        process = bank.process(Fate(number, kind))
        with suppress(Died):
            for step in story.steps[:-1]:
                story.at += 1
                await step(process)
            await process.run_all_due()
        await bank.db.tx(jobs.release_all)
        withdrawal = await saver.under_way()
        if withdrawal is None or withdrawal.payment_hash is None:
            continue  # the shop died before a wallet took it
        fresh = bank.process()
        await fresh.run_all_due()
        payment_hash = bytes.fromhex(withdrawal.payment_hash)
        assert len(bank.node.known) == 1, "one payment, in flight"
        bank.node.known[payment_hash] = PaymentFailed("it came back")
        await fresh.work()
        assert await saver.available_sats() == 10_000
        bank.node.known.clear()
        looked_up += 1
    assert looked_up
