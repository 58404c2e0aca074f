"""The plain command behind every call that is bought, whichever API it came by."""

from __future__ import annotations

import msgspec

from ringbolt.core.calls.call import CallScript, Gather, Hangup, Pause, Play, Record, Say


class SayStep(msgspec.Struct, frozen=True, omit_defaults=True, tag="say"):
    """Speak a text (or SSML) so many times."""

    text: str = ""  # once it was wiped
    voice: str = ""
    language: str = ""
    neural: bool = False
    repeat: int = 1

    def part(self) -> Say:
        return Say(self.text, self.voice, self.language, self.neural, self.repeat)


class PlayStep(msgspec.Struct, frozen=True, omit_defaults=True, tag="play"):
    """Play the audio behind a URL; ``fallback`` is spoken if it cannot be played."""

    url: str = ""  # once it was wiped
    repeat: int = 1
    fallback: SayStep | None = None

    def part(self, max_ms: int) -> Play:
        fallback = None if self.fallback is None else self.fallback.part()
        return Play(self.url, max_ms, self.repeat, fallback)


class PauseStep(msgspec.Struct, frozen=True, tag="pause"):
    ms: int


class GatherStep(msgspec.Struct, frozen=True, omit_defaults=True, tag="gather"):
    """Collect keys while ``prompt`` is heard and for ``timeout_ms`` after it."""

    prompt: tuple[SayStep | PlayStep | PauseStep, ...] = ()
    max_digits: int = 32
    finish_key: str = "#"
    timeout_ms: int = 5000


class HangupStep(msgspec.Struct, frozen=True, tag="hangup"):
    """End the call here."""


class RecordStep(msgspec.Struct, frozen=True, omit_defaults=True, tag="record"):
    """Record the far end after a beep, until a key, silence or the limit (0: the call's)."""

    finish_keys: str = "#"
    max_silence_ms: int = 5000
    max_duration_ms: int = 0
    url: str = ""


Step = SayStep | PlayStep | PauseStep | GatherStep | RecordStep | HangupStep


class CallOrder(msgspec.Struct, frozen=True, omit_defaults=True):
    """Call ``to`` (E.164) and go through ``steps``; or, without any, speak ``message`` or play
    ``audio_url``. ``minutes``: started minutes that are paid for, or held on a balance.

    ``ring_timeout_s`` 0 is the shop's own. ``status_url`` is told every status (by
    ``status_method``, POST or GET), ``digits_url`` what was pressed, at the end; ``metadata`` is
    the buyer's own JSON, given back to them.
    """

    to: str
    minutes: int
    message: str = ""
    audio_url: str = ""
    duration_ms: int = 60_000
    voice: str = ""
    language: str = ""
    neural: bool = False
    steps: tuple[Step, ...] = ()
    ring_timeout_s: int = 0
    status_url: str = ""
    digits_url: str = ""
    metadata: str = ""
    status_method: str = "POST"

    def script(self, linger_ms: int) -> CallScript:
        """What the call says, and the silence after it in which keys are still heard."""
        if self.steps:
            return self._planned()
        said: Say | Play
        if self.audio_url:
            said = Play(self.audio_url, max_ms=self.duration_ms)
        else:
            said = Say(self.message, self.voice, self.language, self.neural)
        return (said, Pause(linger_ms)) if linger_ms else (said,)

    @property
    def gathers(self) -> tuple[GatherStep, ...]:
        """Where keys are asked for."""
        return tuple(step for step in self.steps if isinstance(step, GatherStep))

    def _planned(self) -> CallScript:
        script: list[Say | Play | Pause | Gather | Record | Hangup] = []
        for step in self.steps:
            match step:
                case GatherStep(prompt, max_digits, finish_key, timeout_ms):
                    parts = tuple(self._sound(each) for each in prompt)
                    script.append(Gather(parts, max_digits, finish_key, timeout_ms))
                case RecordStep(keys, silence_ms, duration_ms, url):
                    script.append(Record(keys, silence_ms, duration_ms, url))
                case HangupStep():
                    script.append(Hangup())
                case _:
                    script.append(self._sound(step))
        return tuple(script)

    def _sound(self, step: SayStep | PlayStep | PauseStep) -> Say | Play | Pause:
        match step:
            case SayStep():
                return step.part()
            case PlayStep():
                return step.part(self.minutes * 60_000)
            case PauseStep(ms):
                return Pause(ms)

    @property
    def max_duration_s(self) -> int:
        """When the carrier hangs up whatever is still being said: a second before the end of the
        minutes that are paid, since whoever bills a call by started minutes rounds up."""
        return self.minutes * 60 - 1


def steps_of(script: CallScript) -> tuple[Step, ...]:
    """A script as the steps of an order, for example a plan's."""
    steps: list[Step] = []
    for part in script:
        match part:
            case Gather(prompt, max_digits, finish_key, timeout_ms):
                prompts = tuple(_step(each) for each in prompt)
                steps.append(GatherStep(prompts, max_digits, finish_key, timeout_ms))
            case Record(keys, silence_ms, duration_ms, url):
                steps.append(RecordStep(keys, silence_ms, duration_ms, url))
            case Hangup():
                steps.append(HangupStep())
            case _:
                steps.append(_step(part))
    return tuple(steps)


def _step(part: Say | Play | Pause) -> SayStep | PlayStep | PauseStep:
    match part:
        case Say():
            return _say_step(part)
        case Play(url=url, repeat=repeat, fallback=fallback):
            return PlayStep(url, repeat, None if fallback is None else _say_step(fallback))
        case Pause(ms):
            return PauseStep(ms)


def _say_step(said: Say) -> SayStep:
    return SayStep(said.text, said.voice, said.language, said.neural, said.repeat)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(CallOrder).decode


def to_json(order: CallOrder) -> str:
    return _encode(order).decode()


def from_json(text: str) -> CallOrder:
    return _decode(text)
