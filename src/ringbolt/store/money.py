"""Whether the books are in play money or in real money: never in both."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from ringbolt.store import cursors
from ringbolt.store.engine.db import Tx
from ringbolt.store.schema.tables import orders, transfer

_NAME: Final = "money"
_PLAY: Final = "play"
_REAL: Final = "real"
_PLAY_NODE: Final = "simulated"
"""The name of the simulated node in orders of earlier versions, which did not record the kind."""
_OF_PLAY_NODE = select(orders.c.id).where(orders.c.node == _PLAY_NODE).limit(1)
_BOOKED = select(transfer.c.id).limit(1)


def keep_books_in(tx: Tx, *, play: bool) -> bool:
    """Record that the books are in play money, or in real money. False, and nothing recorded, if
    something was booked in the other kind."""
    kind = _PLAY if play else _REAL
    recorded = cursors.get(tx, _NAME)
    if recorded == kind:
        return True
    if recorded is None and tx.run(_OF_PLAY_NODE).first() is not None:
        recorded = _PLAY
    if recorded not in (None, kind) and tx.run(_BOOKED).first() is not None:
        return False
    cursors.set(tx, _NAME, kind)
    return True
