"""What the operator changed while the shop was open; the latest change of a setting is in force."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, func, select

from ringbolt.store.engine.db import Tx
from ringbolt.store.schema.shop_tables import operator_change


@dataclass(frozen=True, slots=True)
class Change:
    """``value`` is '' for what the settings file says; ``by`` is a user and machine, or "web"."""

    id: int
    setting: str
    value: str
    reason: str
    by: str
    at_ms: int


def add(tx: Tx, setting: str, value: str, reason: str, by: str) -> None:
    """Record a change, at the transaction's time."""
    values = {"setting": setting, "value": value, "reason": reason, "by": by, "at_ms": tx.now_ms}
    tx.run(operator_change.insert(), values)


def version(tx: Tx) -> int:
    """How many changes there are. It rises with every commit; ids do not, on PostgreSQL, where a
    change with a lower id may be committed after one with a higher."""
    return int(tx.run(_COUNT).scalar_one())


def in_force(tx: Tx, settings: Collection[str]) -> dict[str, Change]:
    """The latest change of each of the ``settings`` that was changed."""
    found = tx.run(_IN_FORCE, {"settings_": list(settings)})
    return {row.setting: Change(*row) for row in found}


def listing(tx: Tx, setting: str = "", limit: int = 100) -> list[Change]:
    """Changes of the setting ('': of all), the latest first."""
    found = _LISTING.limit(limit)
    if setting:
        found = found.where(operator_change.c.setting == setting)
    return [Change(*row) for row in tx.run(found)]


def by_id(tx: Tx, id: int) -> Change | None:
    row = tx.run(select(operator_change).where(operator_change.c.id == id)).first()
    return None if row is None else Change(*row)


_COUNT: Final = select(func.count()).select_from(operator_change)
_LATEST: Final = (
    select(func.max(operator_change.c.id))
    .where(operator_change.c.setting.in_(bindparam("settings_", expanding=True)))
    .group_by(operator_change.c.setting)
)
_IN_FORCE: Final = select(operator_change).where(operator_change.c.id.in_(_LATEST))
_LISTING: Final = select(operator_change).order_by(operator_change.c.id.desc())
