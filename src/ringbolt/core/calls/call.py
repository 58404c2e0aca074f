"""What a call says, and the events that report its progress.

A ``CallScript`` is what the buyer asked for, as text; a ``RenderedScript`` is the same with every
text spoken and every file decoded, ready for a carrier: 16-bit mono PCM at 8 kHz.
The steps of a script are stored in orders as JSON: their tags, names and defaults never change.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from ringbolt.core.pricing.amount import Amount

SAMPLE_RATE = 8000
"""Samples per second of all telephone audio here (G.711, RFC 3551)."""


class Say(msgspec.Struct, frozen=True, omit_defaults=True, tag="say"):
    """Speak ``text`` (or SSML). ``voice`` and ``language`` are names or empty for automatic."""

    text: str = ""  # once it was wiped
    voice: str = ""
    language: str = ""
    neural: bool = False
    repeat: int = 1


class Play(msgspec.Struct, frozen=True, omit_defaults=True, tag="play"):
    """Play the audio behind ``url``, as much of it as there is time for; ``fallback`` is spoken
    instead if it cannot be played."""

    url: str = ""  # once it was wiped
    repeat: int = 1
    fallback: Say | None = None


class Pause(msgspec.Struct, frozen=True, tag="pause"):
    """Silence."""

    ms: int


class Gather(msgspec.Struct, frozen=True, omit_defaults=True, tag="gather"):
    """Collect keys while ``prompt`` plays and after it.

    A key ends the prompt. The gather is over at ``finish_key`` ('' for none), at the last of
    ``max_digits``, or when no key came for ``timeout_ms``: after the prompt, and after each key
    anew (as Twilio's ``<Gather>``). The call's longest duration bounds it."""

    prompt: tuple[Say | Play | Pause, ...] = ()
    max_digits: int = 32
    finish_key: str = "#"
    timeout_ms: int = 5000


class Hangup(msgspec.Struct, frozen=True, tag="hangup"):
    """End the call here."""


class Record(msgspec.Struct, frozen=True, omit_defaults=True, tag="record"):
    """Record the far end after a beep, until it presses one of ``finish_keys``, is silent for
    ``max_silence_ms``, or ``max_duration_ms`` are over (0: until the call is).

    ``url`` is where the caller asked to have it sent; nothing is sent: it is fetched from here."""

    finish_keys: str = "#"
    max_silence_ms: int = 5000
    max_duration_ms: int = 0
    url: str = ""


Sound = Say | Play | Pause
Step = Sound | Gather | Record | Hangup
CallScript = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Clip:
    """Decoded audio: ``path`` of a raw file (s16le, mono, 8 kHz), ``duration_ms`` of it."""

    path: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class RenderedGather:
    """A ``Gather`` for a carrier, with the same meaning of every field."""

    prompt: tuple[Clip | Pause, ...]
    max_digits: int
    finish_key: str
    timeout_ms: int


RenderedScript = tuple[Clip | Pause | RenderedGather | Record, ...]


class CallStatus(StrEnum):
    """A call's status, with the names that Twilio and compatible APIs use."""

    QUEUED = "queued"
    INITIATED = "initiated"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def is_final(self) -> bool:
        return self in _FINAL


TIME_WAS_UP = "the maximum duration was reached"
"""The cause when the carrier hung up before the script was over."""

HUNG_UP = "hung up by the buyer"
"""The cause of a call that its buyer ended before it was placed."""

_FINAL = frozenset(
    {
        CallStatus.COMPLETED,
        CallStatus.BUSY,
        CallStatus.NO_ANSWER,
        CallStatus.FAILED,
        CallStatus.CANCELED,
    }
)


@dataclass(frozen=True, slots=True)
class CallEvent:
    """Something that happened to a call, as its carrier reports it.

    ``ref`` is our attempt's reference, ``seq`` counts the events of that call from 1 without
    gaps, ``at_ms`` is when it happened. ``digits`` holds the keys of this event only (its status
    is ``in-progress`` then); ``cause`` is the carrier's reason for an end, e.g. ``"486 Busy
    Here"``; ``heard_ms`` is how much of the message the far end was sent, ``recordings`` how many
    it has, ``talked_ms`` how long the call was up by the carrier's own clock, None if it does not
    say (all on the final event).

    ``cost``: what the carrier bills for the whole call, on the final event or on a later one with
    the same status; None if it does not say, or not yet (``core.part_checks.SupportsCostLookup``).
    """

    ref: str
    seq: int
    at_ms: int
    status: CallStatus
    digits: str = ""
    cause: str = ""
    heard_ms: int = 0
    recordings: int = 0
    talked_ms: int | None = None
    cost: Amount | None = None


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """What the shop has on record of one request for a call.

    ``carrier_id``: '' as long as no answer told it. ``asked_ms``: before the request was sent.
    ``is_unanswered``: whether there is such a call is not known. ``is_open``: its end is not known.
    Of the committed events: ``last_seq`` is the number of the last one (0: none), ``status`` the
    last status, and ``keys`` how many keys they told.
    """

    ref: str
    to: str
    carrier_id: str
    asked_ms: int
    is_unanswered: bool
    is_open: bool
    last_seq: int
    status: CallStatus
    keys: int
