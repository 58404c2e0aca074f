"""An event from outside that cannot be applied becomes a dead letter, so that later events can be.

Only its name and the place of the fault are stored and logged: no text and no number. The operator
sees how many dead letters there are (``ringbolt doctor``, ``/metrics``) for 30 days.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import PurePath
from typing import Concatenate, ParamSpec, TypeVar

import structlog

from ringbolt.core.sanitise import sanitise
from ringbolt.store import inbox
from ringbolt.store.engine.db import Database, Tx, may_pass

log = structlog.get_logger("ringbolt.aside")

P = ParamSpec("P")
T = TypeVar("T")

_MAX_NAME = 100


async def record_event(
    db: Database,
    source: str,
    name: str,
    fn: Callable[Concatenate[Tx, P], T],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T | None:
    """Apply an event of ``source`` with ``fn``, in a transaction; None if it became a dead letter
    under ``name``. Raises errors that may pass."""
    try:
        return await db.tx(fn, *args, **kwargs)
    except Exception as error:
        if may_pass(error):
            raise
        named, fault = sanitise(name[:_MAX_NAME]), _fault(error)
        log.error("an event cannot be applied: it is a dead letter", source=source, named=named,
                  fault=fault)  # fmt: skip
        await db.tx(inbox.add_dead_letter, source, named, fault)
        return None


def _fault(error: Exception) -> str:
    """What went wrong and where, without the values that an error's own words may show."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {PurePath(last.filename).name}:{last.lineno}"
