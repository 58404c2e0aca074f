"""What a referrer is owed is paid to the Lightning Address, once, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ringbolt.app.operator.audit import check_sums
from ringbolt.app.operator.audit_report import AuditReport
from ringbolt.clock import SystemClock
from ringbolt.core.chart_of_accounts import NODE, REVENUE, ROUTING_FEE
from ringbolt.core.errors import Unavailable
from ringbolt.lightning.node import PaymentFailed, PaymentSucceeded, PaymentUnknown
from ringbolt.lightning.payout import AddressRefused
from ringbolt.settings import Settings
from ringbolt.store import audit, jobs, ledger
from ringbolt.store.engine.db import Database
from ringbolt.store.engine.opening import open_database
from ringbolt.store.payouts import PayoutState
from support.memory import memory_node
from support.rigs.fate import Died, Fate
from support.rigs.payouts import (
    SHARE_MSAT,
    Desk,
    MemoryAddresses,
    check_books,
)

HOUR_MS = 3_600_000


class Memory(Desk):
    """A desk with a node and addresses in memory."""

    def __init__(self, db: Database, clock: SystemClock) -> None:
        self.owners = MemoryAddresses(clock)
        node = memory_node(clock)
        super().__init__(db, clock, node, self.owners)
        self.node = node

    @property
    def paid_out(self) -> int:
        return sum(self.node.paid_out.values())


@pytest.fixture
def memory(db: Database, clock: SystemClock) -> Memory:
    return Memory(db, clock)


# -- whatever the node and the address say ---------------------------------------------------------


async def test_the_cost_of_the_way_is_the_shops_and_is_capped(memory: Memory) -> None:
    memory.node.outcomes.append(PaymentSucceeded(b"\1" * 32, 1_234))
    await memory.owe()
    await memory.work()
    assert (await memory.db.read(ledger.balance, ROUTING_FEE)).posted_msat == -1_234
    assert (await memory.payouts())[0].fee_msat == 1_234
    assert (await memory.db.read(ledger.balance, REVENUE)).posted_msat == 900_000
    await check_books(memory)


async def test_beyond_the_budget_the_cost_of_the_way_is_the_referrers(memory: Memory) -> None:
    """Given routes that take all they may, and a budget of 4 sats for an address, then the shop
    bears 3 sats and 1 sat, and the other 2 come out of what is owed."""
    memory.settings = Settings(payouts={"client_fee_budget_sats": 4})
    fees = []
    for _ in range(3):
        memory.node.outcomes.append(PaymentSucceeded(b"\1" * 32, 3_000))
        await memory.owe()
        await memory.work()
        fees.append((await memory.db.read(ledger.balance, ROUTING_FEE)).posted_msat)
    assert fees == [-3_000, -4_000, -4_000]
    paid = [payout.amount_msat for payout in await memory.payouts()]
    assert paid == [SHARE_MSAT, SHARE_MSAT - 2_000, SHARE_MSAT - 3_000]
    assert (await memory.balance()).posted_msat == 0
    assert memory.paid_out == 3 * SHARE_MSAT + 4_000
    await check_books(memory)


async def test_what_a_payout_left_for_its_route_and_did_not_need_stays_owed(
    memory: Memory,
) -> None:
    memory.settings = Settings(payouts={"fee_budget_sats": 0})
    memory.node.outcomes.append(PaymentSucceeded(b"\1" * 32, 1_234))
    await memory.owe()
    await memory.work()
    assert memory.paid_out == SHARE_MSAT - 3_000 + 1_234
    assert (await memory.balance()).posted_msat == 3_000 - 1_234
    await check_books(memory)


async def test_a_payout_keeps_its_part_of_the_budget_while_its_address_is_silent(
    memory: Memory,
) -> None:
    memory.settings = Settings(payouts={"client_fee_budget_sats": 1})
    memory.owners.refusals.extend(Unavailable("not now") for _ in range(2))
    memory.node.outcomes.append(PaymentSucceeded(b"\1" * 32, 3_000))
    await memory.owe()
    await memory.work()
    assert (await memory.db.read(ledger.balance, ROUTING_FEE)).posted_msat == -1_000
    assert [payout.amount_msat for payout in await memory.payouts()] == [SHARE_MSAT - 2_000]
    await check_books(memory)


async def test_too_little_for_its_routing_fee_waits_for_tomorrow_s_budget(memory: Memory) -> None:
    memory.settings = Settings(payouts={"fee_budget_sats": 3})
    memory.node.outcomes.append(PaymentSucceeded(b"\1" * 32, 3_000))
    await memory.owe()
    await memory.work()
    await memory.owe(price_msat=100_000)  # a share of 10 sats, of which 3 may go to the route
    await memory.work(runs=1)
    assert len(await memory.payouts()) == 1
    assert 0 < await memory.next_run_ms() <= 24 * HOUR_MS
    await memory.work()
    assert memory.paid_out == SHARE_MSAT + 3_000 + 10_000
    await check_books(memory)


async def test_a_failed_payout_returns_its_part_of_the_budget(memory: Memory) -> None:
    memory.settings = Settings(payouts={"client_fee_budget_sats": 3})
    memory.node.outcomes.extend([PaymentFailed("no route"), PaymentSucceeded(b"\1" * 32, 3_000)])
    await memory.owe()
    await memory.work()
    assert [payout.amount_msat for payout in await memory.payouts()] == [SHARE_MSAT] * 2
    assert (await memory.db.read(ledger.balance, ROUTING_FEE)).posted_msat == -3_000
    await check_books(memory)


async def test_the_audit_tells_what_referrers_got_and_are_owed(memory: Memory) -> None:
    memory.node.outcomes.append(PaymentSucceeded(b"\1" * 32, 1_234))
    await memory.owe()
    before = await memory.db.read(audit.books)
    await memory.work()
    after = await memory.db.read(audit.books)

    assert (before.accrued, before.referrals_paid, before.referrals) == (100_000, 0, 100_000)
    assert (after.accrued, after.referrals_paid, after.referrals) == (100_000, 100_000, 0)
    assert after.payout_fees == 1_234


async def test_a_share_that_is_neither_paid_nor_owed_is_a_difference(memory: Memory) -> None:
    await memory.owe()
    books = await memory.db.read(audit.books)
    report = AuditReport(replace(books, referrals=books.referrals - 1), owed_msat=0)
    check_sums(report)

    assert any("+1 msat are unexplained" in sentence for sentence in report.differences)


async def test_a_definite_failure_is_followed_by_another_payout(memory: Memory) -> None:
    memory.node.outcomes.append(PaymentFailed("no route"))
    await memory.owe()
    await memory.work()
    failed, paid = await memory.payouts()
    assert (failed.state, failed.reason, paid.state) == ("failed", "no route", "paid")
    assert failed.payment_hash != paid.payment_hash
    assert memory.paid_out == SHARE_MSAT
    await check_books(memory)


@pytest.mark.parametrize("end", [PaymentSucceeded(b"\1" * 32, 0), PaymentFailed("gave up")])
async def test_while_a_payment_is_in_doubt_no_second_invoice_is_asked_for(
    memory: Memory, end: PaymentSucceeded | PaymentFailed
) -> None:
    memory.node.outcomes.append(PaymentUnknown("in flight"))
    await memory.owe()
    await memory.work(runs=8)
    (payout,) = await memory.payouts()
    assert (payout.state, len(memory.owners.asked)) == (PayoutState.PAYING, 1)
    assert payout.payment_hash is not None
    memory.node.known[bytes.fromhex(payout.payment_hash)] = end
    await memory.work()
    states = [each.state for each in await memory.payouts()]
    if isinstance(end, PaymentSucceeded):
        assert states == ["paid"]
        assert memory.paid_out == 0, "what was in flight was sent by the first attempt"
    else:
        assert states == ["failed", "paid"]
        assert memory.paid_out == SHARE_MSAT
    await check_books(memory)


async def test_what_accrues_during_a_payment_is_paid_after_it(memory: Memory) -> None:
    memory.node.outcomes.append(PaymentUnknown("in flight"))
    await memory.owe()
    await memory.work(runs=1)
    await memory.owe(2)
    (first,) = await memory.payouts()
    assert first.payment_hash is not None
    memory.node.known[bytes.fromhex(first.payment_hash)] = PaymentSucceeded(b"\1" * 32, 0)
    await memory.work()
    assert [each.amount_msat for each in await memory.payouts()] == [SHARE_MSAT, 2 * SHARE_MSAT]


async def test_an_invoice_that_was_paid_before_pays_nothing_again(memory: Memory) -> None:
    """Given an address that answers with the same invoice, then its second payout fails instead
    of being taken for paid."""
    memory.owners.preimage = lambda: b"\7" * 32
    await memory.owe()
    await memory.work()
    await memory.owe()
    await memory.work(runs=2)
    paid, failed = (await memory.payouts())[:2]
    assert (paid.state, failed.state) == (PayoutState.PAID, PayoutState.FAILED)
    assert "used before" in failed.reason
    assert (await memory.balance()).available_msat == SHARE_MSAT


async def test_more_than_an_address_takes_goes_in_pieces(memory: Memory) -> None:
    await memory.owe(5)
    memory.owners.refusals.append(AddressRefused("too much", min_msat=1, max_msat=200_500))
    await memory.work()
    paid = [each.amount_msat for each in await memory.payouts() if each.state == "paid"]
    assert paid == [200_000, 200_000, 100_000]
    await check_books(memory)


async def test_an_address_that_cannot_be_asked_keeps_its_payout_open(memory: Memory) -> None:
    memory.owners.refusals.extend(Unavailable("not now") for _ in range(3))
    await memory.owe()
    await memory.work()
    (payout,) = await memory.payouts()
    assert payout.state is PayoutState.PAID


@pytest.mark.parametrize("missing", ["payer", "addresses"])
async def test_a_shop_that_cannot_pay_out_keeps_what_is_owed(memory: Memory, missing: str) -> None:
    await memory.owe()
    whole = getattr(memory, missing)
    setattr(memory, missing, None)
    await memory.work(runs=1)
    assert await memory.next_run_ms() > HOUR_MS - 60_000
    assert await memory.payouts() == []
    setattr(memory, missing, whole)
    await memory.work()
    assert memory.paid_out == SHARE_MSAT


# -- a crash anywhere ------------------------------------------------------------------------------


def _one_failure(memory: Memory) -> None:
    memory.node.outcomes.append(PaymentFailed("no route"))


def _refused_once(memory: Memory) -> None:
    memory.owners.refusals.append(AddressRefused("too much", min_msat=1, max_msat=60_000))


def _plain(memory: Memory) -> None: ...


FLOWS = [_plain, _one_failure, _refused_once]


@pytest.mark.parametrize("prepare", FLOWS)
@pytest.mark.parametrize("kind", ["before", "after"])
async def test_a_crash_anywhere_never_pays_twice_and_never_forgets(
    sqlite_template: Path, tmp_path: Path, kind: str, prepare: Callable[[Memory], None]
) -> None:
    at, effects = 1, 1
    while at <= effects:
        clock = SystemClock()
        path = tmp_path / f"{at}.db"
        path.write_bytes(sqlite_template.read_bytes())
        db = await open_database(f"sqlite:///{path}", clock)
        memory = Memory(db, clock)
        prepare(memory)
        await memory.owe(2)
        fate = Fate(at, kind)
        try:
            await memory.work(fate)
        except Died:
            await db.tx(jobs.release_all)
        await memory.work()
        assert memory.paid_out == 2 * SHARE_MSAT, f"{kind} {at}: {fate.seen}"
        paid = [each for each in await memory.payouts() if each.state is PayoutState.PAID]
        assert sum(each.amount_msat for each in paid) == 2 * SHARE_MSAT
        assert {bytes.fromhex(each.payment_hash or "") for each in paid} == set(
            memory.node.paid_out
        )
        assert (await memory.balance()).posted_msat == 0
        await check_books(memory)
        assert (await db.read(ledger.balance, NODE)).posted_msat == -1_800_000
        await db.close()
        at, effects = at + 1, max(effects, len(fate.seen) + 1)
    assert at > 6, "an undisturbed run has more effects than that"


async def test_a_worker_that_was_stopped_past_its_lease_pays_nothing(memory: Memory) -> None:
    """Given a worker that stood still when it was about to pay, then it does not: another one
    may have paid meanwhile, failed, and be at another invoice."""
    await memory.owe()
    (job,) = await memory.claim()
    fate = Fate(kind="pause", at=4)
    working = asyncio.create_task(memory.run(job, fate))
    await fate.stands_still.wait()
    assert fate.seen[-1] == "lookup_payment"
    job.lease.sure_until_s = time.monotonic() - 1
    fate.go_on.set()
    await working
    assert memory.paid_out == 0
    await memory.db.tx(jobs.release_all)
    await memory.work()
    assert memory.paid_out == SHARE_MSAT
    assert len(memory.owners.asked) == 1
