"""Optional abilities of any part: to be checked, to tell its balance, to tell a cost later.

Each is a small protocol; a part of any kind may implement any of them. They are asked for by
``ringbolt doctor``, ``ringbolt carriers`` and ``ringbolt providers``, and cost nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from ringbolt.core.pricing.amount import Amount


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. ``subject``: in a word or two, e.g. ``credentials``, ``sender
    domain``. ``detail``: one sentence without secrets. ``fix``: what to do about it, '' only if
    ``state`` is ``ok``."""

    state: Literal["ok", "note", "wrong"]
    subject: str
    detail: str
    fix: str = ""


@runtime_checkable
class SupportsCheck(Protocol):
    async def check(self) -> Sequence[Finding]:
        """Whether the far end is reached, takes the credentials, and whatever else can be seen
        without a cost or an effect. Raises ``Unavailable`` if it is not reached; takes at most some
        ten seconds. Balance and callbacks are checked by the caller."""
        ...


@runtime_checkable
class SupportsBalance(Protocol):
    async def balance(self) -> Amount | None:
        """What our account has left; None if the far end does not say. Raises ``Unavailable``."""
        ...


@runtime_checkable
class SupportsCostLookup(Protocol):
    """For carriers that tell the cost of a call or text some time after its end."""

    async def cost_of(self, ref: str, carrier_id: str) -> Amount | None:
        """What the attempt with our reference, and the part's own id, costs in total; None if that
        is not known yet. Raises ``Unavailable``.

        Asked after the end of the attempt: after half a minute, then ever more rarely for a day.
        """
        ...
