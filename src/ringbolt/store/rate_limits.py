"""Shared rate limits: GCRA in one UPSERT, so that all processes count together.

The generic cell rate algorithm stores one number per key: the theoretical arrival time (TAT) at
which the next request would be exactly on schedule (ITU-T I.371, annex A). Every request moves the
TAT forward by one step (``period / limit``), and is allowed if the new TAT is at most a full burst
(``limit`` steps) after now. A TAT in the past has no effect, so such a row can be deleted.
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
    """A limit of ``limit`` requests at once for ``key``, then one every ``period_ms / limit``."""

    key: str
    limit: int
    period_ms: int

    @property
    def step_ms(self) -> int:
        return max(1, self.period_ms // self.limit)  # times are whole milliseconds

    def wait_ms(self, tat_ms: int, now_ms: int) -> int:
        """How long until one more request is allowed (ms), 0 = now."""
        step_ms = self.step_ms
        return max(0, max(tat_ms, now_ms) + step_ms - step_ms * self.limit - now_ms)


def take(tx: Tx, key: str, *, limit: int, period_ms: int) -> int:
    """Count one request; 0 if it is allowed, else how long until it would be (ms).

    Allows ``limit`` requests at once, then one every ``period_ms / limit``. A refused request is
    not counted.
    """
    step_ms = max(1, period_ms // limit)
    values = {"key_": key, "now_": tx.now_ms, "step_": step_ms, "burst_": step_ms * limit}
    if tx.run(_take(tx.dialect), values).first() is not None:
        return 0
    # A refused upsert returns no row, so read the TAT. Another request may have moved it since;
    # then the wait is only longer than necessary at the time of the refusal.
    tat_ms = int(tx.run(_LOOK, {"key_": key}).scalar_one())
    return max(1, max(tat_ms, tx.now_ms) + step_ms - step_ms * limit - tx.now_ms)


def book(tx: Tx, key: str, step_ms: int, after_ms: int = 0) -> int:
    """Reserve the next free slot of ``step_ms``; returns its start (ms UTC).

    The slot starts ``after_ms`` from now at the earliest. No two callers get the same slot.
    """
    values = {"key_": key, "from_": tx.now_ms + after_ms, "step_": step_ms}
    # The row stores the end of the slot, where the next one begins.
    return int(tx.run(_book(tx.dialect), values).scalar_one()) - step_ms


def look(tx: Tx, keys: Sequence[str]) -> dict[str, int]:
    """The TAT (ms UTC) of each of ``keys`` that has one, in one statement. Counts nothing."""
    if not keys:
        return {}
    values = {f"key_{n}": key for n, key in enumerate(keys)}
    return {row.key: int(row.tat_ms) for row in tx.run(_look_at(len(keys)), values)}


def count(tx: Tx, rates: Sequence[Rate]) -> Rate | None:
    """Count one request under each of ``rates`` (with different keys), in one statement. Returns a
    rate that was over its limit, and then nothing is counted; else None.

    Callers check with ``look`` first, so a rate is over only if another request counted since.
    """
    if not rates:
        return None
    # Rows are locked in this order. Every transaction sorts by key, or two would deadlock.
    ordered = sorted(rates, key=lambda rate: rate.key)
    values: dict[str, Any] = {"now_": tx.now_ms}
    for n, rate in enumerate(ordered):
        values |= {f"key_{n}": rate.key, f"due_{n}": tx.now_ms + rate.step_ms}
    counted = {row.key: int(row.tat_ms) for row in tx.run(_count(tx.dialect, len(rates)), values)}
    over = [r for r in ordered if counted[r.key] > tx.now_ms + r.step_ms * r.limit]
    if not over:
        return None
    # Subtract one step, rather than restore the old value: other requests may have counted since.
    for rate in ordered:
        tx.run(_UNCOUNT, {"key_": rate.key, "less_": rate.step_ms})
    return over[0]


def full(tx: Tx, ahead_ms: int) -> list[tuple[str, int]]:
    """The keys whose TAT is more than ``ahead_ms`` after now, with that TAT (ms UTC)."""
    rows = tx.run(_AHEAD, {"after_": tx.now_ms + ahead_ms})
    return [(row.key, int(row.tat_ms)) for row in rows]


def forget_idle(tx: Tx) -> int:
    """Delete the rows of keys whose full burst is available again; returns how many."""
    return tx.run(_FORGET, {"now_": tx.now_ms}).rowcount


@cache
def _take(dialect: Dialect) -> Any:
    def number(name: str) -> Any:
        return bindparam(name, type_=rate_limit.c.tat_ms.type)

    now, step, burst = number("now_"), number("step_"), number("burst_")
    tat = rate_limit.c.tat_ms
    # CASE, because the maximum of two values is max(..) in SQLite and greatest(..) in PostgreSQL.
    next_tat = case((tat > now, tat), else_=now) + step
    insert = insert_for(dialect, rate_limit)
    return (
        insert.values(key=bindparam("key_"), tat_ms=now + step)
        .on_conflict_do_update(
            index_elements=[rate_limit.c.key],
            set_={"tat_ms": next_tat},
            # The limit is checked here, while the upsert holds the row's lock, so concurrent
            # requests cannot pass it together. A refused request updates and returns no row.
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
            # ``excluded.tat_ms`` is now + step, so the difference is the step of this key: one
            # statement can count keys with different limits.
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
