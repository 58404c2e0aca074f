"""One loan of the simulated lender: its number, its times, and what is still to come to it."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from msgspec import Struct

from ringbolt.numbers.provider import Acquired, AcquireNumber, InboundText
from ringbolt.simulator.numbers.script import (
    CANCEL_AFTER_MS,
    ORDINARY,
    Script,
    ScriptedText,
    script_of,
)

ACTIVATION_MS: Final = 20 * 60_000
HOUR_MS: Final = 3_600_000
_MAYBE_CODE = re.compile(r"[0-9]{3}[- ]?[0-9]{1,5}")


class LeaseDocument(Struct):
    """A loan as the world's file keeps it.

    ``told``: so many of its scripted texts came since ``script_ms``, in its ``round``-th round.
    ``ended_ms``: when it was given or taken back; None as long as it goes on.
    """

    id: str
    ref: str
    service: str
    country: int
    number: str
    hours: int
    is_first: bool
    lent_ms: int
    until_ms: int
    cancel_after_ms: int
    script_ms: int
    round: int = 0
    told: int = 0
    ended_ms: int | None = None

    @property
    def script(self) -> Script:
        return script_of(self.service) or ORDINARY

    @property
    def ahead(self) -> tuple[ScriptedText, ...]:
        """The scripted texts that are still to come, in order."""
        return self.script.texts_to(self.is_first)[self.told :]

    @property
    def due_ms(self) -> int | None:
        """When something happens by itself next; None if never again."""
        times = [self.script_ms + text.after_ms for text in self.ahead[:1]]
        if self.ended_ms is None:
            times.append(self.until_ms)
        return min(times, default=None)

    @property
    def is_live(self) -> bool:
        return self.ended_ms is None or bool(self.ahead)

    def acquired(self) -> Acquired:
        until_ms = self.until_ms if self.ended_ms is None else self.ended_ms
        return Acquired(self.id, self.number, until_ms, self.cancel_after_ms, self.country)

    def is_served_by(self, texts: tuple[InboundText, ...]) -> bool:
        """Whether ``texts`` are what the number was lent for: any for a rental, else a code."""
        if self.hours:
            return bool(texts)
        return any(text.code or _MAYBE_CODE.search(text.text) for text in texts)


@dataclass(slots=True, eq=False)
class SimulatedLease:
    """A loan that goes on, or to whose number a scripted text is still to come.

    ``queued_ms``: when the timer looks at it next, at or before its ``due_ms``.
    """

    doc: LeaseDocument
    queued_ms: int | None = None
    saved: asyncio.Future[list[int]] | None = None


def new_lease_id(ref: str) -> str:
    """The lender's name for the loan with our reference: the same reference is the same loan."""
    return f"lend_{sha256(ref.encode()).hexdigest()[:24]}"


def new_lease(
    wanted: AcquireNumber, script: Script, country: int, number: str, now_ms: int
) -> SimulatedLease:
    duration_ms = wanted.hours * HOUR_MS if wanted.hours else ACTIVATION_MS
    return SimulatedLease(
        LeaseDocument(
            id=new_lease_id(wanted.ref),
            ref=wanted.ref,
            service=wanted.service,
            country=country,
            number=number,
            hours=wanted.hours,
            is_first=not wanted.avoid,
            lent_ms=now_ms,
            until_ms=now_ms + duration_ms,
            cancel_after_ms=now_ms + CANCEL_AFTER_MS if script.tells_cancel_after else 0,
            script_ms=now_ms,
        )
    )
