"""The outcome of a request to an outside part, as all ports report it.

Every port has its own "yes" (``Accepted``, ``Acquired``); a definite no and an unknown outcome are
the same everywhere. Payments are the exception: one in flight is known to be under way, and one
that failed was tried, so the node's port has outcomes of its own (``lightning.node``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ringbolt.core.sanitise import sanitise

_MOST_OF_REASON: Final = 500


@dataclass(frozen=True, slots=True)
class Rejected:
    """Definitely not done, and free of charge.

    ``permanent``: asking this part again is useless. ``retry_after_ms``: how long it asks to wait
    before the next request, None if it does not say. ``by_destination``: the answer of the person
    or number itself (busy, declined, unallocated, unsubscribed), so that no other part is asked;
    with ``retry_after_ms`` it wants to be asked again later (a mail server that greylists).
    ``is_opted_out``: the recipient asked for no more messages, and gets none from this shop either.

    Wrong credentials and an empty balance are not permanent: they say nothing about the request,
    and a part that keeps refusing so is left alone for a while.
    """

    reason: str
    permanent: bool = True
    retry_after_ms: int | None = None
    by_destination: bool = False
    is_opted_out: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", _storable(self.reason))


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may or may not have been done: look it up or wait, but do not request it again."""

    reason: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", _storable(self.reason))


def _storable(reason: str) -> str:
    """A reason holds words of the far end. An answer that cannot be stored would count as lost."""
    return sanitise(reason[:_MOST_OF_REASON])


class Recovery(StrEnum):
    """How an attempt left behind by a dead worker is resolved.

    IDEMPOTENT: ask again with the same reference. LOOKUP: ``find`` it first. NONE: never again;
    wait for an event until the deadline, then return the money.
    """

    IDEMPOTENT = "idempotent"
    LOOKUP = "lookup"
    NONE = "none"
