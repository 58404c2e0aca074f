"""One lease of the simulated provider: its number, its times, and the texts still to come."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import msgspec
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
    """A lease as the world's file keeps it; two fields have the names of older files there.

    ``texts_sent``: how many scripted texts came since ``script_ms``, in its ``round``-th round.
    ``ended_ms``: when it was released or ran out; None while it is active.
    """

    id: str
    ref: str
    service: str
    country: int
    number: str
    hours: int
    is_first: bool
    acquired_ms: int = msgspec.field(name="lent_ms")
    until_ms: int
    cancel_after_ms: int
    script_ms: int
    round: int = 0
    texts_sent: int = msgspec.field(name="told", default=0)
    ended_ms: int | None = None

    @property
    def script(self) -> Script:
        return script_of(self.service) or ORDINARY

    @property
    def ahead(self) -> tuple[ScriptedText, ...]:
        """The scripted texts that are still to come, in order."""
        return self.script.texts_to(self.is_first)[self.texts_sent :]

    @property
    def due_ms(self) -> int | None:
        """When the next scripted event is due; None if there is none."""
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
        """Whether ``texts`` are what the number was leased for: any for a rental, else a code."""
        if self.hours:
            return bool(texts)
        return any(text.code or _MAYBE_CODE.search(text.text) for text in texts)


@dataclass(slots=True, eq=False)
class SimulatedLease:
    """A lease that is active, or whose number still gets scripted texts.

    ``queued_ms``: when the timer checks it next, at or before its ``due_ms``.
    """

    doc: LeaseDocument
    queued_ms: int | None = None
    saved: asyncio.Future[list[int]] | None = None


def new_lease_id(ref: str) -> str:
    """The provider's id of the lease with our reference: one reference, one lease."""
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
            acquired_ms=now_ms,
            until_ms=now_ms + duration_ms,
            cancel_after_ms=now_ms + CANCEL_AFTER_MS if script.tells_cancel_after else 0,
            script_ms=now_ms,
        )
    )
