"""What was moved on one account, as its holder reads it."""

from __future__ import annotations

from functools import partial

import pytest

from ringbolt.core.errors import InvalidInput
from ringbolt.core.order import OrderState
from ringbolt.store import ledger, ledger_entries, orders
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.ledger_entries import Entry
from support.databases.order_rows import put_order

ALICE = "key:alice"
BOB = "key:bob"


@pytest.fixture
async def books(database: Database) -> Database:
    def open_accounts(tx: Tx) -> None:
        for name in (ALICE, BOB):
            ledger.ensure_account(tx, name, "liability", stored=True, floor_msat=0)

    await database.tx(open_accounts)
    return database


def credit(tx: Tx, idem: str, amount_msat: int = 1000, to: str = ALICE) -> None:
    ledger.post(tx, idem=idem, debit="node", credit=to, amount_msat=amount_msat, kind="top_up")


def reserve(tx: Tx, idem: str, amount_msat: int) -> None:
    ledger.hold(
        tx, idem=idem, debit=ALICE, credit="revenue", amount_msat=amount_msat, kind="reserve",
        order_id=idem,
    )  # fmt: skip


def top_up(tx: Tx, *, at_ms: int, msat: int = 1000, to: str = ALICE, settle: bool = True) -> str:
    """A top-up whose order was created at ``at_ms``; its order's id."""
    order = put_order(tx, "fund", created_ms=at_ms, price_msat=msat)
    idem = f"ord:{order.id}"
    ledger.hold(
        tx, idem=idem, debit="node", credit=to, amount_msat=msat, kind="top_up", order_id=order.id
    )
    if settle:
        for state in (OrderState.PAID, OrderState.FULFILLED, OrderState.SETTLED):
            assert orders.move(tx, order.id, state, "")
        ledger.capture(tx, idem)
    return order.id


async def entries(books: Database, limit: int = 100, after: str = "") -> list[Entry]:
    return await books.read(ledger_entries.entries, ALICE, limit, after)


async def test_debits_are_negative_and_credits_positive_the_latest_first(books: Database) -> None:
    await books.tx(credit, "in", 1000)
    await books.tx(reserve, "out", 300)

    found = await entries(books)

    assert [(each.name, each.amount_msat, each.kind) for each in found] == [
        ("out", -300, "reserve"),
        ("in", 1000, "top_up"),
    ]
    assert [each.order_id for each in found] == ["out", None]


async def test_an_entry_says_what_became_of_it(books: Database) -> None:
    await books.tx(credit, "in", 1000)
    for name in ("kept", "given back", "under way", "in part"):
        await books.tx(reserve, name, 200)
    await books.tx(ledger.capture, "kept")
    await books.tx(ledger.void, "given back")
    await books.tx(ledger.capture, "in part", 50)

    found = {each.name: each for each in await entries(books)}

    assert {name: (each.state, each.amount_msat) for name, each in found.items()} == {
        "in": ("posted", 1000),
        "kept": ("captured", -200),
        "given back": ("voided", 0),
        "under way": ("pending", -200),
        "in part": ("captured", -50),
    }
    assert {name: each.reserved_msat for name, each in found.items()} == {
        "in": None,
        "kept": 200,
        "given back": 200,
        "under way": 200,
        "in part": 200,
    }
    resolved = {name for name, each in found.items() if each.resolved_ms is not None}
    assert resolved == {"kept", "given back", "in part"}


async def test_what_counts_adds_up_to_the_balance(books: Database) -> None:
    await books.tx(credit, "in", 1000)
    for name in ("kept", "given back", "under way", "in part"):
        await books.tx(reserve, name, 200)
    await books.tx(ledger.capture, "kept")
    await books.tx(ledger.void, "given back")
    await books.tx(ledger.capture, "in part", 50)
    await books.tx(partial(top_up, at_ms=1, settle=False))
    await books.tx(partial(top_up, at_ms=2))

    counted = sum(each.amount_msat for each in await entries(books))

    balance = await books.read(ledger.balance, ALICE)
    assert counted == balance.available_msat == 1550


async def test_an_account_shows_nothing_of_another(books: Database) -> None:
    await books.tx(credit, "mine", 1000)
    await books.tx(credit, "hers", 1000, BOB)

    assert [each.name for each in await entries(books)] == ["mine"]


async def test_pages_together_are_the_whole(books: Database) -> None:
    for n in range(5):
        await books.tx(credit, f"in {n}", 1000)
        await books.tx(reserve, f"out {n}", 10)
    whole = await entries(books)

    pages: list[Entry] = []
    while page := await entries(books, 3, pages[-1].name if pages else ""):
        assert len(page) <= 3
        pages += page

    assert pages == whole
    assert len(whole) == 10


async def test_a_page_stays_where_it_is_while_entries_come(books: Database) -> None:
    for n in range(4):
        await books.tx(credit, f"in {n}", 1000)
    first = await entries(books, 2)
    await books.tx(credit, "late", 1000)

    second = await entries(books, 2, first[-1].name)

    assert [each.name for each in second] == ["in 1", "in 0"]


@pytest.mark.parametrize("cursor", ["nothing", "hers", "'; DROP TABLE transfer; --"])
async def test_a_cursor_that_is_not_the_accounts_is_refused(books: Database, cursor: str) -> None:
    await books.tx(credit, "hers", 1000, BOB)

    with pytest.raises(InvalidInput) as refusal:
        await entries(books, 10, cursor)

    assert refusal.value.code == "INVALID_CURSOR"


async def test_only_settled_top_ups_are_listed_the_latest_created_first(books: Database) -> None:
    late = await books.tx(partial(top_up, at_ms=3000, msat=7000))
    early = await books.tx(partial(top_up, at_ms=2000, msat=5000))
    await books.tx(partial(top_up, at_ms=4000, settle=False))
    await books.tx(partial(top_up, at_ms=5000, to=BOB))

    found = await books.read(ledger_entries.top_ups, ALICE, "top_up", 10)

    assert [(each.order_id, each.amount_msat, each.created_ms) for each in found] == [
        (late, 7000, 3000),
        (early, 5000, 2000),
    ]
    assert await books.read(ledger_entries.captured_total_msat, ALICE, "top_up") == 12_000


async def test_pages_of_top_ups_created_at_once_are_the_whole(books: Database) -> None:
    for at_ms in (1000, 1000, 1000, 2000, 2000):
        await books.tx(partial(top_up, at_ms=at_ms))
    whole = await books.read(ledger_entries.top_ups, ALICE, "top_up", 10)

    pages = []
    cursor = ""
    while page := await books.read(ledger_entries.top_ups, ALICE, "top_up", 2, cursor):
        pages += page
        cursor = page[-1].order_id

    assert pages == whole
    assert len(whole) == 5


async def test_a_top_up_of_another_account_is_no_cursor(books: Database) -> None:
    hers = await books.tx(partial(top_up, at_ms=1000, to=BOB))

    with pytest.raises(InvalidInput):
        await books.read(ledger_entries.top_ups, ALICE, "top_up", 10, hers)


async def test_an_account_without_top_ups_has_none(books: Database) -> None:
    assert await books.read(ledger_entries.top_ups, ALICE, "top_up", 10) == []
    assert await books.read(ledger_entries.captured_total_msat, ALICE, "top_up") == 0
