"""Times as text: ISO 8601, UTC, to the millisecond."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import overload


@overload
def iso(ms: int, *, zone: str = "Z") -> str: ...


@overload
def iso(ms: int | None, *, zone: str = "Z") -> str | None: ...


def iso(ms: int | None, *, zone: str = "Z") -> str | None:
    """``2021-02-16T10:47:40.296Z``; None for a time that is not known. ``zone`` '' leaves the Z
    out, for clients that want none; it is UTC too."""
    return None if ms is None else f"{_second(ms // 1000)}.{ms % 1000:03d}{zone}"


@lru_cache(maxsize=256)  # answers of the same second contain the same times
def _second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"
