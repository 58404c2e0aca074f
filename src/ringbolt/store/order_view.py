"""What an order's status shows of its number and its texts, in as few statements as it takes."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, select

from ringbolt.store.db import Tx
from ringbolt.store.text_tables import lease, received_text, reception


@dataclass(frozen=True, slots=True)
class ReceptionView:
    """``country``: as asked for, the seed's number; ``number_country``: the number's, 0 unless
    ``number`` is known. ``cancel_after_ms``: the present lease cannot be given back before."""

    service: str
    country: int
    number: str
    number_country: int
    assigned_ms: int | None
    until_ms: int | None
    code: str
    texts: int
    closed_ms: int | None
    cancel_after_ms: int | None


@dataclass(frozen=True, slots=True)
class TextView:
    """One text as it came; ``text`` is '' once it was wiped."""

    sender: str
    text: str
    code: str
    at_ms: int


def reception_of(tx: Tx, order_id: str) -> ReceptionView | None:
    row = tx.run(_RECEPTION, {"id_": order_id}).first()
    return None if row is None else ReceptionView(*row)


def texts_of(tx: Tx, order_id: str) -> list[TextView]:
    """The order's texts, the earliest received first."""
    return [TextView(*row) for row in tx.run(_TEXTS, {"id_": order_id})]


_RECEPTION = (
    select(
        reception.c.service,
        reception.c.country,
        reception.c.number,
        reception.c.number_country,
        reception.c.assigned_ms,
        reception.c.until_ms,
        reception.c.code,
        reception.c.texts,
        reception.c.closed_ms,
        lease.c.cancel_after_ms,
    )
    .select_from(reception.outerjoin(lease, lease.c.id == reception.c.lease_id))
    .where(reception.c.order_id == bindparam("id_"))
)
_TEXTS = (
    select(
        received_text.c.sender, received_text.c.text, received_text.c.code, received_text.c.at_ms
    )
    .where(received_text.c.order_id == bindparam("id_"))
    .order_by(received_text.c.id)
)
