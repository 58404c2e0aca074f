"""One simulated call: its state, and how the world's file keeps it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from ringbolt.core.calls.call import CallEvent, CallStatus, Clip
from ringbolt.simulator.voice.line import Press
from ringbolt.simulator.voice.script import Outcome
from ringbolt.voice.carrier import PlaceCall
from ringbolt.voice.simulated.wire import CallRequest, call_of, request_of


@dataclass(slots=True)
class SimulatedCall:
    """A call between the carrier (``request``, ``events``) and a phone (``state``, ``presses``).

    ``state`` is ``initiated`` until the first ring, then ``ringing``, ``in-progress`` or the word
    for its end. ``heard_ms`` is how much of the message the phone was sent, ``recorded`` how many
    frames each recording of it has. Times are ms of the world's clock. ``saved`` resolves when all
    of this is on the disk.
    """

    id: str
    request: PlaceCall
    placed_at_ms: int
    state: str = CallStatus.INITIATED
    started_at_ms: int | None = None
    answered_at_ms: int | None = None
    ended_at_ms: int | None = None
    heard_ms: int = 0
    presses: list[Press] = field(default_factory=list)
    recorded: list[int] = field(default_factory=list)
    events: list[CallEvent] = field(default_factory=list)
    saved: asyncio.Future[list[int]] | None = None

    @property
    def digits_sent(self) -> str:
        return "".join(press.key for press in self.presses)

    @property
    def is_over(self) -> bool:
        return self.ended_at_ms is not None

    @property
    def reached_the_phone(self) -> bool:
        """It rang, or found the number busy or not allocated: not if it was canceled before."""
        return self.started_at_ms is not None or (
            self.is_over and self.state != CallStatus.CANCELED
        )

    def ring(self, now_ms: int) -> CallEvent:
        self.state, self.started_at_ms = CallStatus.RINGING, now_ms
        return self.report(now_ms, CallStatus.RINGING)

    def answer(self, now_ms: int) -> CallEvent:
        self.state, self.answered_at_ms = CallStatus.IN_PROGRESS, now_ms
        return self.report(now_ms, CallStatus.IN_PROGRESS)

    def press(self, now_ms: int, press: Press) -> CallEvent | None:
        """None for a key that the carrier does not report."""
        self.presses.append(press)
        if press.in_recording:
            return None
        return self.report(now_ms, CallStatus.IN_PROGRESS, digits=press.key)

    def end(self, now_ms: int, outcome: Outcome, talked_ms: int | None) -> CallEvent:
        """``talked_ms``: how much of the call was carried; None if it was not answered."""
        self.state, self.ended_at_ms = outcome.state, now_ms
        self.request = replace(self.request, script=())  # free memory: calls are many
        return self.report(
            now_ms,
            outcome.status,
            cause=outcome.cause,
            heard_ms=self.heard_ms,
            recordings=len(self.recorded),
            talked_ms=talked_ms,
        )

    def report(
        self,
        now_ms: int,
        status: CallStatus,
        *,
        digits: str = "",
        cause: str = "",
        heard_ms: int = 0,
        recordings: int = 0,
        talked_ms: int | None = None,
    ) -> CallEvent:
        """Add the next event; the carrier publishes it once it is saved."""
        event = CallEvent(
            ref=self.request.ref,
            seq=len(self.events) + 1,
            at_ms=now_ms,
            status=status,
            digits=digits,
            cause=cause,
            heard_ms=heard_ms,
            recordings=recordings,
            talked_ms=talked_ms,
        )
        self.events.append(event)
        return event

    def to_document(self) -> dict[str, Any]:
        stored = _StoredCall(
            request_of(self.request, _name_of),
            self.placed_at_ms,
            self.state,
            self.started_at_ms,
            self.answered_at_ms,
            self.ended_at_ms,
            self.heard_ms,
            self.presses,
            self.events,
            self.recorded,
        )
        document: dict[str, Any] = msgspec.to_builtins(stored)
        return document

    @classmethod
    def from_document(
        cls, call_id: str, document: dict[str, Any], clip_of: Callable[[str], Clip]
    ) -> SimulatedCall:
        stored = msgspec.convert(document, _StoredCall)
        return cls(
            call_id,
            call_of(stored.request, clip_of),
            stored.placed_at_ms,
            stored.state,
            stored.started_at_ms,
            stored.answered_at_ms,
            stored.ended_at_ms,
            stored.heard_ms,
            stored.presses,
            stored.recorded,
            stored.events,
        )


class _StoredCall(msgspec.Struct):
    request: CallRequest
    placed_at_ms: int
    state: str
    started_at_ms: int | None
    answered_at_ms: int | None
    ended_at_ms: int | None
    heard_ms: int
    presses: list[Press]
    events: list[CallEvent]
    recorded: list[int] = []


def _name_of(clip: Clip) -> str:
    """The clip's SHA-256, which is its file's name."""
    return clip.path.replace("\\", "/").rpartition("/")[2]
