"""Times as text: ISO 8601, UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import overload


@overload
def iso(ms: int, *, zone: str = "Z") -> str: ...


@overload
def iso(ms: int | None, *, zone: str = "Z") -> str | None: ...


def iso(ms: int | None, *, zone: str = "Z") -> str | None:
    """``2021-02-16T10:47:40.296Z``; None for None. ``zone`` '' leaves out the Z, for clients that
    expect none; the time is UTC all the same."""
    return None if ms is None else f"{_second(ms // 1000)}.{ms % 1000:03d}{zone}"


def iso_seconds(seconds: int) -> str:
    """``2021-02-16T10:47:40Z``; ``seconds`` since 1970 (RFC 3339)."""
    return f"{_second(seconds)}Z"


def seconds_of(text: str) -> int:
    """The seconds since 1970 that an ISO 8601 time means. Raises ``ValueError``."""
    return int(datetime.fromisoformat(text).timestamp())


@lru_cache(maxsize=256)  # answers of the same second contain the same times
def _second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"
