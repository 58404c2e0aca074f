"""What is answered inside of the envelope. Amounts are satoshis, times UTC."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from ringbolt.api.kit.schema import about

CallId = Annotated[str, about("CA and 32 hex digits.", "CA" + "0f" * 16)]
Number = Annotated[str, about("E.164.", "+12025550123")]
Metadata = Annotated[Any, about("As it was sent.")]
Notes = Annotated[
    list[str],
    about("What differs from the request, e.g. voice_unknown.", ["voice_unknown"]),
]


class Document(msgspec.Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """Part of an answer."""


class Token(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An access token."""

    access_token: str
    token_type: Annotated[str, about("", "bearer")]
    expires_in: Annotated[int, about("Seconds.", 3600)]


class PlacedCall(Document, kw_only=True, omit_defaults=True):
    """The call is queued."""

    call_id: CallId
    status: Annotated[str, about("", "queued")]
    to: Number
    voice: Annotated[str, about("", "Zeina")]
    price: Annotated[int, about("Sats set aside for the call; its cost is known at its end.")]
    price_per_minute: Annotated[int, about("Sats per started minute.")]
    max_minutes: Annotated[int, about("How long the call may last.")]
    notes: Notes
    ignored_fields: Annotated[list[str], about("Unknown fields of the request.")]
    meta_data: Metadata
    webhook_secret: Annotated[str | None, about("The key that signs the callbacks.")] = None


class Recorded(Document):
    """What was said after a beep."""

    id: Annotated[str, about("RE and 32 hex digits, for /voice/v1/recordings/{recording_id}.")]
    duration: Annotated[int, about("Seconds.")]


class CallDocument(Document):
    """The call as it is now."""

    call_id: CallId
    to: Number
    status: Annotated[
        str,
        about(
            "queued, initiated, ringing, in-progress, completed, busy, no-answer, failed or "
            "canceled."
        ),
    ]
    digits: Annotated[str, about("The keys pressed, without the finish key.")]
    dtmf: Annotated[bool, about("Whether the call collects keys.")]
    duration: Annotated[int, about("Seconds from the answer to the end, or to now.")]
    cause: Annotated[str, about("Why it ended, as the carrier reports it.")]
    created_at: str | None
    ringing_at: str | None
    answered_at: str | None
    ended_at: str | None
    price: Annotated[int, about("Sats that were set aside for the call.")]
    cost: Annotated[int, about("Sats charged, once an answered call has ended.")]
    notes: Notes
    recordings: Annotated[list[Recorded], about("What was said, where a plan records.")]
    meta_data: Metadata


class CallPage(Document):
    """The calls of the account, the latest first."""

    calls: list[CallDocument]
    next: Annotated[str, about("The cursor of the next page; null on the last.")] | None


class Voice(Document):
    """A voice by name."""

    name: Annotated[str, about("", "Zeina")]
    language: Annotated[str, about("ISO 639.", "ar")]
    region: Annotated[str, about("ISO 3166, or ''.", "US")]
    gender: Annotated[str, about("", "female")]
    aliases: list[str]
    neural: Annotated[bool, about("Whether its language has a neural voice here.")]


class VoiceList(Document):
    """The voices that can be requested by name."""

    default: Annotated[str, about("", "Zeina")]
    voices: list[Voice]
    languages: Annotated[list[str], about("What can be spoken, ISO 639.")]
