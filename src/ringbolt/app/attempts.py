"""What calls, messages and numbers share when the answer to an attempt was lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog

from ringbolt.core.outcome import Rejected
from ringbolt.registry.parts import Parts
from ringbolt.registry.routing import next_asked
from ringbolt.store import part_states
from ringbolt.store.attempts import Asked, Attempt
from ringbolt.store.engine.db import Database
from ringbolt.store.jobs import Job

log = structlog.get_logger("ringbolt.parts")

MAX_ATTEMPTS = 6
"""How often we ask a carrier that refuses temporarily in one try: for about half a minute."""
ABSENT_AFTER_MS = 5000
"""A carrier that does not know a call may still be reading our request, or its list may lag: only
if it does not know it this much later is there no call."""


def is_surely_absent(
    job: Job, attempt: Attempt, now_ms: int, after_ms: int = ABSENT_AFTER_MS
) -> bool:
    """Whether an earlier run of this job, long enough ago, heard the same."""
    absent_ms = int(job.payload.get("absent_ms", now_ms))
    return job.payload.get("absent") == attempt.ref and now_ms - absent_ms >= after_ms


def retry_delay_ms(asked: Asked, route: Sequence[str], answer: Rejected) -> int | None:
    """The delay until the next of ``route`` is asked after the refusal ``answer``: 0 if it was not
    asked yet, else a growing pause. None if none is left to ask, or the destination itself
    refused and did not say when to come again."""
    if answer.by_destination and answer.retry_after_ms is None:
        return None
    following = next_asked(route, asked.times, asked.refused)
    if following is None:
        return None
    times = asked.times.get(following, 0)
    if times >= MAX_ATTEMPTS:
        return None
    return max(answer.retry_after_ms or 0, 1000 * 2 ** (times - 1)) if times else 0


async def hear(db: Database, area: str, parts: Parts[Any], name: str, answer: object) -> None:
    """Record the answer of the part ``name``. When it is left alone from now on, or answers again,
    that is logged, and stored for the operator."""
    if not parts.heard(name, answer):
        return
    health = parts.health(name)
    if health.left_alone_until_ms:
        log.warning(
            "a part keeps failing and is left alone for a while",
            area=area,
            part=name,
            failures=health.failures,
            reason=health.reason,
        )
    else:
        log.info("a part that was left alone answers again", area=area, part=name)
    await db.tx(part_states.record, area, name, health)


def part_is_gone(attempt: Attempt) -> str:
    """Log that the part that was asked is gone from the settings; returns why the job waits.

    No other part is asked instead: the first may have done what it was asked for.
    """
    log.error(
        "an order waits for a part that is gone from the settings; put it back under that name",
        part=attempt.carrier,
        order=attempt.order_id,
    )
    return f"{attempt.carrier} is not configured any more"
