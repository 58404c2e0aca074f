"""The position up to which a stream of outside events was read, e.g. a node's ``settle_index``."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import bindparam, select

from ringbolt.store.engine.db import Dialect, Tx, one_statement
from ringbolt.store.engine.upsert import insert_for
from ringbolt.store.schema.tables import cursor

_GET = select(cursor.c.value).where(cursor.c.name == bindparam("name_"))


@one_statement
def get(tx: Tx, name: str) -> str | None:
    found = tx.run(_GET, {"name_": name}).scalar()
    return None if found is None else str(found)


def set(tx: Tx, name: str, value: str) -> None:
    tx.run(_set(tx.dialect), {"name": name, "value": value})


@cache
def _set(dialect: Dialect) -> Any:
    insert = insert_for(dialect, cursor)
    return insert.on_conflict_do_update(
        index_elements=[cursor.c.name], set_={"value": insert.excluded.value}
    )
