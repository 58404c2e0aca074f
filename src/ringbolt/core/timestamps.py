"""Times as text: ISO 8601, UTC, to the millisecond."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache


def iso(ms: int) -> str:
    """``2021-02-16T10:47:40.296Z``."""
    return f"{without_zone(ms)}Z"


def without_zone(ms: int) -> str:
    """``2021-02-16T10:47:40.296``, in UTC too."""
    return f"{_second(ms // 1000)}.{ms % 1000:03d}"


@lru_cache(maxsize=256)  # answers of the same second contain the same times
def _second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"
