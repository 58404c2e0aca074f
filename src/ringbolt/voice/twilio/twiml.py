"""Writes a call's script as TwiML: https://www.twilio.com/docs/voice/twiml.

A document goes as far as the first step whose outcome decides what comes next, a ``Gather`` or a
``Record``; the far end then asks for the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from ringbolt.core.calls.call import Clip, Pause, Record, RenderedGather, RenderedScript

INLINE_CHARS: Final = 4000
"""The longest document that may be in the request for a call."""
HANG_UP: Final = "<Response><Hangup/></Response>"
LONGEST_RECORDING_S: Final = 14_400
_LONGEST_WAIT_S: Final = 120
"""Telnyx: 1 to 120 s."""


@dataclass(frozen=True, slots=True)
class Links:
    """The addresses in a document. ``clip`` and ``silence`` (ms): where audio is. ``gathered`` and
    ``recorded``: what to ask for when the script's step of that number is over; absolute, because
    an inline document has no address that others could be relative to."""

    clip: Callable[[Clip], str]
    silence: Callable[[int], str]
    gathered: Callable[[int], str]
    recorded: Callable[[int], str]


def document(script: RenderedScript, first: int, links: Links) -> str:
    """What a call does from step ``first`` on."""
    return f"<Response>{''.join(_verbs(script, first, links))}</Response>"


def is_whole(script: RenderedScript) -> bool:
    """Whether the first document says all: nothing follows keys or a recording."""
    last = len(script) - 1
    return all(
        at == last or not isinstance(step, RenderedGather | Record)
        for at, step in enumerate(script)
    )


def message_ms(script: RenderedScript) -> int:
    """How long the message of a script is, without what is waited for keys or recorded."""
    sounds: list[Clip | Pause] = []
    for step in script[: _final_silence(script)]:
        match step:
            case RenderedGather(prompt):
                sounds += prompt
            case Clip() | Pause():
                sounds.append(step)
    return sum(each.duration_ms if isinstance(each, Clip) else each.ms for each in sounds)


def is_plain(script: RenderedScript) -> bool:
    """Whether it only plays: its length is known, and its end needs no request."""
    return all(isinstance(step, Clip | Pause) for step in script) and (
        _final_silence(script) == len(script)
    )


def asks_at_end(script: RenderedScript) -> bool:
    """Whether the far end asks for a next part when all is over."""
    return bool(script) and not isinstance(script[-1], Clip)


def _verbs(script: RenderedScript, first: int, links: Links) -> Iterator[str]:
    silence_at = _final_silence(script)
    sounds: list[Clip | Pause] = []
    for at in range(first, len(script)):
        step = script[at]
        if isinstance(step, Clip | Pause) and at < silence_at:
            sounds.append(step)
            continue
        yield from _sounds(sounds, links)
        yield _decision(script, at, links)
        return
    yield from _sounds(sounds, links)


def _decision(script: RenderedScript, at: int, links: Links) -> str:
    """The verb that ends a document."""
    match script[at]:
        case RenderedGather() as step:
            attributes = {
                "numDigits": str(step.max_digits),
                "finishOnKey": step.finish_key,
                "timeout": str(_seconds(step.timeout_ms)),
            }
            prompt = "".join(_sounds(step.prompt, links))
            return _gather(attributes, prompt, links.gathered(at))
        case Record() as step:
            return _record(step, links.recorded(at))
        case _:  # the silence at the end, in which keys are still heard
            wait_ms = sum(each.ms for each in script[at:] if isinstance(each, Pause))
            attributes = {"finishOnKey": "", "timeout": str(_seconds(wait_ms))}
            return _gather(attributes, "", links.gathered(len(script) - 1))


def _final_silence(script: RenderedScript) -> int:
    """Where the silence at the end of a script begins; its length if there is none."""
    at = len(script)
    while at and isinstance(script[at - 1], Pause):
        at -= 1
    return at


def _gather(attributes: Mapping[str, str], prompt: str, action: str) -> str:
    wanted = {
        "input": "dtmf",
        **attributes,
        "action": action,
        "method": "POST",
        "actionOnEmptyResult": "true",
    }
    return f"<Gather{_attributes(wanted)}>{prompt}</Gather>"


def _record(step: Record, action: str) -> str:
    longest_s = _seconds(step.max_duration_ms, LONGEST_RECORDING_S)
    wanted = {
        "finishOnKey": step.finish_keys,
        "timeout": str(_seconds(step.max_silence_ms)),
        "maxLength": str(longest_s if step.max_duration_ms else LONGEST_RECORDING_S),
        "playBeep": "true",
        "trim": "do-not-trim",
        "action": action,
        "method": "POST",
    }
    return f"<Record{_attributes(wanted)}/>"


def _sounds(steps: Sequence[Clip | Pause], links: Links) -> Iterator[str]:
    for step, equal in groupby(steps):
        times = len(list(equal))
        if isinstance(step, Clip):
            yield _play(links.clip(step), times)
        elif (ms := step.ms * times) % 1000 or not ms:
            # A pause has whole seconds: any other is a silent file.
            yield _play(links.silence(ms), 1) if ms else ""
        else:
            yield f'<Pause length="{ms // 1000}"/>'


def _play(url: str, times: int) -> str:
    loop = f' loop="{times}"' if times > 1 else ""
    return f"<Play{loop}>{escape(url)}</Play>"


def _attributes(values: Mapping[str, str]) -> str:
    return "".join(f" {name}={quoteattr(value)}" for name, value in values.items())


def _seconds(ms: int, most: int = _LONGEST_WAIT_S) -> int:
    return min(max(1, -(-ms // 1000)), most)
