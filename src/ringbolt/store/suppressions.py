"""Numbers and addresses that must not be contacted; only their hashes are stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import bindparam, delete, func, select

from ringbolt.core.order import OrderKind
from ringbolt.store.engine.db import Tx
from ringbolt.store.engine.upsert import insert_new
from ringbolt.store.schema.text_tables import suppression

Channel = Literal["sms", "email"]
"""``sms`` covers texts and calls."""
CHANNELS: Final[tuple[Channel, ...]] = ("sms", "email")


def channel_of(kind: OrderKind) -> Channel:
    """The channel by which an order of that kind contacts its recipient."""
    return "email" if kind is OrderKind.EMAIL else "sms"


@dataclass(frozen=True, slots=True)
class Suppression:
    channel: str
    to_hash: str
    why: str
    at_ms: int


def add(tx: Tx, channel: Channel, to_hash: str, why: str) -> bool:
    """Suppress a number or address; False if it is suppressed already (the first reason stays)."""
    return insert_new(tx, suppression, channel=channel, to_hash=to_hash, why=why, at_ms=tx.now_ms)


def holds(tx: Tx, channel: Channel, to_hash: str) -> bool:
    """Whether a number or address is suppressed."""
    return tx.run(_HOLDS, {"channel_": channel, "hash_": to_hash}).first() is not None


def mark(tx: Tx, channel: Channel) -> tuple[int, int]:
    """How many there are, and when the latest was added (ms UTC), to detect changes cheaply. The
    pair differs after every change, except a removal and an addition in the same millisecond."""
    row = tx.run(_MARK, {"channel_": channel}).one()
    return int(row.number), int(row.last_ms or 0)


def hashes(tx: Tx, channel: Channel) -> frozenset[str]:
    """The hashes of all suppressed numbers or addresses of a channel."""
    return frozenset(tx.run(_HASHES, {"channel_": channel}).scalars())


def remove(tx: Tx, channel: Channel, to_hash: str) -> bool:
    """End a suppression; False if there was none."""
    return tx.run(_REMOVE, {"channel_": channel, "hash_": to_hash}).rowcount == 1


def listing(tx: Tx, limit: int = 1000) -> list[Suppression]:
    """The newest ``limit`` suppressions, newest first."""
    rows = tx.run(_LISTING, {"limit_": limit})
    return [Suppression(row.channel, row.to_hash, row.why, row.at_ms) for row in rows]


_THIS = (
    suppression.c.channel == bindparam("channel_"),
    suppression.c.to_hash == bindparam("hash_"),
)
_MARK = select(func.count().label("number"), func.max(suppression.c.at_ms).label("last_ms")).where(
    suppression.c.channel == bindparam("channel_")
)
_HASHES = select(suppression.c.to_hash).where(suppression.c.channel == bindparam("channel_"))
_HOLDS = select(suppression.c.at_ms).where(*_THIS)
_REMOVE = delete(suppression).where(*_THIS)
_LISTING = (
    select(suppression)
    .order_by(suppression.c.at_ms.desc(), suppression.c.to_hash)
    .limit(bindparam("limit_"))
)
