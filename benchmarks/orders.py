"""Orders from end to end: how many a second, the shop's CPU for each, and how soon a payment wakes
the dispatch; on SQLite and on PostgreSQL.

    python -m benchmarks.orders [sqlite|postgresql ...]

A text order: created over HTTP, its hold invoice paid, the text sent and delivered, the hold
settled, and four webhooks received. World, shop, and buyers with the receiver are three processes
on the same cores, so that the rate is a floor; the CPU is the shop's process alone.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import select

from benchmarks.order_load import BODY, Rig, rig
from ringbolt.clock import SystemClock
from ringbolt.store.engine.db import Tx
from ringbolt.store.engine.opening import open_database
from ringbolt.store.schema.tables import order_event

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.servers.postgres import NoPostgresError, running

COUNTS = {"sqlite": (5, 500), "postgresql": (3, 150)}
"""Rounds, and orders in each."""
AT_ONCE = 128
WAKE_UPS, WAITING = 200, 1000


async def rate(shop: Rig, rounds: int, count: int) -> None:
    """Rounds of orders, many at once."""
    await shop.buy_many(100, 32)
    rates, costs, worlds, reported = [], [], [], shop.receiver.took
    for _ in range(rounds):
        before, begun = shop.cpu_s(), time.monotonic()
        await shop.buy_many(count, AT_ONCE)
        rates.append(count / (time.monotonic() - begun))
        cost, world = (
            (after - was) / count * 1000 for was, after in zip(before, shop.cpu_s(), strict=True)
        )
        costs.append(cost)
        worlds.append(world)
    reported = shop.receiver.took - reported
    print(
        f"  {AT_ONCE} at once: best of {rounds} rounds {max(rates):.0f} orders/s (each: "
        f"{', '.join(f'{one:.0f}' for one in rates)})\n"
        f"  CPU per order: shop {min(costs):.2f} to {max(costs):.2f} ms, world {min(worlds):.2f} "
        f"ms; {reported / rounds / count:.1f} webhooks each"
    )


async def wake_up(shop: Rig, what: str) -> None:
    """From sending the payment to the intent in the store, and to the carrier's answer there."""
    ids = await shop.buy_many(WAKE_UPS, 2)
    database = await open_database(shop.database, SystemClock(), readonly=True)
    try:
        moments = await database.read(_moments, frozenset(ids))
    finally:
        await database.close()
    for state, name in (("dispatching", "to the intent"), ("in_progress", "to its answer")):
        delays = sorted(moments[i, state] - shop.paid_at_ms[i] for i in ids)
        print(
            f"  from the payment being sent {name}, {what}: p50 {delays[len(delays) // 2]:.0f} ms, "
            f"p99 {delays[int(len(delays) * 0.99)]:.0f} ms, longest {delays[-1]:.0f} ms"
        )


def _moments(tx: Tx, ids: frozenset[str]) -> dict[tuple[str, str], int]:
    rows = tx.run(select(order_event.c.order_id, order_event.c.to_state, order_event.c.at_ms))
    return {(row[0], row[1]): row[2] for row in rows if row[0] in ids}


async def measure(database: str, name: str) -> None:
    rounds, count = COUNTS["postgresql" if database else "sqlite"]
    print(name)
    with tempfile.TemporaryDirectory() as folder:
        async with rig(Path(folder), database) as shop:
            await rate(shop, rounds, count)
            await wake_up(shop, "nobody else waiting")
            for _ in range(WAITING // 50):
                await asyncio.gather(*(shop.place(BODY) for _ in range(50)))
            await wake_up(shop, f"{WAITING:,} others waiting")


def main() -> None:
    wanted = sys.argv[1:] or ["sqlite", "postgresql"]
    if "sqlite" in wanted:
        asyncio.run(measure("", "SQLite, durable (synchronous=FULL), group commit"))
    if "postgresql" in wanted:
        with ExitStack() as stack:
            try:
                server = stack.enter_context(running(durable=True))
            except NoPostgresError as error:
                print(f"PostgreSQL skipped: {error}")
            else:
                asyncio.run(measure(server.url(), "PostgreSQL over a Unix socket, durable"))


if __name__ == "__main__":
    main()
