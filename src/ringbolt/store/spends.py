"""What was sold on a day (UTC), in all and for each calling code, and to each country in an hour:
for the limits of what is sold."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import bindparam, case, delete, select, update

from ringbolt.store.engine.db import Dialect, Tx
from ringbolt.store.engine.upsert import insert_for
from ringbolt.store.schema.text_tables import spend

DAY_MS = 86_400_000
ALL = "all"
SHARDS = 8
"""Rows of a scope on PostgreSQL, where each sale locks a row until its commit is on the disk."""
_HOUR = "hour"


def hour_scope(country: str, at_ms: int) -> str:
    """The scope of what is sold to a country in the hour of the day that ``at_ms`` is in."""
    return f"{_HOUR}{at_ms % DAY_MS // 3_600_000:02d}:{country}"


def today(tx: Tx) -> dict[str, int]:
    """What was sold today by scope (``all``, ``prefix:44``, ``hour17:GB``), msat."""
    return _by_scope(tx.run(_TODAY, {"day_": tx.now_ms // DAY_MS}))


def sold(tx: Tx, scopes: Sequence[str]) -> dict[str, int]:
    """What was sold today in these scopes, msat; a scope without a sale is missing."""
    names = [name for scope in scopes for name in _names(tx, scope)]
    values = {"day_": tx.now_ms // DAY_MS} | {f"scope_{n}": name for n, name in enumerate(names)}
    return _by_scope(tx.run(_sold(len(names)), values))


def add(tx: Tx, scopes: Sequence[str], msat: int, order_id: str) -> dict[str, int]:
    """Count a sale in several scopes; what was sold in each today, this included, msat.

    On PostgreSQL a scope has several rows, or every sale would wait for the one before it to be
    on the disk; sales in the same moment may then not see one another.
    """
    values: dict[str, Any] = {"day_": tx.now_ms // DAY_MS, "msat_": msat}
    for n, scope in enumerate(sorted(scopes)):  # in one order, or two sales would block each other
        values[f"scope_{n}"] = _shard(tx, scope, order_id)
    rows = tx.run(_add(tx.dialect, len(scopes)), values)
    return _by_scope(rows) if tx.dialect == "sqlite" else sold(tx, scopes)


def uncount(tx: Tx, scopes: Sequence[str], msat: int, order_id: str, at_ms: int) -> None:
    """``msat`` of what was counted for an order at ``at_ms`` came to nothing."""
    for scope in sorted(scopes):
        values = {"day_": at_ms // DAY_MS, "scope_": _shard(tx, scope, order_id), "msat_": msat}
        tx.run(_TAKE_BACK, values)


def forget(tx: Tx, keep_days: int) -> int:
    """Remove days longer ago; returns how many rows."""
    return tx.run(_FORGET, {"before_": tx.now_ms // DAY_MS - keep_days}).rowcount


def _by_scope(rows: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        scope = row.scope.partition("#")[0]
        found[scope] = found.get(scope, 0) + int(row.msat)
    return found


def _names(tx: Tx, scope: str) -> list[str]:
    return [f"{scope}#{n}" for n in range(1 if tx.dialect == "sqlite" else SHARDS)]


def _shard(tx: Tx, scope: str, order_id: str) -> str:
    # By the order: what comes to nothing is taken out of the row that it was added to.
    return f"{scope}#{0 if tx.dialect == 'sqlite' else int(order_id[:4], 16) % SHARDS}"


@cache
def _add(dialect: Dialect, number: int) -> Any:
    insert = insert_for(dialect, spend)
    rows = [
        {
            "day": bindparam("day_", type_=spend.c.day.type),
            "scope": bindparam(f"scope_{n}", type_=spend.c.scope.type),
            "msat": bindparam("msat_", type_=spend.c.msat.type),
        }
        for n in range(number)
    ]
    return (
        insert.values(rows)
        .on_conflict_do_update(
            index_elements=[spend.c.day, spend.c.scope],
            set_={"msat": spend.c.msat + insert.excluded.msat},
        )
        .returning(spend.c.scope, spend.c.msat)
    )


@cache
def _sold(number: int) -> Any:
    names = [bindparam(f"scope_{n}", type_=spend.c.scope.type) for n in range(number)]
    return select(spend.c.scope, spend.c.msat).where(
        spend.c.day == bindparam("day_"), spend.c.scope.in_(names)
    )


_TODAY = select(spend.c.scope, spend.c.msat).where(spend.c.day == bindparam("day_"))
_LESS = bindparam("msat_", type_=spend.c.msat.type)
# Not below zero: an order sold while limits were off was never counted, and may fail all the same.
_TAKE_BACK = (
    update(spend)
    .where(spend.c.day == bindparam("day_"), spend.c.scope == bindparam("scope_"))
    .values(msat=case((spend.c.msat > _LESS, spend.c.msat - _LESS), else_=0))
)
_FORGET = delete(spend).where(spend.c.day < bindparam("before_"))
