"""Received texts: each is stored once, and belongs to at most one order.

A text without an order is in quarantine: its lease is unknown, or not recorded yet. Only that
lease's order may claim it, and only once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, func, select, update

from ringbolt.store.engine.db import Tx
from ringbolt.store.engine.upsert import insert_new
from ringbolt.store.schema.text_tables import received_text

MOST_OF_ORDER: Final = 500
"""Texts stored per order, to limit the space that a flood of texts can take. Later ones are only
counted."""


@dataclass(frozen=True, slots=True)
class ReceivedText:
    """``source`` and ``event_id`` identify it. ``lease_id``: the provider's id of the lease that
    received it, None if the provider did not say. ``at_ms`` is the provider's time, ``received_ms``
    ours (both ms UTC). ``masked``: the text as its buyer sees it before it is paid, None if it was
    not needed when the text was stored."""

    id: int
    source: str
    event_id: str
    order_id: str | None
    lease_id: str | None
    number: str
    sender: str
    text: str
    code: str
    at_ms: int
    received_ms: int
    masked: str | None = None


@dataclass(frozen=True, slots=True)
class NewText:
    """A text as its source reports it; ``lease_id`` and ``masked`` as in ``ReceivedText``."""

    source: str
    event_id: str
    lease_id: str | None
    number: str
    sender: str
    text: str
    code: str
    at_ms: int
    masked: str | None = None


def keep(tx: Tx, new: NewText, order_id: str | None) -> bool:
    """Store a text, in quarantine if ``order_id`` is None; False if it is stored already."""
    values = {name: getattr(new, name) for name in NewText.__slots__}
    return insert_new(tx, received_text, **values, order_id=order_id, received_ms=tx.now_ms)


def by_event(tx: Tx, source: str, event_id: str) -> ReceivedText | None:
    row = tx.run(_BY_EVENT, {"source_": source, "event_": event_id}).mappings().first()
    return None if row is None else ReceivedText(**row)


def came_before(tx: Tx, order_id: str, new: NewText | ReceivedText, within_ms: int) -> bool:
    """Whether the order has the same text from the same sender, at most ``within_ms`` apart."""
    values = {
        "order_": order_id,
        "number_": new.number,
        "sender_": new.sender,
        "text_": new.text,
        "from_": new.at_ms - within_ms,
        "to_": new.at_ms + within_ms,
    }
    return tx.run(_SAME, values).first() is not None


def unclaimed(tx: Tx, since_ms: int, number: str = "", limit: int = 500) -> list[ReceivedText]:
    """Texts in quarantine that were received at ``since_ms`` or later, the earliest first."""
    values: dict[str, object] = {"since_": since_ms, "limit_": limit}
    if number:
        rows = tx.run(_UNCLAIMED_OF_NUMBER, values | {"number_": number})
    else:
        rows = tx.run(_UNCLAIMED, values)
    return [ReceivedText(**row) for row in rows.mappings()]


def claim(tx: Tx, text_id: int, order_id: str, code: str, masked: str | None) -> bool:
    """Assign a text in quarantine to an order; False if it has an order already."""
    values = {"id_": text_id, "order_": order_id, "code_": code, "masked_": masked}
    return tx.run(_CLAIM, values).rowcount == 1


def of_order(
    tx: Tx, order_id: str, limit: int = MOST_OF_ORDER, skip: int = 0
) -> list[ReceivedText]:
    """An order's latest ``limit`` texts after skipping the latest ``skip``, in the order in which
    they were received."""
    values = {"id_": order_id, "limit_": limit, "skip_": skip}
    latest = [ReceivedText(**row) for row in tx.run(_OF_ORDER, values).mappings()]
    return latest[::-1]


def kept_of_order(tx: Tx, order_id: str) -> int:
    """How many texts of an order are stored."""
    return int(tx.run(_KEPT, {"id_": order_id}).scalar_one())


# Built once: building a statement costs more than running it.
_COLUMNS = tuple(received_text.c[name] for name in ReceivedText.__slots__)
_BY_EVENT = select(*_COLUMNS).where(
    received_text.c.source == bindparam("source_"), received_text.c.event_id == bindparam("event_")
)
_SAME = select(received_text.c.id).where(
    received_text.c.order_id == bindparam("order_"),
    received_text.c.number == bindparam("number_"),
    received_text.c.sender == bindparam("sender_"),
    received_text.c.text == bindparam("text_"),
    received_text.c.at_ms.between(bindparam("from_"), bindparam("to_")),
)
_UNCLAIMED = (
    select(*_COLUMNS)
    .where(received_text.c.order_id.is_(None), received_text.c.received_ms >= bindparam("since_"))
    .order_by(received_text.c.received_ms, received_text.c.id)
    .limit(bindparam("limit_"))
)
_UNCLAIMED_OF_NUMBER = _UNCLAIMED.where(received_text.c.number == bindparam("number_"))
_CLAIM = (
    update(received_text)
    .where(received_text.c.id == bindparam("id_"), received_text.c.order_id.is_(None))
    .values(
        order_id=bindparam("order_", type_=received_text.c.order_id.type),
        code=bindparam("code_", type_=received_text.c.code.type),
        masked=bindparam("masked_", type_=received_text.c.masked.type),
    )
)
_OF_ORDER = (
    select(*_COLUMNS)
    .where(received_text.c.order_id == bindparam("id_"))
    .order_by(received_text.c.id.desc())
    .limit(bindparam("limit_"))
    .offset(bindparam("skip_"))
)
_KEPT = (
    select(func.count())
    .select_from(received_text)
    .where(received_text.c.order_id == bindparam("id_"))
)
