"""What was sold on a day (UTC), in all and for each calling code: for the daily limits."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import bindparam, case, delete, func, select, update

from ringbolt.store.db import Dialect, Tx
from ringbolt.store.text_tables import spend
from ringbolt.store.upsert import insert_for

DAY_MS = 86_400_000
ALL = "all"
SHARDS = 8


def today(tx: Tx) -> dict[str, int]:
    """What was sold today by scope (``all``, ``prefix:44``), msat."""
    sold: dict[str, int] = {}
    for row in tx.run(_TODAY, {"day_": tx.now_ms // DAY_MS}):
        scope = row.scope.partition("#")[0]
        sold[scope] = sold.get(scope, 0) + row.msat
    return sold


def add(tx: Tx, scope: str, msat: int, order_id: str) -> int:
    """Count a sale; what was sold in that scope today, this included, msat.

    On PostgreSQL a scope has several rows, or every sale would wait for the one before it to be
    on the disk; sales in the same moment may then not see one another.
    """
    day = tx.now_ms // DAY_MS
    values = {"day": day, "scope": _shard(tx, scope, order_id), "msat": msat}
    if tx.dialect == "sqlite":
        return int(tx.run(_add(tx.dialect), values).scalar_one())
    tx.run(_add(tx.dialect), values)
    names = [f"{scope}#{n}" for n in range(SHARDS)]
    return int(tx.run(_SOLD, {"day_": day, "scopes_": names}).scalar_one())


def take_back(tx: Tx, scope: str, msat: int, order_id: str, at_ms: int) -> None:
    """What was counted for an order at ``at_ms`` came to nothing."""
    values = {"day_": at_ms // DAY_MS, "scope_": _shard(tx, scope, order_id), "msat_": msat}
    tx.run(_TAKE_BACK, values)


def _shard(tx: Tx, scope: str, order_id: str) -> str:
    return f"{scope}#{0 if tx.dialect == 'sqlite' else int(order_id[:4], 16) % SHARDS}"


def forget(tx: Tx, keep_days: int) -> int:
    """Remove days longer ago; returns how many rows."""
    return tx.run(_FORGET, {"before_": tx.now_ms // DAY_MS - keep_days}).rowcount


@cache
def _add(dialect: Dialect) -> Any:
    insert = insert_for(dialect, spend)
    return insert.on_conflict_do_update(
        index_elements=[spend.c.day, spend.c.scope],
        set_={"msat": spend.c.msat + insert.excluded.msat},
    ).returning(spend.c.msat)


_TODAY = select(spend.c.scope, spend.c.msat).where(spend.c.day == bindparam("day_"))
_SOLD = select(func.coalesce(func.sum(spend.c.msat), 0)).where(
    spend.c.day == bindparam("day_"), spend.c.scope.in_(bindparam("scopes_", expanding=True))
)
_LESS = bindparam("msat_", type_=spend.c.msat.type)
_TAKE_BACK = (
    update(spend)
    .where(spend.c.day == bindparam("day_"), spend.c.scope == bindparam("scope_"))
    .values(msat=case((spend.c.msat > _LESS, spend.c.msat - _LESS), else_=0))
)
_FORGET = delete(spend).where(spend.c.day < bindparam("before_"))
