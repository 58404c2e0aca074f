"""The simulated telephone network: calls by our reference on the carrier's side, by number on the
phone's side.

Every change is decided in memory and queued for the world's file in that order; it is answered or
published only once it is on the disk. Delays go by the world's clock, divided by ``speed``.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import structlog

from ringbolt.core.calls.call import CallStatus, Clip, RenderedScript
from ringbolt.core.errors import Conflict, InvalidInput, NotFound
from ringbolt.core.outcome import Rejected, Unknown
from ringbolt.simulator.clock.world_time import WorldTime
from ringbolt.simulator.file.world_file import WorldFile
from ringbolt.simulator.voice.call import SimulatedCall
from ringbolt.simulator.voice.clips import ClipStore
from ringbolt.simulator.voice.line import FRAME_MS, Line, replay
from ringbolt.simulator.voice.media import MediaPacer, Pace, Recording, repair_recording
from ringbolt.simulator.voice.records import CallRecords, NumberedEvents
from ringbolt.simulator.voice.script import (
    ANSWERED,
    CALLER_HUNG_UP,
    CANCELED,
    CLIP_LOST,
    DECLINED,
    PHONE_HUNG_UP,
    SLOW_CARRIER_MS,
    WORLD_RESTARTED,
    CarrierReply,
    Outcome,
    behaviour_of,
    plan,
)
from ringbolt.simulator.voice.sounds import recorded_wav
from ringbolt.voice.carrier import Accepted, PlaceCall, PlaceResult

_KEYS: Final = frozenset("0123456789*#ABCD")
log = structlog.get_logger("ringbolt.phones")


@dataclass(frozen=True, slots=True)
class _Live:
    """A call that is up."""

    line: Line
    recording: Recording
    pace: Pace


class Director(Protocol):
    """Says piece by piece what a call does, as carriers do that fetch documents about it."""

    async def next_piece(self, call: SimulatedCall, line: Line) -> RenderedScript | None:
        """What comes after the piece that ``line`` has played (at first none); None: hang up."""
        ...


class PhoneNetwork:
    """All simulated phones and the carrier that reaches them. Call ``start`` in the event loop."""

    def __init__(
        self, *, clock: WorldTime, store: WorldFile, audio_dir: Path, speed: float = 1.0
    ) -> None:
        audio_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.clips = ClipStore(audio_dir / "clips")
        self._recordings = audio_dir / "heard"
        self._recordings.mkdir(parents=True, exist_ok=True)
        self._clock = clock
        self._speed = speed
        self._pacer = MediaPacer(clock, speed)
        self._records = CallRecords(store)
        self._ringing: dict[str, asyncio.Task[None]] = {}
        self._up: dict[str, _Live] = {}
        self._directed: dict[str, asyncio.Task[None]] = {}
        self.directors: dict[str, Director] = {}
        """Who directs calls, by their reference: set before a call is placed or resumed."""

    def start(self) -> None:
        """Resume the calls of the world's file: rings go on, answered calls have ended."""
        for call in self._records.load(self._clip_of):
            if call.state == CallStatus.IN_PROGRESS:
                self._end_interrupted(call)
            elif not call.is_over:
                self._spawn_ring(call)

    async def close(self) -> None:
        """Stop. When the world starts again, rings go on and answered calls are ended."""
        self._records.close()
        ringing = [*self._ringing.values(), *self._directed.values()]
        for task in ringing:
            task.cancel()
        await self._pacer.close()
        for live in self._up.values():
            live.recording.close()
        await asyncio.gather(*ringing, return_exceptions=True)

    # The carrier's side

    async def place(self, request: PlaceCall, call_id: str = "") -> PlaceResult:
        """Place a call, once per ``ref``: a repeated request gets the same call. ``call_id``: the
        carrier's own id of it, '' for any."""
        reply = behaviour_of(request.to).reply
        call = self._records.by_ref(request.ref)
        if call is None:
            if not reply.places:
                return _refusal(reply)
            call = SimulatedCall(call_id or _new_id(), request, self._clock.now_ms())
            self._records.add(call)
            self._records.save(call, call.report(call.placed_at_ms, CallStatus.INITIATED))
            self._spawn_ring(call)
        await self._records.saved(call)
        if reply is CarrierReply.PLACES_WITHOUT_AN_ANSWER:
            return Unknown("The carrier's answer was lost.")
        if reply is CarrierReply.PLACES_SLOWLY:
            await self._clock.sleep_until(call.placed_at_ms + round(SLOW_CARRIER_MS / self._speed))
        return Accepted(call.id)

    async def hang_up(self, ref: str) -> SimulatedCall | None:
        """The caller ends the call; one that is over is left alone."""
        call = self._records.by_ref(ref)
        if call is None:
            return None
        self._catch_up(call)
        if call.state == CallStatus.IN_PROGRESS:
            self._end(call, CALLER_HUNG_UP)
        elif not call.is_over:
            self._end(call, CANCELED)
        return await self._records.saved(call)

    async def find(self, ref: str) -> SimulatedCall | None:
        """The call with this reference, once every change to it is on the disk."""
        call = self._records.by_ref(ref)
        return None if call is None else await self._records.saved(call)

    async def recording(self, ref: str, n: int) -> bytes | None:
        """The ``n``-th recording (from 1) of a call that is over, as WAV; None if there is none."""
        call = await self.find(ref)
        if call is None or not call.is_over or not 1 <= n <= len(call.recorded):
            return None
        return recorded_wav(call.recorded[n - 1], behaviour_of(call.request.to).speaks_ms)

    def events(self, after: int) -> AsyncIterator[NumberedEvents]:
        """Every event numbered above ``after`` (0: all), then new ones."""
        return self._records.events(after)

    # The phone's side

    async def calls_to(self, number: str) -> list[SimulatedCall]:
        """The calls to ``number`` that came as far as the phone, oldest first."""
        calls = [call for call in self._records.by_number(number) if call.reached_the_phone]
        for call in calls:
            await self._records.saved(call)
        return calls

    async def call(self, call_id: str) -> SimulatedCall:
        """Raises ``NotFound``."""
        call = self._records.by_id(call_id)
        if call is None:
            raise NotFound(f"There is no call {call_id}.")
        return await self._records.saved(call)

    async def answer(self, number: str, call_id: str | None = None) -> SimulatedCall:
        """Answer the oldest ringing call at ``number``. Raises ``Conflict`` if nothing rings."""
        call = self._pick(number, call_id, CallStatus.RINGING)
        self._answer(call)
        return await self._records.saved(call)

    async def decline(self, number: str, call_id: str | None = None) -> SimulatedCall:
        """Decline the oldest ringing call at ``number``. Raises ``Conflict`` if nothing rings."""
        call = self._pick(number, call_id, CallStatus.RINGING)
        self._end(call, DECLINED)
        return await self._records.saved(call)

    async def hang_up_phone(self, number: str, call_id: str | None = None) -> SimulatedCall:
        """End the oldest call in progress at ``number``. Raises ``Conflict`` if there is none."""
        call = self._pick(number, call_id, CallStatus.IN_PROGRESS)
        self._end(call, PHONE_HUNG_UP)
        return await self._records.saved(call)

    async def press(self, number: str, keys: str, call_id: str | None = None) -> SimulatedCall:
        """Press ``keys`` in the oldest call in progress at ``number``.

        Raises ``InvalidInput`` for what no phone has as a key, ``Conflict`` without a call.
        """
        if not keys or not _KEYS.issuperset(keys):
            raise InvalidInput(
                "digits must be one or more of the keys 0-9, *, # and A-D.", field="digits"
            )
        call = self._pick(number, call_id, CallStatus.IN_PROGRESS)
        self._up[call.id].line.press(keys)
        self._report_keys(call, self._up[call.id].line)
        return await self._records.saved(call)

    def heard(self, call: SimulatedCall) -> Path | None:
        """The WAV of what the phone heard so far; None if it heard nothing."""
        live = self._up.get(call.id)
        if live is not None:
            live.recording.flush()
        path = self._path(call)
        return path if path.is_file() else None

    # The life of a call

    def _clip_of(self, sha256: str) -> Clip:
        return self.clips.find(sha256) or Clip(sha256, 0)

    def _pick(self, number: str, call_id: str | None, state: str) -> SimulatedCall:
        """The oldest call to ``number`` in ``state``, or the one named."""
        calls = self._records.by_number(number)
        if call_id is not None:
            calls = [call for call in calls if call.id == call_id]
            if not calls:
                raise NotFound(f"{number} has no call {call_id}.")
        for call in calls:
            self._catch_up(call)
            if call.state == state:
                return call
        wanted = "does not ring" if state == CallStatus.RINGING else "has no call in progress"
        raise Conflict(f"{number} {wanted}.", suggestion=_what_there_is(calls))

    def _spawn_ring(self, call: SimulatedCall) -> None:
        task = asyncio.create_task(self._ring(call), name=f"ring {call.id}")
        self._ringing[call.id] = task

    async def _ring(self, call: SimulatedCall) -> None:
        request = call.request
        behaviour = behaviour_of(request.to)
        ahead = plan(behaviour, call.placed_at_ms, request.ring_timeout_s, self._speed)
        if ahead.rings_at_ms is not None and call.state == CallStatus.INITIATED:
            await self._clock.sleep_until(ahead.rings_at_ms)
            self._records.save(call, call.ring(self._clock.now_ms()))
        await self._clock.sleep_until(ahead.reacts_at_ms)
        if ahead.reaction is ANSWERED:
            self._answer(call)
        else:
            self._end(call, ahead.reaction)

    def _stop_ringing(self, call: SimulatedCall) -> None:
        task = self._ringing.pop(call.id, None)
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    def _answer(self, call: SimulatedCall) -> None:
        self._stop_ringing(call)
        self._records.save(call, call.answer(self._clock.now_ms()))
        behaviour = behaviour_of(call.request.to)
        request = call.request
        line = Line(
            request.script,
            request.max_duration_s,
            behaviour.acts,
            behaviour.speaks_ms,
            is_directed=request.ref in self.directors,
        )
        pace = self._pacer.start(lambda frame: self._advance(call, frame))
        self._up[call.id] = _Live(line, Recording(self._path(call)), pace)

    def _path(self, call: SimulatedCall) -> Path:
        return self._recordings / f"{call.id}.wav"

    def _catch_up(self, call: SimulatedCall) -> None:
        """Advance an answered call to the present, so that an action on it happens now."""
        live = self._up.get(call.id)
        if live is not None:
            self._advance(call, self._pacer.due(live.pace))

    def _advance(self, call: SimulatedCall, frame: int) -> None:
        live = self._up[call.id]
        try:
            for span in live.line.advance(frame):
                live.recording.hear(self.clips.frames(span))
        except OSError:
            log.exception("the audio of a simulated call is lost", call=call.id)
            live.line.end(CLIP_LOST)
        call.heard_ms, call.recorded = live.line.message_ms, live.line.recorded
        self._report_keys(call, live.line)
        if live.line.outcome is not None:
            self._end(call, live.line.outcome)
        elif live.line.is_waiting and call.id not in self._directed:
            task = asyncio.create_task(self._direct(call, live.line), name=f"direct {call.id}")
            self._directed[call.id] = task

    async def _direct(self, call: SimulatedCall, line: Line) -> None:
        try:
            script = await self.directors[call.request.ref].next_piece(call, line)
        finally:
            self._directed.pop(call.id, None)
        if call.is_over:
            return
        if script is None:
            self._end(call, CALLER_HUNG_UP)
        else:
            line.go_on(script)

    def _report_keys(self, call: SimulatedCall, line: Line) -> None:
        for press in line.presses[len(call.presses) :]:
            event = call.press(self._clock.now_ms(), press)
            if event is not None:
                self._records.save(call, event)

    def _end(self, call: SimulatedCall, outcome: Outcome) -> None:
        self._stop_ringing(call)
        live = self._up.pop(call.id, None)
        talked_ms = None
        if live is not None:
            talked_ms = live.line.frame * FRAME_MS
            self._pacer.stop(live.pace)
            try:
                live.recording.close()
            except OSError:
                log.exception("the recording of a simulated call is lost", call=call.id)
        self._records.save(call, call.end(self._clock.now_ms(), outcome, talked_ms))

    def _end_interrupted(self, call: SimulatedCall) -> None:
        """End a call that was up when the world stopped, with what its recording holds."""
        frames = repair_recording(self._path(call))
        request = call.request
        speaks_ms = behaviour_of(request.to).speaks_ms
        line = replay(request.script, request.max_duration_s, call.presses, frames, speaks_ms)
        call.heard_ms, call.recorded = line.message_ms, line.recorded
        self._records.save(call, call.end(self._clock.now_ms(), WORLD_RESTARTED, frames * FRAME_MS))


def _new_id() -> str:
    return f"call_{secrets.token_hex(8)}"


def _refusal(reply: CarrierReply) -> PlaceResult:
    match reply:
        case CarrierReply.REFUSES:
            return Rejected("403 Forbidden: this destination is not served", permanent=True)
        case CarrierReply.REFUSES_FOR_NOW:
            return Rejected("503 Service Unavailable: no free channel", permanent=False)
        case _:
            return Unknown("The carrier does not answer.")


def _what_there_is(calls: list[SimulatedCall]) -> str:
    if not calls:
        return "It was never called."
    return f"Its last call is {calls[-1].state}."
