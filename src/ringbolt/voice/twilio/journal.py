"""The events of one call, numbered from 1 without gaps as the port demands.

The vendors number their callbacks with gaps, repeat them, send them out of order or not at all, and
tell only the present status when they are asked. A call never goes back: of statuses those further
on are kept, whatever order they come in, and of the keys of one gather the first report.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from ringbolt.core.calls.call import TIME_WAS_UP, CallEvent, CallStatus, RecordedCall
from ringbolt.voice.twilio.wire import StatusReport

CALLER_HUNG_UP: Final = "the caller hung up"
PHONE_HUNG_UP: Final = "the phone hung up"
_LATE_MS: Final = 3000
"""Times are told in whole seconds. One that differs less from our clock is that of its arrival."""
_ORDER: Final = {
    CallStatus.QUEUED: 0,
    CallStatus.INITIATED: 1,
    CallStatus.RINGING: 2,
    CallStatus.IN_PROGRESS: 3,
}
_OVER: Final = 4


@dataclass(frozen=True, slots=True)
class Length:
    """``message_ms`` of what is said; ``is_plain``: nothing else decides when it is over.
    ``asks_at_end``: we are asked for a next part at its end. ``max_duration_s``: when the far end
    hangs up."""

    message_ms: int
    max_duration_s: int
    is_plain: bool
    asks_at_end: bool = False
    records: bool = False


@dataclass(slots=True)
class Journal:
    """``sid``: the far end's id of the call, '' until it is known. ``events``: what was learned
    since this process knows the call, of which ``committed`` are committed; ``seq`` is the number
    of the last one. ``keys``: how many keys were told. ``length``: None after a restart.
    ``is_ended_by_us``: we hung up, or its script was over. ``news_s``/``asked_s``: when a callback
    told of it, and when it was last asked about (loop time)."""

    ref: str
    to: str
    asked_ms: int
    sid: str = ""
    seq: int = 0
    status: CallStatus = CallStatus.QUEUED
    keys: int = 0
    events: list[CallEvent] = field(default_factory=list)
    committed: int = 0
    length: Length | None = None
    is_ended_by_us: bool = False
    recordings: int = 0
    news_s: float | None = None
    asked_s: float = 0

    @classmethod
    def of_record(cls, record: RecordedCall) -> Journal:
        """What the shop has on record of a call that this process did not place."""
        return cls(
            record.ref,
            record.to,
            record.asked_ms,
            record.carrier_id,
            record.last_seq,
            record.status,
            record.keys,
        )

    @property
    def is_over(self) -> bool:
        return self.status.is_final

    @property
    def uncommitted(self) -> tuple[CallEvent, ...]:
        return tuple(self.events[self.committed :])

    def rebase(self, record: RecordedCall) -> None:
        """Number on from what is committed, if another process of the shop has committed more than
        this one knows of: events of this one that had the same numbers were then ignored."""
        self.sid = self.sid or record.carrier_id
        is_lost = self.is_over and not self.uncommitted and record.is_open
        if record.last_seq <= self.seq - len(self.uncommitted) and not is_lost:
            return
        if is_lost and record.status.is_final:
            return
        left = self.events[-1:] if is_lost else self.uncommitted
        news = [each for each in left if each.digits or _rank(each.status) > _rank(record.status)]
        self.events, self.committed, self.seq = [], 0, record.last_seq
        for event in news:
            self._add(replace(event, seq=self.seq + 1))
        if _rank(record.status) > _rank(self.status):
            self.status = record.status
        self.keys = max(self.keys, record.keys)

    def record(self, report: StatusReport, now_ms: int) -> None:
        """The far end told a status; one from before the present one is no news."""
        if report.status is None or _rank(report.status) <= _rank(self.status):
            return
        at_ms = now_ms
        if report.at_ms is not None and abs(report.at_ms - now_ms) > _LATE_MS:
            at_ms = report.at_ms
        self._add_what_it_implies(report.status, report.talked_ms or 0, at_ms)
        self.status = report.status
        if not report.status.is_final:
            self._add(CallEvent(self.ref, self.seq + 1, at_ms, report.status))
            return
        self._add(
            CallEvent(
                self.ref,
                self.seq + 1,
                at_ms,
                report.status,
                cause=report.cause or self._cause(report),
                heard_ms=self._heard_ms(report.talked_ms),
                recordings=self.recordings,
                talked_ms=report.talked_ms,
            )
        )

    def press(self, keys: str, before: int, now_ms: int) -> None:
        """The keys of a gather, of which ``before`` keys had been told when it began."""
        if self.is_over or before != self.keys:
            return
        if _rank(self.status) < _ORDER[CallStatus.IN_PROGRESS]:
            # The callback of the answer is late.
            self.record(StatusReport(CallStatus.IN_PROGRESS), now_ms)
        for key in keys:
            event = CallEvent(self.ref, self.seq + 1, now_ms, CallStatus.IN_PROGRESS, digits=key)
            self._add(event)
        self.keys += len(keys)

    def _add_what_it_implies(self, status: CallStatus, talked_ms: int, at_ms: int) -> None:
        """A call that was answered has rung, and one that is completed was answered, though nobody
        has told yet: a call that is only asked about now and then is never seen in some states."""
        implied = [CallStatus.INITIATED]
        if status in (CallStatus.IN_PROGRESS, CallStatus.COMPLETED):
            implied.append(CallStatus.RINGING)
        if status is CallStatus.COMPLETED:
            implied.append(CallStatus.IN_PROGRESS)
        for earlier in implied:
            if _rank(self.status) < _rank(earlier) < _rank(status):
                self.status = earlier
                since_ms = max(self.asked_ms, at_ms - talked_ms)
                self._add(CallEvent(self.ref, self.seq + 1, min(since_ms, at_ms), earlier))

    def _add(self, event: CallEvent) -> None:
        self.events.append(event)
        self.seq = event.seq

    def _heard_ms(self, talked_ms: int | None) -> int:
        talked_ms = talked_ms or 0
        return talked_ms if self.length is None else min(self.length.message_ms, talked_ms)

    def _cause(self, report: StatusReport) -> str:
        """Who ended an answered call: nobody tells, but how long it took does."""
        if report.status is not CallStatus.COMPLETED:
            return ""
        if self.is_ended_by_us:
            return CALLER_HUNG_UP
        if self.length is None or report.talked_ms is None:
            return ""
        if report.talked_ms >= self.length.max_duration_s * 1000:
            return TIME_WAS_UP
        if self.length.is_plain:
            is_heard = report.talked_ms >= self.length.message_ms
            return CALLER_HUNG_UP if is_heard else PHONE_HUNG_UP
        return PHONE_HUNG_UP if self.length.asks_at_end else ""


def _rank(status: CallStatus) -> int:
    return _ORDER.get(status, _OVER)
