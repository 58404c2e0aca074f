"""What calls, messages and numbers have in common when an attempt's answer was lost."""

from __future__ import annotations

from ringbolt.store.attempts import Attempt
from ringbolt.store.jobs import Job

ABSENT_AFTER_MS = 5000
"""A carrier that does not know a call may still be reading our request, or its list may lag:
only if it still does not know it so much later is there none."""


def is_surely_absent(job: Job, attempt: Attempt, now_ms: int) -> bool:
    """Whether an earlier run of this job, long enough ago, heard the same."""
    absent_ms = int(job.payload.get("absent_ms", now_ms))
    return job.payload.get("absent") == attempt.ref and now_ms - absent_ms >= ABSENT_AFTER_MS
