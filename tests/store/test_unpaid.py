"""Orders that nobody ever paid are forgotten, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from ringbolt.app.operator.audit import check_sums
from ringbolt.app.operator.audit_report import AuditReport
from ringbolt.store import audit, idempotency, jobs, ledger, orders, unpaid, webhooks
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.schema.metadata import metadata
from ringbolt.store.schema.tables import orders as orders_table
from support.databases.order_rows import HOOK, put_order

DAY_MS = 86_400_000


def put_expired(tx: Tx, /, **columns: Any) -> str:
    """An order that was never paid, with all that such a one may leave."""
    values = {"finished_ms": tx.now_ms - 2 * DAY_MS, **columns}
    order = put_order(tx, "activation", "expired", **values)
    added = webhooks.insert(tx, order.id, "POST", HOOK, b"{}")
    assert added is not None
    sent = webhooks.next_of(tx, order.id)
    assert sent is not None
    assert sent.id == added.id
    webhooks.record_try(tx, sent, b"{}", webhooks.WebhookState.DELIVERED, (200, "", 1))
    idempotency.add(tx, "anybody", order.id, "hash", order.id)
    return order.id


def rows(tx: Tx) -> int:
    """In all tables, but those of the schema and of what is not an order's."""
    return sum(
        tx.run(select(func.count()).select_from(table)).scalar_one()
        for table in metadata.sorted_tables
    )


async def test_of_an_order_that_was_never_paid_nothing_is_left(database: Database) -> None:
    before = await database.read(rows)
    order_id = await database.tx(put_expired)
    assert await database.tx(unpaid.forget, DAY_MS) == 1
    assert await database.read(rows) == before
    assert await database.read(orders.by_id, order_id) is None
    assert await database.read(idempotency.find, "anybody", order_id) is None


@pytest.mark.parametrize("state", ["awaiting_payment", "paid", "failed", "returned", "settled"])
async def test_whatever_else_became_of_it_it_stays(database: Database, state: str) -> None:
    def put(tx: Tx) -> str:
        return put_order(tx, state=state, finished_ms=tx.now_ms - 2 * DAY_MS).id

    order_id = await database.tx(put)
    assert await database.tx(unpaid.forget, DAY_MS) == 0
    assert await database.read(orders.by_id, order_id) is not None


def kept_some_days(tx: Tx) -> None:
    put_expired(tx, finished_ms=tx.now_ms - DAY_MS + 60_000)


def sent_to_the_node(tx: Tx) -> None:
    order_id = put_expired(tx)
    jobs.enqueue(tx, "close_hold", "money", f"close_hold:{order_id}", order_id=order_id)


def in_the_books(tx: Tx) -> None:
    order_id = put_expired(tx)
    for name in ("a", "b"):
        ledger.ensure_account(tx, name, "asset", stored=False)
    ledger.post(
        tx, idem="x", debit="a", credit="b", amount_msat=1, kind="hold", order_id=order_id
    )  # fmt: skip


@pytest.mark.parametrize("put", [kept_some_days, sent_to_the_node, in_the_books])
async def test_what_is_not_over_yet_is_kept(database: Database, put: Any) -> None:
    await database.tx(put)
    assert await database.tx(unpaid.forget, DAY_MS) == 0


async def test_many_are_forgotten_a_few_at_a_time(database: Database) -> None:
    def put(tx: Tx) -> None:
        for _ in range(unpaid.FORGET_BATCH + 1):
            put_expired(tx)

    await database.tx(put)
    assert await database.tx(unpaid.forget, DAY_MS) == unpaid.FORGET_BATCH
    assert await database.tx(unpaid.forget, DAY_MS) == 1
    assert await database.tx(unpaid.forget, DAY_MS) == 0
    assert await database.read(lambda tx: tx.run(select(orders_table.c.id)).all()) == []


async def test_the_audit_agrees_before_and_after(database: Database) -> None:
    await database.tx(put_expired)
    for _ in range(2):
        books = await database.read(audit.books)
        report = AuditReport(books, owed_msat=books.in_orders + books.unredeemed)
        check_sums(report)
        assert report.differences == []
        assert await database.read(audit.disagreements) == []
        await database.tx(unpaid.forget, DAY_MS)


async def test_the_old_ones_are_found_by_an_index(database: Database) -> None:
    if database.dialect != "sqlite":
        pytest.skip("PostgreSQL plans by the number of rows")

    def plan(tx: Tx) -> str:
        query = unpaid._OLD.params(before_=1).compile(compile_kwargs={"literal_binds": True})
        found = tx.conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}")
        return " ".join(str(row) for row in found)

    assert "ix_orders_unpaid" in await database.read(plan)
