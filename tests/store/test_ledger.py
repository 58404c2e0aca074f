"""The ledger, and what the database itself refuses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from ringbolt.core.errors import NotFound
from ringbolt.store import ledger
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.ledger import Balance, InsufficientFunds, LedgerMismatch

ALICE = "key:alice"


@pytest.fixture
async def books(database: Database) -> Database:
    """Alice has 1000 msat, with a floor of 0."""

    def fund(tx: Tx) -> None:
        ledger.ensure_account(tx, ALICE, "liability", stored=True, floor_msat=0)
        ledger.post(tx, idem="fund", debit="node", credit=ALICE, amount_msat=1000, kind="fund")

    await database.tx(fund)
    return database


def spend(tx: Tx, idem: str, amount_msat: int) -> bool:
    return ledger.post(
        tx, idem=idem, debit=ALICE, credit="revenue", amount_msat=amount_msat, kind="order"
    )


def hold(tx: Tx, idem: str, amount_msat: int) -> bool:
    return ledger.hold(
        tx, idem=idem, debit=ALICE, credit="revenue", amount_msat=amount_msat, kind="order"
    )


async def alice(books: Database) -> Balance:
    return await books.read(ledger.balance, ALICE)


async def test_a_transfer_takes_from_the_debit_and_gives_to_the_credit(books: Database) -> None:
    assert await books.tx(spend, "s", 300)
    assert await books.read(ledger.totals) == {
        ALICE: Balance(700, 0),
        "node": Balance(-1000, 0),
        "escrow": Balance(0, 0),
        "revenue": Balance(300, 0),
        "routing_fee": Balance(0, 0),
    }


async def test_a_balance_can_be_spent_to_exactly_nothing(books: Database) -> None:
    await books.tx(spend, "s", 1000)
    assert await alice(books) == Balance(0, 0)


async def test_a_hold_is_set_aside_and_captured_in_part(books: Database) -> None:
    await books.tx(hold, "h", 600)
    held = await alice(books)
    captured = await books.tx(ledger.capture, "h", 250)
    assert (held, held.available_msat) == (Balance(1000, 600), 400)
    assert captured
    assert await alice(books) == Balance(750, 0)
    assert await books.read(ledger.balance, "revenue") == Balance(250, 0)


async def test_a_voided_hold_gives_everything_back(books: Database) -> None:
    await books.tx(hold, "h", 1000)
    assert await books.tx(ledger.void, "h")
    assert await alice(books) == Balance(1000, 0)


async def test_the_same_transfer_happens_once(books: Database) -> None:
    assert [await books.tx(spend, "s", 300) for _ in range(3)] == [True, False, False]
    assert (await alice(books)).posted_msat == 700


async def test_a_name_used_for_another_transfer_is_a_mismatch(books: Database) -> None:
    await books.tx(spend, "s", 300)
    for body, amount in ((spend, 301), (hold, 300)):
        with pytest.raises(LedgerMismatch):
            await books.tx(body, "s", amount)


async def test_capture_and_void_may_be_repeated_but_not_mixed(books: Database) -> None:
    await books.tx(hold, "h", 100)
    await books.tx(hold, "v", 100)
    assert [await books.tx(ledger.capture, "h") for _ in range(2)] == [True, False]
    assert [await books.tx(ledger.void, "v") for _ in range(2)] == [True, False]
    for body, idem in ((ledger.void, "h"), (ledger.capture, "v"), (ledger.void, "nothing")):
        with pytest.raises(LedgerMismatch):
            await books.tx(body, idem)
    with pytest.raises(LedgerMismatch):
        await books.tx(ledger.capture, "h", 50)
    assert await alice(books) == Balance(900, 0)


async def test_an_account_of_other_terms_is_a_mismatch(books: Database) -> None:
    def again(tx: Tx, floor_msat: int) -> None:
        ledger.ensure_account(tx, ALICE, "liability", stored=True, floor_msat=floor_msat)

    await books.tx(again, 0)
    with pytest.raises(LedgerMismatch):
        await books.tx(again, -5)


async def test_an_unknown_account_is_not_found(books: Database) -> None:
    with pytest.raises(NotFound):
        await books.read(ledger.balance, "key:nobody")


@pytest.mark.parametrize("body", [spend, hold])
async def test_more_than_the_balance_is_refused_in_plain_words(
    books: Database, body: Callable[[Tx, str, int], bool]
) -> None:
    await books.tx(hold, "h", 400)
    with pytest.raises(InsufficientFunds) as refusal:
        await books.tx(body, "s", 601)
    assert refusal.value.code == "INSUFFICIENT_FUNDS"
    assert await alice(books) == Balance(1000, 400)


def _sql(statement: str) -> Callable[[Tx], Any]:
    return lambda tx: tx.run(text(statement))


def _insert(idem: str, debit: str, credit: str, amount: int, state: str) -> str:
    captured = amount if state == "captured" else "NULL"
    return (
        "INSERT INTO transfer (idem, debit, credit, amount_msat, state, captured_msat, kind, at_ms)"
        f" VALUES ('{idem}', '{debit}', '{credit}', {amount}, '{state}', {captured}, 'x', 1)"
    )


REFUSED = {
    "spend more than there is": _insert("n", "key:alice", "revenue", 1001, "posted"),
    "hold more than there is": _insert("n", "key:alice", "revenue", 1001, "pending"),
    "a negative amount": _insert("n", "revenue", "key:alice", -5, "posted"),
    "nothing": _insert("n", "key:alice", "revenue", 0, "posted"),
    "to itself": _insert("n", "key:alice", "key:alice", 5, "posted"),
    "from nobody": _insert("n", "key:nobody", "revenue", 5, "posted"),
    "a name twice": _insert("fund", "node", "key:alice", 1000, "posted"),
    "born captured": _insert("n", "node", "key:alice", 5, "captured"),
    "delete a transfer": "DELETE FROM transfer WHERE idem = 'fund'",
    "edit an amount": "UPDATE transfer SET amount_msat = 1 WHERE idem = 'fund'",
    "edit a held amount": "UPDATE transfer SET amount_msat = 1 WHERE idem = 'held'",
    "take back a posted one": "UPDATE transfer SET state = 'voided', resolved_ms = 1"
    " WHERE idem = 'fund'",
    "capture a captured one": "UPDATE transfer SET state = 'captured', captured_msat = 1,"
    " resolved_ms = 1 WHERE idem = 'done'",
    "capture more than was held": "UPDATE transfer SET state = 'captured', captured_msat = 101,"
    " resolved_ms = 1 WHERE idem = 'held'",
    "capture for somebody else": "UPDATE transfer SET state = 'captured', captured_msat = 1,"
    " resolved_ms = 1, credit = 'node' WHERE idem = 'held'",
    "reopen a voided one": "UPDATE transfer SET state = 'pending', resolved_ms = NULL"
    " WHERE idem = 'gone'",
    "an account with money in it": "INSERT INTO account (id, kind, stored, posted_msat)"
    " VALUES ('key:bob', 'liability', 1, 5)",
    "an account below its floor": "UPDATE account SET floor_msat = 2000 WHERE id = 'key:alice'",
    "stop keeping a balance": "UPDATE account SET stored = 0, floor_msat = NULL"
    " WHERE id = 'key:alice'",
    "delete an account": "DELETE FROM account WHERE id = 'escrow'",
}


@pytest.fixture
async def full_books(books: Database) -> Database:
    """With a hold of each kind: open, captured, voided; all of Alice's balance unchanged."""

    def fill(tx: Tx) -> None:
        hold(tx, "held", 100)
        hold(tx, "done", 100)
        hold(tx, "gone", 100)
        ledger.capture(tx, "done", 0)
        ledger.void(tx, "gone")

    await books.tx(fill)
    return books


@pytest.mark.parametrize("statement", REFUSED.values(), ids=REFUSED.keys())
async def test_the_database_itself_refuses(full_books: Database, statement: str) -> None:
    before = await full_books.read(ledger.totals)
    with pytest.raises(IntegrityError):
        await full_books.tx(_sql(statement))
    assert await full_books.read(ledger.totals) == before
    assert await full_books.read(ledger.recompute) == []
    assert await alice(full_books) == Balance(1000, 100)


async def test_a_tampered_balance_is_found(books: Database) -> None:
    await books.tx(_sql("UPDATE account SET posted_msat = 1001 WHERE id = 'key:alice'"))
    (found,) = await books.read(ledger.recompute)
    assert (found.account, found.stored, found.computed) == (
        ALICE,
        Balance(1001, 0),
        Balance(1000, 0),
    )


async def test_fifty_concurrent_debits_never_overdraw(books: Database) -> None:
    """1000 msat cover 14 debits of 70, in any order."""
    results = await asyncio.gather(
        *(_attempt(books.tx(spend, f"s{n}", 70)) for n in range(50)),
    )
    assert results.count(True) == 14
    assert results.count(None) == 36
    assert await alice(books) == Balance(20, 0)
    assert await books.read(ledger.recompute) == []


async def test_transfers_both_ways_between_two_accounts_do_not_deadlock(books: Database) -> None:
    def open_bob(tx: Tx) -> None:
        ledger.ensure_account(tx, "key:bob", "liability", stored=True, floor_msat=0)
        ledger.post(tx, idem="b", debit="node", credit="key:bob", amount_msat=1000, kind="fund")

    def swap(tx: Tx, n: int) -> None:
        pair = (ALICE, "key:bob") if n % 2 else ("key:bob", ALICE)
        ledger.post(tx, idem=f"swap{n}", debit=pair[0], credit=pair[1], amount_msat=10, kind="move")

    await books.tx(open_bob)
    await asyncio.gather(*(books.tx(swap, n) for n in range(40)))
    assert await alice(books) == Balance(1000, 0)


async def _attempt(work: Awaitable[bool]) -> bool | None:
    try:
        return await work
    except InsufficientFunds:
        return None
