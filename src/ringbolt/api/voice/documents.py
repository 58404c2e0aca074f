"""What is answered, for the OpenAPI document. Amounts are satoshis, times UTC."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

_CALL_ID = Field(description="CA and 32 hex digits.", examples=["CA" + "0f" * 16])
_METADATA = Field(None, description="As it was sent.")
_NOTES = Field(
    description="What differs from the wish, e.g. voice_unknown, neural_downgraded.",
    examples=[["voice_unknown"]],
)


class InternalError(BaseModel):
    """What is wrong. ``code`` is stable, the sentence is not."""

    code: str = Field(examples=["OUT_OF_RANGE"])
    details: str = Field(examples=["reps must be between 1 and 10, not 11."])
    field: str | None = Field(None, description="The field at fault, as it was written.")
    suggestion: str | None = None


class Fault(BaseModel):
    """An error inside the envelope."""

    status: int = Field(examples=[400])
    description: str
    internalErrors: list[InternalError]  # noqa: N815


class Envelope(BaseModel):
    """The reply envelope of every answer."""

    replyCode: int = Field(description="0 for success, else the HTTP status.")  # noqa: N815
    replyMessage: str  # noqa: N815
    requestId: str = Field(description="A UUID of this request.")  # noqa: N815
    clientRequestId: int | str = Field(  # noqa: N815
        description="clientRequestId of the body, query or header; 0 without one."
    )
    requestTime: str = Field(  # noqa: N815
        description="UTC.", examples=["2021-02-16T10:47:40.296"]
    )


class Failure(Envelope):
    """A request that came to nothing."""

    data: None
    error: Fault


class Success(Envelope):
    """A request that was handled."""

    error: None = None


class Token(BaseModel):
    access_token: str
    token_type: str = Field(examples=["bearer"])
    expires_in: int = Field(description="Seconds.", examples=[3600])


class SignedIn(Success):
    """An access token."""

    data: Token


class PlacedCall(BaseModel):
    callId: str = _CALL_ID  # noqa: N815
    status: str = Field(examples=["queued"])
    to: str = Field(examples=["+12025550123"])
    voice: str = Field(examples=["Zeina"])
    price: int = Field(description="Sats set aside for the call; what it costs is known at its end")
    pricePerMinute: int = Field(description="Sats per started minute.")  # noqa: N815
    maxMinutes: int = Field(description="Then the call is ended.")  # noqa: N815
    notes: list[str] = _NOTES
    ignoredFields: list[str] = Field(  # noqa: N815
        description="Fields of the request that mean nothing here."
    )
    webhookSecret: str | None = Field(  # noqa: N815
        None, description="It signs the callbacks (Standard Webhooks)."
    )
    metaData: dict[str, Any] | None = _METADATA  # noqa: N815


class Placed(Success):
    """The call is queued."""

    data: PlacedCall


class Recorded(BaseModel):
    id: str = Field(description="RE and 32 hex digits, for /voice/v1/recordings/{recording_id}.")
    duration: int = Field(description="Seconds.")


class CallDocument(BaseModel):
    callId: str = _CALL_ID  # noqa: N815
    to: str = Field(examples=["+12025550123"])
    status: str = Field(
        description="queued, initiated, ringing, in-progress, completed, busy, no-answer, failed "
        "or canceled."
    )
    digits: str = Field(description="The keys pressed, without the finish key.")
    dtmf: bool = Field(description="Whether keys were asked for.")
    duration: int = Field(description="Seconds from the answer to the end, or to now.")
    cause: str = Field(description="Why it ended, as the carrier tells it.")
    createdAt: str | None  # noqa: N815
    ringingAt: str | None  # noqa: N815
    answeredAt: str | None  # noqa: N815
    endedAt: str | None  # noqa: N815
    price: int = Field(description="Sats that were set aside for the call.")
    cost: int = Field(description="Sats charged: for an answered call that is over.")
    notes: list[str] = _NOTES
    recordings: list[Recorded] = Field(description="What was said, where a plan records.")
    metaData: dict[str, Any] | None = _METADATA  # noqa: N815


class CallStatus(Success):
    """The call as it stands."""

    data: CallDocument


class CallPage(BaseModel):
    calls: list[CallDocument]
    next: str | None = Field(description="The cursor of the next page; null on the last.")


class Calls(Success):
    """The calls of the account, the latest first."""

    data: CallPage


class Voice(BaseModel):
    name: str = Field(examples=["Zeina"])
    language: str = Field(description="ISO 639.", examples=["ar"])
    region: str = Field(description="ISO 3166, or ''.", examples=["US"])
    gender: str = Field(examples=["female"])
    aliases: list[str]
    neural: bool = Field(description="Whether its language has a neural voice here.")


class VoiceList(BaseModel):
    default: str = Field(examples=["Zeina"])
    voices: list[Voice]
    languages: list[str] = Field(description="What can be spoken, ISO 639.")


class Voices(Success):
    """The voices that can be asked for by name."""

    data: VoiceList
