"""A finding of ``ringbolt doctor``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One part: ``kind`` is real, simulated or embedded; ``state`` is ok, note or wrong;
    ``fix``: what to do about it, '' if nothing."""

    part: str
    kind: str
    state: str
    detail: str
    fix: str = ""
