"""What a long history costs: the shop's CPU for an order with many closed orders in the store.

    python -m benchmarks.order_history [--orders 10000 1000000] [--database sqlite postgresql]

Each store is filled with closed text orders as a shop leaves them behind (order, six events,
message, attempt, part, captured transfer, three webhooks with a try each), and then sells. The
shops take turns, so that both sides of a ratio are measured in the same minute. A million orders
take some 5 GB in the directory for temporary files.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from contextlib import AsyncExitStack, ExitStack
from itertools import pairwise
from pathlib import Path
from sys import path as modules

from sqlalchemy import text

from benchmarks.order_load import Rig, rig
from ringbolt.clock import SystemClock
from ringbolt.core.chart_of_accounts import NODE, REVENUE
from ringbolt.store import ledger
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.engine.opening import open_database

modules.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.servers.postgres import running

ROUNDS, COUNT, AT_ONCE = 6, 300, 64
BATCH = 20_000
DAY_MS = 86_400_000
KEPT_DAYS = 28
"""The closed orders are spread over so many days; the shop keeps webhooks for 30."""

_STATES = ("", "awaiting_payment", "paid", "dispatching", "in_progress", "fulfilled", "settled")
_IDS = {  # ids that rise, so that they are quick to insert, and fill the whole range
    "sqlite": """WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n
                                         WHERE i + 1 < :last),
                 o AS (SELECT i, printf('%08x', i * :step) || lower(hex(randomblob(28))) AS id,
                       :since + i * :pause AS at FROM n)""",
    "postgresql": """WITH o AS (SELECT i, lpad(to_hex(i * :step), 8, '0') || md5(i || 'a')
                     || substr(md5(i || 'b'), 1, 24) AS id, :since + i * :pause AS at
                     FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint) - 1) i)""",
}
_ORDERS = """
    INSERT INTO orders (id, kind, family, state, reason, method, price_msat, payment_hash, request,
        status_token, deadline_ms, created_ms, started_ms, paid_ms, finished_ms, payreq,
        expiry_height, webhook_url, client)
    {ids} SELECT id, 'sms', 'orders', 'settled', 'the held payment is settled', 'hold', 1000000,
        'f' || substr(id, 2), '{{"to":"+1234567800","message":"{message}","sender":"Ringbolt"}}',
        substr(id, 1, 32), at + 600000, at, at + 5000, at + 5000, at + 6000,
        'lnbcrt10u1' || id || id || id || id || id, 900, 'https://example.com/told', substr(id, 9)
    FROM o"""
_REST = (
    *(
        f"""INSERT INTO order_event (order_id, at_ms, from_state, to_state, why)
        SELECT id, created_ms + {n * 1000}, '{was}', '{state}', 'as it goes, and so it went on'
        FROM orders WHERE id >= :low AND id < :high"""
        for n, (was, state) in enumerate(pairwise(_STATES))
    ),
    """INSERT INTO message (order_id, to_hash, parts, status, public_id, attempt_id, sent_ms,
        delivered_ms) SELECT id, client, 1, 'delivered', 'SM' || substr(id, 1, 32),
        substr(id, 1, 32), created_ms + 6000, created_ms + 6500
        FROM orders WHERE id >= :low AND id < :high""",
    """INSERT INTO attempt (id, order_id, n, carrier, ref, state, carrier_id, created_ms,
        finished_ms) SELECT substr(id, 1, 32), id, 1, 'simulated', substr(id, 1, 32), 'done',
        'sms_' || substr(id, 1, 16) || '-1', created_ms, created_ms + 6500
        FROM orders WHERE id >= :low AND id < :high""",
    """INSERT INTO message_part (attempt_id, n, carrier, part_id, state, raw)
        SELECT substr(id, 1, 32), 1, 'simulated', 'sms_' || substr(id, 1, 16) || '-1', 'delivered',
        'delivered' FROM orders WHERE id >= :low AND id < :high""",
    """INSERT INTO transfer (idem, debit, credit, amount_msat, state, kind, order_id, at_ms)
        SELECT 'order:' || id, 'node', 'revenue', price_msat, 'pending', 'hold', id, created_ms
        FROM orders WHERE id >= :low AND id < :high""",
    """UPDATE transfer SET state = 'captured', captured_msat = amount_msat,
        resolved_ms = at_ms + 6000 WHERE state = 'pending'""",
    *(
        f"""INSERT INTO webhook (id, order_id, seq, method, url, body, state, tries, created_ms,
        done_ms) SELECT 'msg_{n}' || substr(id, 1, 23), id, {n}, 'POST', webhook_url,
        CAST('{"x" * 250}' AS {{blob}}), 'delivered', 1, created_ms + {n * 1000},
        created_ms + {n * 1000 + 50} FROM orders WHERE id >= :low AND id < :high"""
        for n in (1, 2, 3)
    ),
    *(
        f"""INSERT INTO webhook_try (webhook_id, at_ms, status, took_ms) SELECT
        'msg_{n}' || substr(id, 1, 23), created_ms + {n * 1000}, 204, 12
        FROM orders WHERE id >= :low AND id < :high"""
        for n in (1, 2, 3)
    ),
)


async def fill(url: str, count: int) -> None:
    """Put ``count`` closed orders into the store at ``url``."""
    database = await open_database(url, SystemClock())
    begun = time.monotonic()
    step = 0xFFFFFFFF // count
    try:
        await database.tx(_accounts)
        for first in range(0, count, BATCH):
            await database.tx(_add, first, min(first + BATCH, count), step, count)
        await _analyze(database)
    finally:
        await database.close()
    print(f"  {count:,} closed orders written in {time.monotonic() - begun:.0f} s", flush=True)


def _accounts(tx: Tx) -> None:
    ledger.ensure_account(tx, NODE, "asset", stored=False)
    ledger.ensure_account(tx, REVENUE, "income", stored=False)


def _add(tx: Tx, first: int, last: int, step: int, count: int) -> None:
    span_ms = KEPT_DAYS * DAY_MS
    numbers = {
        "first": first, "last": last, "step": step, "pause": span_ms // count,
        "since": tx.now_ms - span_ms - DAY_MS,
    }  # fmt: skip
    statement = _ORDERS.format(ids=_IDS[tx.dialect], message="x" * 80)
    tx.conn.execute(text(statement.replace('"to":', '"to"\\:').replace('":"', '"\\:"')), numbers)
    border = {"low": f"{first * step:08x}", "high": f"{last * step:08x}"}
    blob = "blob" if tx.dialect == "sqlite" else "bytea"
    for statement in _REST:
        tx.conn.execute(text(statement.replace("{blob}", blob)), border)


async def _analyze(database: Database) -> None:
    """PostgreSQL's autovacuum does so by itself in time."""
    if database.dialect == "postgresql":
        await database.tx(lambda tx: tx.conn.exec_driver_sql("ANALYZE"))


async def compare(urls: dict[int, str], folder: Path) -> None:
    """The shops in turn; CPU of the shop's process for each order."""
    async with AsyncExitStack() as stack:
        shops: dict[int, Rig] = {}
        for count, url in urls.items():
            shops[count] = await stack.enter_async_context(rig(folder / str(count), url))
        costs: dict[int, list[float]] = {count: [] for count in shops}
        for turn in range(ROUNDS + 1):
            for count, shop in shops.items():
                before = shop.cpu_s()[0]
                await shop.buy_many(COUNT, AT_ONCE)
                if turn:  # the first warms up
                    costs[count].append((shop.cpu_s()[0] - before) / COUNT * 1000)
    _tell(costs)


def _tell(costs: dict[int, list[float]]) -> None:
    least = min(costs)
    for count, found in costs.items():
        ratios = [a / b for a, b in zip(found, costs[least], strict=True)]
        print(
            f"  {count:>9,} closed orders: {statistics.median(found):.2f} ms CPU per order (median "
            f"of {ROUNDS} rounds of {COUNT}; {min(found):.2f} to {max(found):.2f}); ratio to "
            f"{least:,}: {statistics.median(ratios):.2f}"
        )


async def sqlite(counts: list[int]) -> None:
    print("SQLite")
    with tempfile.TemporaryDirectory() as folder:
        urls = {}
        for count in counts:
            (Path(folder) / str(count)).mkdir()
            urls[count] = f"sqlite:///{folder}/{count}/shop.db"
            await fill(urls[count], count)
        await compare(urls, Path(folder))


async def postgresql(counts: list[int]) -> None:
    print("PostgreSQL")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        urls = {}
        for count in counts:
            urls[count] = stack.enter_context(running(durable=True)).url()
            await fill(urls[count], count)
        await compare(urls, Path(folder))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--database", nargs="+", default=["sqlite"])
    options = parser.parse_args()
    for database in options.database:
        asyncio.run({"sqlite": sqlite, "postgresql": postgresql}[database](options.orders))


if __name__ == "__main__":
    main()
