"""What a transaction costs: ``python benchmarks/store.py [seconds per line]``.

CPU is this process' (for PostgreSQL the server's comes on top), wall is what a transaction takes
at that concurrency divided by how many run side by side. Both databases sync to the disk.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from ringbolt.clock import SystemClock
from ringbolt.store import cursors, jobs, ledger
from ringbolt.store.engine.db import Database, Tx
from ringbolt.store.engine.opening import open_database
from ringbolt.store.engine.upsert import insert_new
from ringbolt.store.schema.tables import order_event, orders
from support.servers.postgres import NoPostgresError, running

ADD_EVENT = order_event.insert()
CONCURRENCIES = (1, 8, 64)


def one_insert(tx: Tx, n: int) -> None:
    cursors.set(tx, f"bench-{n}", "x")


def place_order(tx: Tx, n: int) -> None:
    """What an order paid by L402 writes when it is born: four statements."""
    order_id = f"order-{n}"
    insert_new(
        tx,
        orders,
        id=order_id,
        kind="call",
        family="l402",
        state="paid",
        method="l402",
        price_msat=21_000,
        payment_hash=f"{n:064x}",
        request='{"to":"+12345678901","message":"' + "x" * 200 + '"}',
        status_token=order_id,
        created_ms=tx.now_ms,
        started_ms=tx.now_ms,
    )
    tx.run(
        ADD_EVENT,
        {"order_id": order_id, "at_ms": tx.now_ms, "from_state": "", "to_state": "paid"},
    )
    ledger.post(
        tx,
        idem=f"inv:{n:064x}",
        debit="node",
        credit="escrow",
        amount_msat=21_000,
        kind="payment",
        order_id=order_id,
    )
    jobs.enqueue(tx, "dispatch_call", "dispatch", f"dispatch:{order_id}", order_id)


async def measure(
    database: Database, body: Callable[[Tx, int], None], concurrency: int, seconds: float
) -> str:
    numbers = itertools.count(time.time_ns())
    done = 0
    for _ in range(20):
        await database.tx(body, next(numbers))
    end = time.perf_counter() + seconds

    async def worker() -> None:
        nonlocal done
        while time.perf_counter() < end:
            await database.tx(body, next(numbers))
            done += 1

    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(worker() for _ in range(concurrency)))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return f"{done / wall:9.0f} {wall / done * 1e6:11.0f} {cpu / done * 1e6:11.0f}"


async def run(url: str, seconds: float) -> None:
    database = await open_database(url, SystemClock())
    for body in (one_insert, place_order):
        for concurrency in CONCURRENCIES:
            figures = await measure(database, body, concurrency, seconds)
            print(f"{database.dialect:11} {body.__name__:12} {concurrency:4} {figures}")
    await database.close()


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    print(
        f"{'database':11} {'body':12} {'conc':>4} {'tx/s':>9} {'wall us/tx':>11} {'cpu us/tx':>11}"
    )
    with tempfile.TemporaryDirectory() as place:
        asyncio.run(run(f"sqlite:///{place}/shop.db", seconds))
    try:
        with running(durable=True) as server:
            asyncio.run(run(server.url(), seconds))
    except NoPostgresError as error:
        print(f"postgresql skipped: {error}")


if __name__ == "__main__":
    main()
