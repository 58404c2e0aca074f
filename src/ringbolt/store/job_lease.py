"""How long a claimed job is this worker's for certain.

A worker process may be suspended for longer than its lease and then continue. So each claim also
measures the lease on this machine's monotonic clock, which is checked without a database right
before an action that cannot be undone.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

_SURE_PART = 0.75
"""The part of a lease that a worker relies on. The rest covers the difference between the clocks
of two machines, and the time a request needs to reach its receiver."""


@dataclass(slots=True)
class Lease:
    """Until when a claim certainly holds, in seconds of ``time.monotonic``: changes of the wall
    clock do not move it, and it keeps running while the process is suspended."""

    sure_until_s: float

    @classmethod
    def of(cls, lease_ms: int) -> Lease:
        """A lease that begins now."""
        return cls(time.monotonic() + lease_ms / 1000 * _SURE_PART)

    @property
    def is_sure(self) -> bool:
        """Whether no other worker can have claimed the job yet."""
        return time.monotonic() < self.sure_until_s
