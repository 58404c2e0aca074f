"""What a request to an outside part came to, in the words that all ports share.

Every port has its own "yes" (``Accepted``, ``Acquired``); a definite no and an open outcome are the
same thing everywhere. A payment is the exception: one in flight is known to be under way, and one
that failed was tried, so the node's port has its own words (``lightning.node``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Rejected:
    """Definitely not done, and free of charge.

    ``permanent``: asking this part again is of no use. ``retry_after_ms``: how long it wants to be
    left alone before the next request, None if it does not say.
    """

    reason: str
    permanent: bool = True
    retry_after_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may or may not have been done: look it up or wait, never ask for it again."""

    reason: str


class Recovery(StrEnum):
    """How an attempt left behind by a dead worker is resolved.

    IDEMPOTENT: ask again with the same reference. LOOKUP: ``find`` it first. NONE: never again;
    wait for an event until the deadline, then give the money back.
    """

    IDEMPOTENT = "idempotent"
    LOOKUP = "lookup"
    NONE = "none"
