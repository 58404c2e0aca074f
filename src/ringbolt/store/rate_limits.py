"""Shared rate limits: GCRA in one UPSERT, so that all processes count together.

The generic cell rate algorithm keeps one number for each key, the theoretical arrival time at
which the next request would be exactly on schedule (ITU-T I.371, annex A). Every request moves it
one step (``period / limit``) on; it is allowed as long as that stays within a whole burst
(``limit`` steps) of now. A key that is behind its schedule is as good as none: its row may go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import bindparam, case, delete, select, update

from ringbolt.store.engine.db import Dialect, Tx
from ringbolt.store.engine.upsert import insert_for
from ringbolt.store.schema.tables import rate_limit


@dataclass(frozen=True, slots=True)
class Rate:
    """``limit`` at once under the name ``key``, and after that one each ``period_ms / limit``."""

    key: str
    limit: int
    period_ms: int

    @property
    def step_ms(self) -> int:
        return max(1, self.period_ms // self.limit)  # no limit is finer than a millisecond

    def wait_ms(self, tat_ms: int, now_ms: int) -> int:
        """The ms after which one more is allowed, 0 = now."""
        step_ms = self.step_ms
        return max(0, max(tat_ms, now_ms) + step_ms - step_ms * self.limit - now_ms)


def take(tx: Tx, key: str, *, limit: int, period_ms: int) -> int:
    """Count one request; 0 if it is allowed, else the ms after which it would be.

    Allows ``limit`` at once, and after that one each ``period_ms / limit``. A refused request
    counts for nothing.
    """
    step_ms = max(1, period_ms // limit)
    values = {"key_": key, "now_": tx.now_ms, "step_": step_ms, "burst_": step_ms * limit}
    if tx.run(_take(tx.dialect), values).first() is not None:
        return 0
    # A refused upsert gives no row. What is read now may be newer, which only makes it later.
    tat_ms = int(tx.run(_LOOK, {"key_": key}).scalar_one())
    return max(1, max(tat_ms, tx.now_ms) + step_ms - step_ms * limit - tx.now_ms)


def book(tx: Tx, key: str, step_ms: int, after_ms: int = 0) -> int:
    """The next free moment (ms UTC), ``after_ms`` from now at the earliest, and ``step_ms`` after
    it are the asker's: every asker is told another one."""
    values = {"key_": key, "from_": tx.now_ms + after_ms, "step_": step_ms}
    # The row has the moment after it, which is the next asker's.
    return int(tx.run(_book(tx.dialect), values).scalar_one()) - step_ms


def look(tx: Tx, keys: Sequence[str]) -> dict[str, int]:
    """The theoretical arrival time of each key that has one, in one statement. Counts nothing."""
    if not keys:
        return {}
    values = {f"key_{n}": key for n, key in enumerate(keys)}
    return {row.key: int(row.tat_ms) for row in tx.run(_look_at(len(keys)), values)}


def count(tx: Tx, rates: Sequence[Rate]) -> Rate | None:
    """Count one request for each of ``rates`` (different keys), in one statement; the one that
    was over its limit by now, and then nothing is counted.

    Whoever calls this looked before: it is over only if somebody else counted since.
    """
    if not rates:
        return None
    # In one order everywhere, or two transactions would wait for each other's rows.
    ordered = sorted(rates, key=lambda rate: rate.key)
    values: dict[str, Any] = {"now_": tx.now_ms}
    for n, rate in enumerate(ordered):
        values |= {f"key_{n}": rate.key, f"due_{n}": tx.now_ms + rate.step_ms}
    counted = {row.key: int(row.tat_ms) for row in tx.run(_count(tx.dialect, len(rates)), values)}
    over = [r for r in ordered if counted[r.key] > tx.now_ms + r.step_ms * r.limit]
    if not over:
        return None
    # Subtracted, not set back: others may have counted since our look.
    for rate in ordered:
        tx.run(_UNCOUNT, {"key_": rate.key, "less_": rate.step_ms})
    return over[0]


def full(tx: Tx, ahead_ms: int) -> list[tuple[str, int]]:
    """The keys whose theoretical arrival time is more than ``ahead_ms`` away, and that time."""
    rows = tx.run(_AHEAD, {"after_": tx.now_ms + ahead_ms})
    return [(row.key, int(row.tat_ms)) for row in rows]


def forget_idle(tx: Tx) -> int:
    """Remove the keys that have their whole burst again; returns how many."""
    return tx.run(_FORGET, {"now_": tx.now_ms}).rowcount


@cache
def _take(dialect: Dialect) -> Any:
    def number(name: str) -> Any:
        return bindparam(name, type_=rate_limit.c.tat_ms.type)

    now, step, burst = number("now_"), number("step_"), number("burst_")
    tat = rate_limit.c.tat_ms
    # CASE, because the greater of two is max(..) in SQLite and greatest(..) in PostgreSQL.
    next_tat = case((tat > now, tat), else_=now) + step
    insert = insert_for(dialect, rate_limit)
    return (
        insert.values(key=bindparam("key_"), tat_ms=now + step)
        .on_conflict_do_update(
            index_elements=[rate_limit.c.key],
            set_={"tat_ms": next_tat},
            # The rule itself, under the row's lock: of requests at the same moment no more pass
            # than may. One that fails it changes nothing, and gives no row.
            where=next_tat <= now + burst,
        )
        .returning(tat)
    )


@cache
def _book(dialect: Dialect) -> Any:
    def number(name: str) -> Any:
        return bindparam(name, type_=rate_limit.c.tat_ms.type)

    earliest, step = number("from_"), number("step_")
    tat = rate_limit.c.tat_ms
    insert = insert_for(dialect, rate_limit)
    return (
        insert.values(key=bindparam("key_"), tat_ms=earliest + step)
        .on_conflict_do_update(
            index_elements=[rate_limit.c.key],
            set_={"tat_ms": case((tat > earliest, tat), else_=earliest) + step},
        )
        .returning(tat)
    )


@cache
def _look_at(number: int) -> Any:
    keys = [bindparam(f"key_{n}", type_=rate_limit.c.key.type) for n in range(number)]
    return select(rate_limit.c.key, rate_limit.c.tat_ms).where(rate_limit.c.key.in_(keys))


@cache
def _count(dialect: Dialect, number: int) -> Any:
    time = rate_limit.c.tat_ms.type
    insert = insert_for(dialect, rate_limit)
    now = bindparam("now_", type_=time)
    tat = rate_limit.c.tat_ms
    rows = [
        {
            "key": bindparam(f"key_{n}", type_=rate_limit.c.key.type),
            "tat_ms": bindparam(f"due_{n}", type_=time),
        }
        for n in range(number)
    ]
    return (
        insert.values(rows)
        .on_conflict_do_update(
            index_elements=[rate_limit.c.key],
            # What would be inserted is a step from now: so each key brings its own step.
            set_={"tat_ms": case((tat > now, tat), else_=now) + insert.excluded.tat_ms - now},
        )
        .returning(rate_limit.c.key, tat)
    )


_LESS = bindparam("less_", type_=rate_limit.c.tat_ms.type)
_UNCOUNT = (
    update(rate_limit)
    .where(rate_limit.c.key == bindparam("key_"))
    .values(tat_ms=rate_limit.c.tat_ms - _LESS)
)
_AHEAD = select(rate_limit.c.key, rate_limit.c.tat_ms).where(
    rate_limit.c.tat_ms > bindparam("after_")
)
_LOOK = select(rate_limit.c.tat_ms).where(rate_limit.c.key == bindparam("key_"))
_FORGET = delete(rate_limit).where(rate_limit.c.tat_ms <= bindparam("now_"))
