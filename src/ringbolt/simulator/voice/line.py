"""A call that is up, frame by frame: what is sent, which keys are pressed, how it ends.

Pure: time is the number of frames (20 ms, 160 samples, RFC 3551) since the answer. Whether frames
are taken one by one or many at once, the same frames carry the same audio, and keys are pressed and
the call ends at the same frame.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from ringbolt.core.calls.call import Clip, Pause, Record, RenderedGather, RenderedScript
from ringbolt.simulator.voice.script import CALLER_HUNG_UP, TOO_LONG, Act, Outcome

FRAME_MS: Final = 20
FRAMES_PER_SECOND: Final = 1000 // FRAME_MS
BEEP: Final = "beep"
"""The clip that is played before a recording begins."""
BEEP_MS: Final = 400


@dataclass(frozen=True, slots=True)
class Span:
    """Frames sent in a row: from frame ``first`` of ``clip``, a file or ``BEEP``; '' is silence."""

    clip: str
    first: int
    frames: int


@dataclass(frozen=True, slots=True)
class Press:
    """``key`` was pressed after ``frame`` frames of the call. In a recording it answers nothing,
    and is not reported."""

    frame: int
    key: str
    in_recording: bool = False


@dataclass(frozen=True, slots=True)
class _Step:
    """``part`` numbers the script's parts; ``clip`` '' is silence; a wait is not message.
    ``is_key_wait``: the wait of a gather, after its prompt."""

    part: int
    ms: int
    clip: str = ""
    gather: RenderedGather | None = None
    is_wait: bool = False
    is_key_wait: bool = False
    record: Record | None = None

    @property
    def frames(self) -> int:
        return -(-self.ms // FRAME_MS)

    @property
    def message_ms(self) -> int:
        return 0 if self.is_wait or self.clip == BEEP else self.ms


class Playback:
    """The caller's position in its script. A gather ends at its finish key, at its last digit, or
    when no key came for its whole time after the prompt or after the last key; a key ends the
    prompt.

    A recording ends at a finish key, or when the phone, which speaks for ``speaks_ms`` after the
    beep, was silent for long enough."""

    def __init__(self, script: RenderedScript, speaks_ms: int = 0) -> None:
        self._steps = _listening([step for step in _steps(script, speaks_ms) if step.ms > 0])
        self._recorded: list[int] = []
        self._index = 0
        self._offset = 0
        self._sent_ms = 0
        self._digits = 0
        self.gathered: list[str] = []
        """The keys that counted for a gather, finish keys too."""
        self.total_ms = sum(step.message_ms for step in self._steps)

    @property
    def is_over(self) -> bool:
        return self._index == len(self._steps)

    @property
    def is_heard(self) -> bool:
        """The message is over, or the caller waits for keys."""
        return self.is_over or self._steps[self._index].is_wait

    @property
    def message_ms(self) -> int:
        """How much of the message was sent; waiting for keys does not count."""
        if self.is_over:
            return self._sent_ms
        return self._sent_ms + min(self._offset * FRAME_MS, self._steps[self._index].message_ms)

    @property
    def recorded(self) -> list[int]:
        """How many frames each recording has so far."""
        under_way = self.is_recording and self._offset > 0
        return [*self._recorded, self._offset] if under_way else list(self._recorded)

    def take(self, limit: int) -> Span:
        """The next frames, at least one and at most ``limit``; the script must not be over."""
        step = self._steps[self._index]
        span = Span(step.clip, self._offset, min(limit, step.frames - self._offset))
        self._offset += span.frames
        if self._offset == step.frames:
            self._move_to(self._index + 1)
        return span

    @property
    def is_recording(self) -> bool:
        return not self.is_over and self._steps[self._index].record is not None

    def press(self, key: str) -> None:
        """A key counts for the current gather or recording; without one it does nothing."""
        step = None if self.is_over else self._steps[self._index]
        if step is None:
            return
        if step.record is not None and key in step.record.finish_keys:
            self._move_to(self._index + 1)
        if step.gather is None:
            return
        self.gathered.append(key)
        self._digits += 1
        is_last = key == step.gather.finish_key or self._digits >= step.gather.max_digits
        self._move_to(self._after_key(step.part, is_last=is_last))

    def _after_key(self, part: int, *, is_last: bool) -> int:
        """Where a key in a gather leads: to what follows it, or to its wait from the beginning."""
        for index, other in enumerate(self._steps):
            is_own_wait = other.part == part and other.is_key_wait
            if other.part > part or (is_own_wait and not is_last):
                return index
        return len(self._steps)

    def _move_to(self, index: int) -> None:
        self._sent_ms = self.message_ms
        self._recorded = self.recorded
        here = self._steps[self._index].part
        if index == len(self._steps) or self._steps[index].part != here:
            self._digits = 0
        self._index, self._offset = index, 0


def _listening(steps: list[_Step]) -> tuple[_Step, ...]:
    """Silence after the last clip is no message: the caller listens for keys."""
    spoken = max((i for i, step in enumerate(steps) if step.clip), default=len(steps))
    return tuple(
        replace(step, is_wait=True) if i > spoken else step for i, step in enumerate(steps)
    )


def _steps(script: RenderedScript, speaks_ms: int) -> Iterator[_Step]:
    for number, part in enumerate(script):
        if isinstance(part, Record):
            yield _Step(number, BEEP_MS, BEEP)
            yield _Step(number, _recording_ms(part, speaks_ms), is_wait=True, record=part)
            continue
        if not isinstance(part, RenderedGather):
            yield _sound(number, part, None)
            continue
        for piece in part.prompt:
            yield _sound(number, piece, part)
        yield _Step(number, part.timeout_ms, gather=part, is_wait=True, is_key_wait=True)


def _recording_ms(record: Record, speaks_ms: int) -> int:
    ms = speaks_ms + record.max_silence_ms
    return min(ms, record.max_duration_ms) if record.max_duration_ms else ms


def _sound(number: int, piece: Clip | Pause, gather: RenderedGather | None) -> _Step:
    if isinstance(piece, Clip):
        return _Step(number, piece.duration_ms, piece.path, gather)
    return _Step(number, piece.ms, gather=gather)


class Line:
    """A call from its answer to its end. The caller hangs up when its script is over.

    ``frame`` counts the frames sent, ``presses`` are the keys so far, ``outcome`` is set at the
    end. ``acts`` is what the phone does by itself; after a beep it speaks for ``speaks_ms``.

    ``is_directed``: its script comes in pieces. When one is over (at first at once), it
    ``is_waiting`` and no time passes in it, until the next one (``go_on``) or its end.
    """

    def __init__(
        self,
        script: RenderedScript,
        max_duration_s: int,
        acts: tuple[Act, ...],
        speaks_ms: int = 0,
        *,
        is_directed: bool = False,
    ) -> None:
        self._playback = Playback(script, speaks_ms)
        self._acts = list(acts)
        self._speaks_ms = speaks_ms
        self._is_directed = is_directed
        self._has_begun = not is_directed
        self._before_ms = 0
        self._recorded_before: list[int] = []
        self.is_waiting = False
        self._last_frame = max_duration_s * FRAMES_PER_SECOND
        self.frame = 0
        self.presses: list[Press] = []
        self.outcome: Outcome | None = None
        self._settle()

    @property
    def message_ms(self) -> int:
        """How much of the message the phone was sent."""
        return self._before_ms + self._playback.message_ms

    @property
    def recorded(self) -> list[int]:
        """How many frames of the phone each recording holds."""
        return self._recorded_before + self._playback.recorded

    @property
    def gathered(self) -> str:
        """The keys that counted for the gather of the present piece, its finish key too."""
        return "".join(self._playback.gathered)

    def go_on(self, script: RenderedScript) -> None:
        """The next piece of a directed call's script."""
        self._before_ms, self._recorded_before = self.message_ms, self.recorded
        self._playback = Playback(script, self._speaks_ms)
        self._has_begun, self.is_waiting = True, False

    def advance(self, frame: int) -> list[Span]:
        """Go on to ``frame`` or to the end of the call; what was sent on the way."""
        spans = []
        self._settle()
        while self.outcome is None and not self.is_waiting and self.frame < frame:
            span = self._playback.take(min(frame, self._next_stop()) - self.frame)
            self.frame += span.frames
            spans.append(span)
            self._settle()
        return spans

    def press(self, keys: str) -> None:
        """Press ``keys`` at once. Whether that ends the call shows at the next ``advance``."""
        for key in keys:
            self.presses.append(Press(self.frame, key, self._playback.is_recording))
            self._playback.press(key)

    def end(self, outcome: Outcome) -> None:
        if self.outcome is None:
            self.outcome = outcome

    def _settle(self) -> None:
        """Let the phone act if it is time; then the caller hangs up if its script is over."""
        if self.outcome is not None:
            return
        for act in [act for act in self._acts if self._has_begun and self._is_due(act)]:
            self._acts.remove(act)
            self.press(act.keys)
            if act.outcome is not None:
                self.end(act.outcome)
                return
        if self._playback.is_over and self._is_directed:
            self.is_waiting = True
        elif self._playback.is_over:
            self.end(CALLER_HUNG_UP)
        elif self.frame >= self._last_frame:
            self.end(TOO_LONG)

    def _is_due(self, act: Act) -> bool:
        if act.after_ms is not None:
            return self.frame * FRAME_MS >= act.after_ms
        if act.part is not None:
            return self._playback.message_ms >= act.part * self._playback.total_ms
        return self._playback.is_heard

    def _next_stop(self) -> int:
        """The first frame after which something may be due, always ahead."""
        stops = [self._last_frame]
        for act in self._acts:
            if act.after_ms is not None:
                stops.append(-(-act.after_ms // FRAME_MS))
            elif act.part is not None:
                left_ms = act.part * self._playback.total_ms - self._playback.message_ms
                stops.append(self.frame + int(left_ms // FRAME_MS))
        return max(min(stops), self.frame + 1)


def replay(
    script: RenderedScript,
    max_duration_s: int,
    presses: list[Press],
    frames: int,
    speaks_ms: int = 0,
) -> Line:
    """The line of a call of which the phone heard ``frames`` frames."""
    line = Line(script, max_duration_s, (), speaks_ms)
    for press in presses:
        line.advance(min(press.frame, frames))
        line.press(press.key)
    line.advance(frames)
    return line
