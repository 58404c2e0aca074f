"""Parts that keep failing, as any process of the shop has found: for the operator."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from ringbolt.core.sanitise import sanitise
from ringbolt.registry.routing import Health
from ringbolt.store.engine.db import Tx
from ringbolt.store.engine.upsert import insert_for
from ringbolt.store.schema.part_tables import part_state

_MOST_REASON = 200


@dataclass(frozen=True, slots=True)
class PartState:
    """``at_ms``: when it was found (ms UTC); the rest as ``registry.routing.Health``."""

    area: str
    name: str
    failures: int
    left_alone_until_ms: int
    reason: str
    at_ms: int


def record(tx: Tx, area: str, name: str, health: Health) -> None:
    """Store what was found of a part; replaces what was found before."""
    found = {
        "failures": health.failures,
        "left_alone_until_ms": health.left_alone_until_ms,
        "reason": sanitise(health.reason[:_MOST_REASON]),
        "at_ms": tx.now_ms,
    }
    insert = insert_for(tx.dialect, part_state).values(area=area, name=name, **found)
    tx.run(
        insert.on_conflict_do_update(
            index_elements=[part_state.c.area, part_state.c.name], set_=found
        )
    )


def listing(tx: Tx) -> dict[tuple[str, str], PartState]:
    """By area and name."""
    rows = tx.run(select(part_state)).mappings()
    return {(row["area"], row["name"]): PartState(**row) for row in rows}


def left_alone(tx: Tx) -> list[tuple[str, str, bool]]:
    """Area and name of every part that ever kept failing, and whether it is left alone now."""
    return [
        (area, name, state.left_alone_until_ms > tx.now_ms)
        for (area, name), state in listing(tx).items()
    ]
