"""What calls, messages and numbers have in common when an attempt's answer was lost."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from ringbolt.core.outcome import Rejected
from ringbolt.registry.routing import next_asked
from ringbolt.store.attempts import Asked, Attempt
from ringbolt.store.jobs import Job

log = structlog.get_logger("ringbolt.parts")

MAX_ATTEMPTS = 6
"""How often a carrier that refuses for now is asked in one try: for about half a minute."""
ABSENT_AFTER_MS = 5000
"""A carrier that does not know a call may still be reading our request, or its list may lag:
only if it still does not know it so much later is there none."""


def is_surely_absent(job: Job, attempt: Attempt, now_ms: int) -> bool:
    """Whether an earlier run of this job, long enough ago, heard the same."""
    absent_ms = int(job.payload.get("absent_ms", now_ms))
    return job.payload.get("absent") == attempt.ref and now_ms - absent_ms >= ABSENT_AFTER_MS


def retry_delay_ms(asked: Asked, route: Sequence[str], answer: Rejected) -> int | None:
    """When the next one of ``route`` is asked after a refusal, the ``answer``: at once if it was
    not asked yet, else after a pause that grows. None if nobody is left to be asked."""
    following = next_asked(route, asked.times, asked.refused)
    if following is None:
        return None
    times = asked.times.get(following, 0)
    if times >= MAX_ATTEMPTS:
        return None
    return max(answer.retry_after_ms or 0, 1000 * 2 ** (times - 1)) if times else 0


def part_is_gone(attempt: Attempt) -> str:
    """Tell the operator that who was asked is not in the settings any more; why nothing happens.

    Nobody else is asked instead: what was asked for may have been done.
    """
    log.error(
        "an order waits for a part that is gone from the settings; put it back under that name",
        part=attempt.carrier,
        order=attempt.order_id,
    )
    return f"{attempt.carrier} is not configured any more"
