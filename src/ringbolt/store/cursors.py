"""How far a stream of outside events was read, e.g. the node's ``settle_index``."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from ringbolt.store.db import Tx
from ringbolt.store.tables import cursor
from ringbolt.store.upsert import insert_for

_GET = select(cursor.c.value).where(cursor.c.name == bindparam("name_"))


def get(tx: Tx, name: str) -> str | None:
    found = tx.run(_GET, {"name_": name}).scalar()
    return None if found is None else str(found)


def set(tx: Tx, name: str, value: str) -> None:
    insert = insert_for(tx, cursor)
    tx.run(
        insert.on_conflict_do_update(
            index_elements=[cursor.c.name], set_={"value": insert.excluded.value}
        ),
        {"name": name, "value": value},
    )
