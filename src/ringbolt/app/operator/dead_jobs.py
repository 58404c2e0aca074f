"""Jobs that were given up: seen, and tried again, by the operator."""

from __future__ import annotations

from typing import Any, Final

from ringbolt.app.operator.overview import SHOWN_DIGITS
from ringbolt.core.errors import NotFound
from ringbolt.core.mask import mask_words
from ringbolt.store import dead_jobs
from ringbolt.store.engine.db import Tx

LIMIT: Final = 100


def list_dead_jobs(tx: Tx, limit: int = LIMIT) -> list[dict[str, Any]]:
    """The jobs that were given up, the latest first."""
    return [
        {
            "id": each.id,
            "kind": each.kind,
            "order_id": (each.order_id or "")[:SHOWN_DIGITS],
            "runs": each.attempts,
            "error": mask_words(each.error),
        }
        for each in dead_jobs.listing(tx, limit)
    ]


def list_dead_letters(tx: Tx, limit: int = LIMIT) -> list[dict[str, Any]]:
    """Events of parts that could not be applied: their names and faults, not their content."""
    return [
        {"event": each.name, "at_ms": each.at_ms, "fault": each.fault}
        for each in dead_jobs.letters(tx, limit)
    ]


def retry_job(tx: Tx, id: int) -> None:
    """Run a dead job again now. Every job looks at its order first, so that nothing is done twice
    or for an order that is over. Raises ``NotFound``."""
    if not dead_jobs.revive(tx, id):
        raise NotFound(
            f"There is no job {id} that was given up.", suggestion="'ringbolt jobs list' has them."
        )
