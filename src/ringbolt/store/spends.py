"""Sales per day (UTC), in total, per calling code, and per country and hour, for the spend limits.

``msat`` amounts are added up per scope: ``all``, ``prefix:44``, ``hour17:GB``.
"""

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
"""Rows per scope on PostgreSQL: each sale locks its row until the commit is on disk, so with one
row per scope all sales would run one after another."""
_HOUR = "hour"
PART = "part:"
"""Begins the scopes of what parts cost, which are no sales."""


def hour_scope(country: str, at_ms: int) -> str:
    """The scope for sales to ``country`` in the hour of the day of ``at_ms`` (ms UTC)."""
    return f"{_HOUR}{at_ms % DAY_MS // 3_600_000:02d}:{country}"


def today(tx: Tx) -> dict[str, int]:
    """Today's sales by scope (``all``, ``prefix:44``, ``hour17:GB``), msat."""
    return _by_scope(tx.run(_TODAY, {"day_": tx.now_ms // DAY_MS}))


def costs_today(tx: Tx) -> list[tuple[str, int]]:
    """What parts (``area:name``) have cost today, msat."""
    found = _by_scope(tx.run(_COSTS_TODAY, {"day_": tx.now_ms // DAY_MS}))
    return [(scope.removeprefix(PART), msat) for scope, msat in found.items()]


def sold(tx: Tx, scopes: Sequence[str]) -> dict[str, int]:
    """Today's sales in these scopes, msat; scopes without a sale are left out."""
    names = [name for scope in scopes for name in _names(tx, scope)]
    values = {"day_": tx.now_ms // DAY_MS} | {f"scope_{n}": name for n, name in enumerate(names)}
    return _by_scope(tx.run(_sold(len(names)), values))


def add(tx: Tx, scopes: Sequence[str], msat: int, order_id: str) -> dict[str, int]:
    """Add a sale to several scopes; returns today's sales in each, this one included, msat.

    On PostgreSQL a scope has ``SHARDS`` rows, and two sales at the same time may not see each
    other in the sums: a limit can be exceeded by as much as is sold concurrently.
    """
    values: dict[str, Any] = {"day_": tx.now_ms // DAY_MS, "msat_": msat}
    for n, scope in enumerate(sorted(scopes)):  # rows lock in this order; else sales could deadlock
        values[f"scope_{n}"] = _shard(tx, scope, order_id)
    rows = tx.run(_add(tx.dialect, len(scopes)), values)
    return _by_scope(rows) if tx.dialect == "sqlite" else sold(tx, scopes)


def uncount(tx: Tx, scopes: Sequence[str], msat: int, order_id: str, at_ms: int) -> None:
    """Subtract ``msat`` of the sale that was added for an order at ``at_ms`` (ms UTC)."""
    for scope in sorted(scopes):
        values = {"day_": at_ms // DAY_MS, "scope_": _shard(tx, scope, order_id), "msat_": msat}
        tx.run(_TAKE_BACK, values)


def forget(tx: Tx, keep_days: int) -> int:
    """Delete the rows of days more than ``keep_days`` ago; returns how many."""
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
    # Chosen by the order id, so that ``uncount`` subtracts from the row that ``add`` increased.
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


# Without the routing fees that the shop bears (``fee_budgets``), and without what parts cost.
_TODAY = select(spend.c.scope, spend.c.msat).where(
    spend.c.day == bindparam("day_"),
    spend.c.scope.not_like("fees%"),
    spend.c.scope.not_like(f"{PART}%"),
)
_COSTS_TODAY = select(spend.c.scope, spend.c.msat).where(
    spend.c.day == bindparam("day_"), spend.c.scope.like(f"{PART}%")
)
_LESS = bindparam("msat_", type_=spend.c.msat.type)
# Not below zero: an order sold while limits were off was not counted, but may still fail.
_TAKE_BACK = (
    update(spend)
    .where(spend.c.day == bindparam("day_"), spend.c.scope == bindparam("scope_"))
    .values(msat=case((spend.c.msat > _LESS, spend.c.msat - _LESS), else_=0))
)
_FORGET = delete(spend).where(spend.c.day < bindparam("before_"))
