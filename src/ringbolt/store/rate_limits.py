"""Shared rate limits: GCRA in one UPSERT, so that all processes count together.

The generic cell rate algorithm keeps one number for each key, the theoretical arrival time at
which the next request would be exactly on schedule (ITU-T I.371, annex A).
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import bindparam, case, delete, select

from ringbolt.store.db import Dialect, Tx
from ringbolt.store.tables import rate_limit
from ringbolt.store.upsert import insert_for


def take(tx: Tx, key: str, *, limit: int, period_ms: int) -> int:
    """Count one request; 0 if it is allowed, else the ms after which it would be.

    Allows ``limit`` at once, and after that one each ``period_ms / limit``. A refused request
    counts for nothing.
    """
    step_ms = max(1, period_ms // limit)
    values = {"key_": key, "now_": tx.now_ms, "step_": step_ms, "burst_": step_ms * limit}
    if tx.run(_take(tx.dialect), values).first() is not None:
        return 0
    tat_ms = int(tx.run(_LOOK, {"key_": key}).scalar_one())
    return max(1, max(tat_ms, tx.now_ms) + step_ms - step_ms * limit - tx.now_ms)


def book(tx: Tx, key: str, step_ms: int, after_ms: int = 0) -> int:
    """The next free moment (ms UTC), ``after_ms`` from now at the earliest, and ``step_ms`` after
    it are the asker's: every asker is told another one."""
    values = {"key_": key, "from_": tx.now_ms + after_ms, "step_": step_ms}
    return int(tx.run(_book(tx.dialect), values).scalar_one()) - step_ms


def wait(tx: Tx, key: str, *, limit: int, period_ms: int) -> int:
    """The ms after which ``take`` would allow a request; 0 = now. Counts nothing."""
    tat_ms = tx.run(_LOOK, {"key_": key}).scalar()
    if tat_ms is None:
        return 0
    step_ms = max(1, period_ms // limit)
    return max(0, max(int(tat_ms), tx.now_ms) + step_ms - step_ms * limit - tx.now_ms)


def forget_idle(tx: Tx) -> int:
    """Remove the keys that have their whole burst again; returns how many."""
    return tx.run(_FORGET, {"now_": tx.now_ms}).rowcount


@cache
def _take(dialect: Dialect) -> Any:
    def number(name: str) -> Any:
        return bindparam(name, type_=rate_limit.c.tat_ms.type)

    now, step, burst = number("now_"), number("step_"), number("burst_")
    tat = rate_limit.c.tat_ms
    next_tat = case((tat > now, tat), else_=now) + step
    insert = insert_for(dialect, rate_limit)
    return (
        insert.values(key=bindparam("key_"), tat_ms=now + step)
        .on_conflict_do_update(
            index_elements=[rate_limit.c.key],
            set_={"tat_ms": next_tat},
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


_LOOK = select(rate_limit.c.tat_ms).where(rate_limit.c.key == bindparam("key_"))
_FORGET = delete(rate_limit).where(rate_limit.c.tat_ms <= bindparam("now_"))
