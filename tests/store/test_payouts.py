"""Referral shares in the books, and the rows of their payouts: what two at once cannot do."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from ringbolt.app.payments import pay_referral, refer
from ringbolt.app.policies import PayoutPolicy
from ringbolt.clock import SystemClock
from ringbolt.core.chart_of_accounts import REFERRAL, account_of_referrer
from ringbolt.core.errors import NotFound
from ringbolt.core.order import OrderKind
from ringbolt.settings import Settings
from ringbolt.store import jobs, ledger, payouts
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.orders import Order
from ringbolt.store.payouts import PayoutState
from support.rigs.payouts import ALICE, PRICE_MSAT, SHARE_MSAT, Desk, an_order, settle
from support.waiting import PATIENCE_S

HASH = "ab" * 32


async def opened(db: Database, id: str = "p1", address: str = ALICE) -> bool:
    return await db.tx(payouts.open_payout, id, address, 5000)


# -- what accrues ----------------------------------------------------------------------------------


async def owed(db: Database, address: str = ALICE) -> int:
    return (await db.read(ledger.balance, account_of_referrer(address))).posted_msat


async def test_a_settled_order_owes_its_referrer_the_share(database: Database) -> None:
    await database.tx(settle, an_order())
    assert await owed(database) == SHARE_MSAT
    assert await database.read(ledger.recompute) == []


async def test_the_share_is_what_was_promised_when_the_order_was_placed(
    database: Database,
) -> None:
    await database.tx(settle, an_order(referral_percent=25))
    assert await owed(database) == PRICE_MSAT // 4


async def test_a_share_accrues_once(database: Database) -> None:
    order = an_order()
    await database.tx(settle, order)
    assert not await database.tx(refer.accrue, order)
    assert await owed(database) == SHARE_MSAT


async def test_a_share_names_its_order_in_the_books(database: Database) -> None:
    order = an_order()
    await database.tx(settle, order)

    def read(tx: Tx) -> object:
        found = tx.conn.exec_driver_sql(
            f"SELECT order_id, amount_msat FROM transfer WHERE kind = '{REFERRAL}'"
        )
        return tuple(found.one())

    assert await database.read(read) == (order.id, SHARE_MSAT)


@pytest.mark.parametrize("order", [an_order(referrer=""), an_order(referral_percent=0)])
async def test_who_referred_nobody_is_owed_nothing(database: Database, order: Order) -> None:
    await database.tx(settle, order)
    with pytest.raises(NotFound):
        await owed(database)
    assert await database.read(jobs.next_run_at, "payout") is None


async def test_a_top_up_earns_nothing(database: Database) -> None:
    assert not await database.tx(refer.accrue, an_order(kind=OrderKind.FUND))


async def test_one_job_pays_what_an_address_is_owed(database: Database) -> None:
    for _ in range(3):
        await database.tx(settle, an_order())
    await database.tx(settle, an_order(referrer="bob@wallet.example"))
    claimed = await database.tx(jobs.claim, "payout", 10, 1000)
    assert sorted(job.uniq for job in claimed) == [f"payout:{ALICE}", "payout:bob@wallet.example"]


def settle_slowly(tx: Tx, order: Order, booked: threading.Event) -> None:
    settle(tx, order)
    booked.set()
    if tx.dialect == "postgresql":  # the other one lets nobody else write meanwhile
        tx.conn.exec_driver_sql("SELECT pg_sleep(0.3)")


async def test_no_share_is_left_without_a_job(database: Database, clock: SystemClock) -> None:
    """Given a job that is about to end because too little is owed, when a share accrues that is
    not committed yet, then the job waits for it instead of ending."""
    desk = Desk(database, clock, None, None, Settings())
    await desk.owe()
    (job,) = await desk.claim()
    booked = threading.Event()
    settling = asyncio.create_task(database.tx(settle_slowly, an_order(), booked))
    assert await asyncio.to_thread(booked.wait, PATIENCE_S)
    policy = replace(PayoutPolicy.of(Settings()), min_referral_msat=2 * SHARE_MSAT)
    _, payout = await database.tx(pay_referral._current, job, policy, "p1")
    await settling
    assert payout is not None, "200 sats are owed, and nobody will pay them"
    assert payout.amount_msat == 2 * SHARE_MSAT


# -- payouts ---------------------------------------------------------------------------------------


async def test_one_payout_to_an_address_at_a_time(database: Database) -> None:
    begun = await asyncio.gather(*(opened(database, f"p{n}") for n in range(5)))
    assert begun.count(True) == 1
    assert await opened(database, "other", "bob@wallet.example")


@pytest.mark.parametrize("end", ["paid", "failed"])
async def test_after_its_end_another_may_follow(database: Database, end: str) -> None:
    await opened(database)
    if end == "paid":
        await database.tx(payouts.begin, "p1", "lnbcrt1", HASH, "node")
        assert await database.tx(payouts.pay, "p1", 7)
    else:
        assert await database.tx(payouts.fail, "p1", "nobody there")
    assert await database.read(payouts.unfinished, ALICE) is None
    assert await opened(database, "p2")
    found = await database.read(payouts.by_id, "p1")
    assert found is not None
    assert found.state == end
    assert found.finished_ms is not None


async def test_a_payout_has_one_invoice(database: Database) -> None:
    await opened(database)
    assert await database.tx(payouts.begin, "p1", "lnbcrt1", HASH, "node")
    assert not await database.tx(payouts.begin, "p1", "lnbcrt2", "cd" * 32, "node")
    found = await database.read(payouts.unfinished, ALICE)
    assert found is not None
    assert (found.state, found.bolt11, found.payment_hash) == (PayoutState.PAYING, "lnbcrt1", HASH)


async def test_what_was_not_begun_is_not_paid_and_what_ended_does_not_change(
    database: Database,
) -> None:
    await opened(database)
    assert not await database.tx(payouts.pay, "p1", 0)
    await database.tx(payouts.fail, "p1", "x")
    assert not await database.tx(payouts.begin, "p1", "lnbcrt1", HASH, "node")
    assert not await database.tx(payouts.fail, "p1", "y")


async def test_no_invoice_is_named_twice(database: Database) -> None:
    await opened(database)
    await database.tx(payouts.begin, "p1", "lnbcrt1", HASH, "node")
    await opened(database, "p2", "bob@wallet.example")
    with pytest.raises(IntegrityError):
        await database.tx(payouts.begin, "p2", "lnbcrt1", HASH, "node")
