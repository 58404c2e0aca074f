"""Facts about the shop itself, by name."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, select, update

from ringbolt.store.engine.db import Tx
from ringbolt.store.engine.upsert import insert_new
from ringbolt.store.schema.shop_tables import shop_fact

SECRET: Final = "secret fingerprint"  # noqa: S105 - a name
"""The fingerprint of the master secret under which the shop last started."""


def get(tx: Tx, name: str) -> str | None:
    found = tx.run(_GET, {"name_": name}).scalar()
    return None if found is None else str(found)


def keep(tx: Tx, name: str, value: str) -> None:
    """Store or replace a fact."""
    if not insert_new(tx, shop_fact, name=name, value=value, at_ms=tx.now_ms):
        tx.run(_REPLACE, {"name_": name, "new_value": value, "new_at_ms": tx.now_ms})


_GET = select(shop_fact.c.value).where(shop_fact.c.name == bindparam("name_"))
_REPLACE = (
    update(shop_fact)
    .where(shop_fact.c.name == bindparam("name_"))
    .values(value=bindparam("new_value"), at_ms=bindparam("new_at_ms"))
)
