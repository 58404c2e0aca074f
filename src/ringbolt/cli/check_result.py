"""What ``ringbolt doctor`` looks at, and what it found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ringbolt.settings import Settings


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One part: ``kind`` is real, simulated or embedded; ``state`` is ok, note or wrong;
    ``fix``: what to do about it, '' if nothing. What is wrong always has one."""

    part: str
    kind: str
    state: str
    detail: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """Looks at ``part``. ``fix``: what to do if that fails and the error does not say it.

    ``reads_store``: left out where there is no store, or none that can be read; ``writes``: needs a
    data folder that it may write to.
    """

    part: str
    look: Callable[[Settings], Awaitable[list[CheckResult]]]
    fix: str
    reads_store: bool = False
    writes: bool = False
