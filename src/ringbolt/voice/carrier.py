"""The port to a carrier of phone calls.

A carrier is asked once per attempt, by our own reference. Its answer is three-valued: a definite
yes, a definite no, or unknown; an unknown one is looked up or waited for, never repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from ringbolt.core.calls.call import CallEvent, Clip, RecordedCall, RenderedScript
from ringbolt.core.outcome import Recovery, Rejected, Unknown
from ringbolt.core.sanitise import storable_name
from ringbolt.core.sink import Sink


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class PlaceCall:
    """A call to place. ``ref``: ours, unique per attempt. ``to``/``caller_id``: E.164.

    The carrier stops ringing after ``ring_timeout_s`` and hangs up ``max_duration_s`` after the
    answer even if the script is not over.

    In a ``RenderedGather`` a key stops the prompt at once, whatever ``max_digits`` is, and counts.
    The wait of ``timeout_ms`` begins when the prompt is over and begins again with each key;
    nothing but ``max_duration_s`` bounds their sum. Twilio's ``<Gather>`` does so if ``timeout``,
    ``numDigits``, ``finishOnKey`` and its nested prompt are set; an adapter that plays the audio
    itself (SIP) does it by its own timer. Every key is reported, the finish key too.

    ``still_wanted`` is called right before the request is
    sent, after all preparation: if it returns False (the caller was suspended for so long that
    another worker has taken over), nothing is sent and the result is ``Rejected``, not permanent.
    """

    ref: str
    to: str
    caller_id: str
    script: RenderedScript
    ring_timeout_s: int
    max_duration_s: int
    still_wanted: Callable[[], bool] = field(default=_always, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The carrier accepted the call; ``carrier_id`` is its own id of it."""

    carrier_id: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "carrier_id", storable_name(self.carrier_id))


PlaceResult = Accepted | Rejected | Unknown


@dataclass(frozen=True, slots=True)
class EventBatch:
    """Events in the order in which they happened to each call.

    ``cursor``: where to follow on from once they are committed, '' if the carrier cannot replay.
    """

    events: tuple[CallEvent, ...]
    cursor: str


class VoiceCarrier(Protocol):
    """Places calls and reports what happens to them.

    Numbering the events of a call is the adapter's duty: ``CallEvent.seq`` counts from 1 without
    gaps, and a repeated event has the same number, also after a restart of the shop. If the far end
    does not number its events (SIP), or with gaps (Twilio's SequenceNumber), the adapter numbers
    them by what it knows of the call.
    """

    @property
    def name(self) -> str: ...

    @property
    def recovery(self) -> Recovery: ...

    async def place(self, call: PlaceCall) -> PlaceResult:
        """Request the call. Never raises for what the carrier does; see ``PlaceResult``."""
        ...

    async def hang_up(self, ref: str) -> None:
        """End the call if it is up or ringing; no effect if it is over or unknown."""
        ...

    async def follow(self, cursor: str, sink: Sink[EventBatch]) -> None:
        """Deliver all events after ``cursor`` to ``sink``, then new ones; see ``core.sink``.

        '' is the beginning, and the only cursor of a carrier that cannot replay: it delivers what
        happens from now on, and what it queued while nothing followed. Never returns: raises
        ``Unavailable`` when the carrier is lost (the caller follows again), and what the sink
        raised.
        """
        ...

    async def close(self) -> None: ...


@runtime_checkable
class SupportsRecording(Protocol):
    """A carrier that can record (``Record`` in a script)."""

    async def recording(self, ref: str, n: int) -> bytes | None:
        """The ``n``-th recording (from 1) of a call that is over: a WAV, 16-bit mono 8 kHz.

        None if there is none, or none any more. Raises ``Unavailable`` if the carrier cannot be
        asked.
        """
        ...


class AudioUrls(Protocol):
    def url(self, clip: Clip, valid_s: int) -> str:
        """Where this clip, and nothing else, is a WAV file (16-bit, mono, 8 kHz) for ``valid_s``
        seconds. The URL is a secret: anybody who has it can listen."""
        ...

    def silence(self, ms: int, valid_s: int) -> str:
        """Where ``ms`` of silence are such a file: for far ends that pause by whole seconds."""
        ...


@runtime_checkable
class NeedsAudioUrls(Protocol):
    """A carrier that cannot read our files, and fetches what it plays."""

    def fetch_audio_from(self, audio: AudioUrls) -> None:
        """Called once, before the first call is placed."""
        ...


class CallRecords(Protocol):
    """The shop's records of the calls of one carrier."""

    async def call(self, ref: str) -> RecordedCall | None: ...

    async def calls_to(self, number: str, since_ms: int) -> Sequence[RecordedCall]:
        """All requests for calls to ``number`` since then."""
        ...

    async def open_calls(self) -> Sequence[RecordedCall]: ...


@runtime_checkable
class NeedsCallRecords(Protocol):
    """A carrier whose far end numbers nothing and repeats nothing: after a restart the shop's
    records tell which events were committed, and which calls to ask about."""

    def read_records(self, records: CallRecords) -> None:
        """Called once, before any other method."""
        ...


@dataclass(frozen=True, slots=True)
class CallSnapshot:
    """What a carrier knows of one call: every event so far; after a restart of the shop those that
    are committed may be left out."""

    ref: str
    carrier_id: str
    events: tuple[CallEvent, ...]


@runtime_checkable
class SupportsCallLookup(Protocol):
    async def find(self, ref: str) -> CallSnapshot | None:
        """The call with our reference; None if the carrier never accepted it (a definite no).

        Raises ``Unavailable`` if the carrier cannot be asked.
        """
        ...
