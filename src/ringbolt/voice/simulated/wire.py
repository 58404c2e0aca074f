"""The JSON between the simulated voice carrier and its adapter; both use this.

A clip travels once, as raw samples named by their SHA-256, and is named so in every script.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, field

from ringbolt.core.calls.call import CallEvent, Clip, Pause, Record, RenderedGather, RenderedScript
from ringbolt.voice.carrier import PlaceCall

Count = Annotated[int, Meta(ge=0)]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class ClipPart(Struct, tag="clip"):
    sha256: Sha256


class PausePart(Struct, tag="pause"):
    ms: Count


class GatherPart(Struct, tag="gather"):
    prompt: list[ClipPart | PausePart]
    max_digits: Annotated[int, Meta(ge=1)]
    finish_key: Annotated[str, Meta(pattern="^[0-9*#A-D]?$")]
    timeout_ms: Count


class RecordPart(Struct, tag="record"):
    finish_keys: Annotated[str, Meta(pattern="^[0-9*#A-D]*$")]
    max_silence_ms: Count
    max_duration_ms: Count


ScriptPart = ClipPart | PausePart | GatherPart | RecordPart


class CallRequest(Struct):
    """A request to place a call: ``POST /simulator/carrier/calls``."""

    ref: Annotated[str, Meta(min_length=1, max_length=200)]
    to: Annotated[str, Meta(pattern=r"^\+[0-9]{2,15}$")]
    caller_id: Annotated[str, Meta(max_length=32)] = field(name="from")
    script: list[ScriptPart]
    ring_timeout_s: Annotated[int, Meta(ge=1)]
    max_duration_s: Annotated[int, Meta(ge=1)]


class CallRefusal(Struct):
    """Why there is no call, with a status of 4xx; ``missing``: clips to be sent first."""

    reason: str
    permanent: bool
    missing: list[str] = []


class CallAccepted(Struct):
    """201: there is a call, and this is the carrier's name for it."""

    id: str


class CallState(Struct):
    """A call and every event of it: ``GET /simulator/carrier/calls/{ref}``."""

    ref: str
    id: str
    events: list[CallEvent]


class EventLine(Struct):
    """One line of the event stream; ``cursor`` is what to ask on from once it is stored."""

    cursor: int
    event: CallEvent


def request_of(call: PlaceCall, sha256_of: Callable[[Clip], str]) -> CallRequest:
    def sound(piece: Clip | Pause) -> ClipPart | PausePart:
        return ClipPart(sha256_of(piece)) if isinstance(piece, Clip) else PausePart(piece.ms)

    def part(piece: Clip | Pause | RenderedGather | Record) -> ScriptPart:
        if isinstance(piece, Record):
            return RecordPart(piece.finish_keys, piece.max_silence_ms, piece.max_duration_ms)
        if not isinstance(piece, RenderedGather):
            return sound(piece)
        prompt = [sound(each) for each in piece.prompt]
        return GatherPart(prompt, piece.max_digits, piece.finish_key, piece.timeout_ms)

    return CallRequest(
        call.ref,
        call.to,
        call.caller_id,
        [part(piece) for piece in call.script],
        call.ring_timeout_s,
        call.max_duration_s,
    )


def call_of(request: CallRequest, clip_of: Callable[[str], Clip]) -> PlaceCall:
    """The call that ``request`` asks for; ``clip_of`` finds a clip by its SHA-256."""

    def sound(piece: ClipPart | PausePart) -> Clip | Pause:
        return clip_of(piece.sha256) if isinstance(piece, ClipPart) else Pause(piece.ms)

    def part(piece: ScriptPart) -> Clip | Pause | RenderedGather | Record:
        if isinstance(piece, RecordPart):
            return Record(piece.finish_keys, piece.max_silence_ms, piece.max_duration_ms)
        if not isinstance(piece, GatherPart):
            return sound(piece)
        prompt = tuple(sound(each) for each in piece.prompt)
        return RenderedGather(prompt, piece.max_digits, piece.finish_key, piece.timeout_ms)

    return PlaceCall(
        request.ref,
        request.to,
        request.caller_id,
        tuple(part(piece) for piece in request.script),
        request.ring_timeout_s,
        request.max_duration_s,
    )


def clips_of(script: RenderedScript) -> Iterable[Clip]:
    """Every clip of a script, once each."""
    pieces: list[Clip | Pause | Record] = []
    for part in script:
        pieces.extend(part.prompt if isinstance(part, RenderedGather) else (part,))
    return dict.fromkeys(piece for piece in pieces if isinstance(piece, Clip))


def event_to_json(event: CallEvent) -> dict[str, Any]:
    doc: dict[str, Any] = msgspec.to_builtins(event)
    return doc


def event_from_json(doc: Any) -> CallEvent:
    """Raises ``msgspec.ValidationError`` if ``doc`` is no event."""
    return msgspec.convert(doc, CallEvent)
