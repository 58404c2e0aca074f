"""Counts for the operator's dashboards."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import case, func, select

from ringbolt.core.order import OPEN, OrderState
from ringbolt.store.engine.db import Tx
from ringbolt.store.inbox import count_dead_letters
from ringbolt.store.schema.tables import job, orders


@dataclass(frozen=True, slots=True)
class Figures:
    """Unfinished orders by state, jobs by (lane, due|later|dead), the age of the oldest due job
    (ms), and how many outside events could not be stored (dead letters)."""

    orders: dict[str, int]
    jobs: dict[tuple[str, str], int]
    oldest_due_ms: int
    dead_letters: int = 0


_OPEN = tuple(state for state in OrderState if state in OPEN)
"""In the order of an order's life, as a dashboard shows them."""


def snapshot(tx: Tx) -> Figures:
    counts = {str(state): 0 for state in _OPEN}
    rows = tx.run(
        select(orders.c.state, func.count())
        .where(orders.c.finished_ms.is_(None), orders.c.state.in_(_OPEN))
        .group_by(orders.c.state)
    )
    counts |= {row[0]: int(row[1]) for row in rows}
    state = case(
        (job.c.dead == 1, "dead"), (job.c.run_at_ms <= tx.now_ms, "due"), else_="later"
    ).label("state")
    per_lane = tx.run(select(job.c.lane, state, func.count()).group_by(job.c.lane, state))
    oldest = tx.run(
        select(func.min(job.c.run_at_ms)).where(job.c.dead == 0, job.c.run_at_ms <= tx.now_ms)
    ).scalar_one_or_none()
    return Figures(
        orders=counts,
        jobs={(lane, at): count for lane, at, count in per_lane},
        oldest_due_ms=0 if oldest is None else tx.now_ms - oldest,
        dead_letters=count_dead_letters(tx),
    )
