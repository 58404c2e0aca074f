"""A carrier of calls in memory, as strict as a real one: asked twice it rings twice, unless it says
that it does not. Nothing takes time: a call goes through its life at once, or as it is told to."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from ringbolt.clock import Clock
from ringbolt.core.calls.call import CallEvent, CallStatus, Clip, RenderedGather, RenderedScript
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.core.sink import Sink
from ringbolt.upstream.event_log import EventLog
from ringbolt.voice.carrier import Accepted, CallSnapshot, EventBatch, PlaceCall, PlaceResult

ANSWERED: Final = (
    CallStatus.INITIATED,
    CallStatus.RINGING,
    CallStatus.IN_PROGRESS,
    CallStatus.COMPLETED,
)
BUSY: Final = (CallStatus.INITIATED, CallStatus.BUSY)
RINGS: Final = (CallStatus.INITIATED, CallStatus.RINGING)

CAUSES: Final = {
    CallStatus.COMPLETED: "the caller hung up",
    CallStatus.BUSY: "486 Busy Here",
    CallStatus.NO_ANSWER: "487 Request Terminated",
    CallStatus.CANCELED: "487 Request Terminated",
    CallStatus.FAILED: "404 Not Found",
}
"""What ends are told with, if nothing else is said."""

Life = tuple[CallStatus, ...]


class MemoryCarrier:
    """A carrier that cannot be asked what became of a request.

    ``rings`` are the references of the calls that it placed, one entry for each time a phone rang;
    ``placed`` are the calls themselves. ``answers`` are given to the next requests, ``by_number``
    to requests for a number (default: yes). ``lives`` are what the next calls go through at once,
    ``life_of`` those to a number (default: ``life``). ``before_answer`` happens between a ring and
    the answer to who asked for it. If it ``obeys``, a call that is to be hung up ends. ``log``: all
    events told.
    """

    def __init__(self, recovery: Recovery, clock: Clock, name: str = "memory") -> None:
        self.name = name
        self.recovery = recovery
        self.rings: list[str] = []
        self.placed: dict[str, PlaceCall] = {}
        self.hung_up: list[str] = []
        self.log: EventLog[CallEvent] = EventLog()
        self.answers: deque[PlaceResult | Callable[[PlaceCall], PlaceResult]] = deque()
        self.by_number: dict[str, PlaceResult | Callable[[PlaceCall], PlaceResult]] = {}
        self.lives: deque[Life] = deque()
        self.life_of: dict[str, Life] = {}
        self.life: Life = ANSWERED
        self.before_answer: deque[Callable[[], Awaitable[object]]] = deque()
        self.obeys = False
        self._clock = clock

    async def place(self, call: PlaceCall) -> PlaceResult:
        if not call.still_wanted():
            return Rejected("not wanted any more", permanent=False)
        answer = self.answers.popleft() if self.answers else self.by_number.get(call.to)
        answer = answer or Accepted(self._carrier_id(call.ref))
        if callable(answer):
            answer = answer(call)
        elif isinstance(answer, Accepted):
            self.ring_at_once(call)
        if self.before_answer:
            await self.before_answer.popleft()()
        return answer

    def ring(self, ref: str) -> None:
        """A phone rings, unless the reference tells the carrier that it did before."""
        if self.recovery is Recovery.IDEMPOTENT and ref in self.rings:
            return
        self.rings.append(ref)
        call = self.placed.get(ref)
        life = self.life_of.get(call.to, self.life) if call else self.life
        for status in self.lives.popleft() if self.lives else life:
            is_over = status is CallStatus.COMPLETED
            self.tell(ref, status, heard_ms=_length_ms(call.script) if call and is_over else 0)

    def ring_at_once(self, call: PlaceCall) -> None:
        self.placed[call.ref] = call
        self.ring(call.ref)

    @staticmethod
    def _carrier_id(ref: str) -> str:
        return f"id-{ref}"

    # What ``answers`` and ``by_number`` may hold, beside answers themselves

    def lost(self, call: PlaceCall) -> PlaceResult:
        """The call is placed, and nobody hears of it."""
        self.ring_at_once(call)
        return Unknown("the answer was lost")

    def lie(self, call: PlaceCall) -> PlaceResult:
        """The call is placed, and said to be refused."""
        self.ring_at_once(call)
        return Rejected("a lie", permanent=False)

    # What becomes of calls

    def tell(
        self,
        ref: str,
        status: CallStatus,
        *,
        digits: str = "",
        cause: str = "",
        heard_ms: int = 0,
        skip: int = 0,
    ) -> CallEvent:
        """The next thing that happens to a call. ``skip``: so many events are lost before it."""
        seq = sum(1 for event in self.log if event.ref == ref) + 1 + skip
        why = cause or CAUSES.get(status, "")
        event = CallEvent(ref, seq, self._clock.now_ms(), status, digits, why, heard_ms)
        self.log.append(event)
        return event

    def events_of(self, ref: str) -> tuple[CallEvent, ...]:
        return tuple(event for event in self.log if event.ref == ref)

    async def hang_up(self, ref: str) -> None:
        self.hung_up.append(ref)
        statuses = [event.status for event in self.events_of(ref)]
        if self.obeys and ref in self.rings and not any(each.is_final for each in statuses):
            answered = CallStatus.IN_PROGRESS in statuses
            self.tell(ref, CallStatus.COMPLETED if answered else CallStatus.CANCELED)

    async def follow(self, cursor: str, sink: Sink[EventBatch]) -> None:
        await self.log.follow(cursor, lambda told, place: sink(EventBatch(told, place)))

    async def close(self) -> None: ...


class MemoryLookupCarrier(MemoryCarrier):
    """A carrier that can be asked, and that rings again if it is told to again."""

    def __init__(self, clock: Clock, name: str = "memory") -> None:
        super().__init__(Recovery.LOOKUP, clock, name)

    async def find(self, ref: str) -> CallSnapshot | None:
        if ref not in self.rings:
            return None
        return CallSnapshot(ref, self._carrier_id(ref), self.events_of(ref))


def memory_carrier(recovery: Recovery, clock: Clock, name: str = "memory") -> MemoryCarrier:
    if recovery is Recovery.LOOKUP:
        return MemoryLookupCarrier(clock, name)
    return MemoryCarrier(recovery, clock, name)


def _length_ms(script: RenderedScript) -> int:
    """All that is heard of a script by who listens to its end."""
    total_ms = 0
    for part in script:
        played = part.prompt if isinstance(part, RenderedGather) else (part,)
        total_ms += sum(each.duration_ms for each in played if isinstance(each, Clip))
    return total_ms
