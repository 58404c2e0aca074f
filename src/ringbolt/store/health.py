"""Whether the database answers, and stores what it is given."""

from __future__ import annotations

from typing import Final

from ringbolt.store import cursors
from ringbolt.store.engine.db import Tx

_PROBE: Final = "health probe"


def write(tx: Tx) -> None:
    """Write a row of a few bytes. Raises as any other write: a database may answer although its
    disk is full, its file is locked or its folder is read-only."""
    cursors.set(tx, _PROBE, str(tx.now_ms))
