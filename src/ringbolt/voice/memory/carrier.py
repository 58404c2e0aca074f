"""A voice carrier in memory. Like a real one, it places a call twice if it is requested twice,
unless its ``recovery`` is ``IDEMPOTENT``. Nothing takes time: all events of a call happen at once,
or when the test calls ``tell``."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from ringbolt.clock import Clock
from ringbolt.core.calls.call import CallEvent, CallStatus, Clip, RenderedGather, RenderedScript
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.core.pricing.amount import Amount
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
"""The default cause of each final status."""

Life = tuple[CallStatus, ...]


class MemoryCarrier:
    """A voice carrier without a look-up.

    ``rings``: the references of the calls placed, one entry for each time a phone rang;
    ``placed``: the calls themselves. ``answers``: the answers to the next requests; ``by_number``:
    to requests for a number (default: accepted). ``lives``: the statuses of the next calls, all at
    once; ``life_of``: of calls to a number (default: ``life``). ``before_answer``: run after the
    phone rang and before the request is answered. ``obeys``: ``hang_up`` ends a call. ``log``: all
    events.
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
        """Ring the phone, unless the carrier is idempotent and has rung it for this reference."""
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

    # What ``answers`` and ``by_number`` may hold, besides plain answers

    def lost(self, call: PlaceCall) -> PlaceResult:
        """Place the call, and lose the answer."""
        self.ring_at_once(call)
        return Unknown("the answer was lost")

    def lie(self, call: PlaceCall) -> PlaceResult:
        """Place the call, but answer that it was refused."""
        self.ring_at_once(call)
        return Rejected("a lie", permanent=False)

    # Events of calls

    def tell(
        self,
        ref: str,
        status: CallStatus,
        *,
        digits: str = "",
        cause: str = "",
        heard_ms: int = 0,
        skip: int = 0,
        cost: Amount | None = None,
    ) -> CallEvent:
        """Report the next event of a call. ``skip``: how many events are lost before it."""
        seq = sum(1 for event in self.log if event.ref == ref) + 1 + skip
        why = cause or CAUSES.get(status, "")
        now_ms = self._clock.now_ms()
        event = CallEvent(ref, seq, now_ms, status, digits, why, heard_ms, cost=cost)
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
        await self.log.follow(cursor, lambda events, place: sink(EventBatch(events, place)))

    async def close(self) -> None: ...


class MemoryLookupCarrier(MemoryCarrier):
    """A voice carrier with a look-up; it rings twice if a call is requested twice."""

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
    """How long a script plays if the called party listens to its end (ms)."""
    total_ms = 0
    for part in script:
        played = part.prompt if isinstance(part, RenderedGather) else (part,)
        total_ms += sum(each.duration_ms for each in played if isinstance(each, Clip))
    return total_ms
