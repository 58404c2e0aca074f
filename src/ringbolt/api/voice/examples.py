"""What is answered, as the OpenAPI document shows it."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

from ringbolt.api.voice import documents
from ringbolt.api.voice.envelope import HANDLED, NO_CLIENT_ID, Failure, Fault, InternalError
from ringbolt.core.errors import RingboltError
from ringbolt.core.phone import EXAMPLE

_REQUEST: Final = "fe0b8c90-5916-42fb-818c-512cca9d93d9"
_TIME: Final = "2026-12-01T14:32:41.278"
_CALL: Final = "CA3d8637ccdedcd7f16cd72ca731e7563e"


def shown_error(error: RingboltError) -> Failure:
    """An error as an example shows it."""
    inside = InternalError(error.code, error.message, error.field, error.suggestion)
    fault = Fault(error.status, error.title, [inside])
    return Failure(error.status, error.message, _REQUEST, NO_CLIENT_ID, _TIME, None, fault)


def _in_envelope(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "replyCode": 0,
        "replyMessage": HANDLED,
        "requestId": _REQUEST,
        "clientRequestId": NO_CLIENT_ID,
        "requestTime": _TIME,
        "data": data,
        "error": None,
    }


_AS_IT_IS: Final = {
    "callId": _CALL,
    "to": EXAMPLE,
    "status": "completed",
    "digits": "1",
    "dtmf": True,
    "duration": 14,
    "cause": "the caller hung up",
    "createdAt": "2026-12-01T14:32:41.276",
    "ringingAt": "2026-12-01T14:32:42.597",
    "answeredAt": "2026-12-01T14:32:47.847",
    "endedAt": "2026-12-01T14:33:01.808",
    "price": 100,
    "cost": 50,
    "notes": [],
    "recordings": [],
    "metaData": None,
}
ANSWERS: Final[MappingProxyType[type, Any]] = MappingProxyType(
    {
        documents.Token: _in_envelope(
            {"access_token": "eyJhbGciOiJIUzI1NiIs...", "token_type": "bearer", "expires_in": 3600}
        ),
        documents.PlacedCall: _in_envelope(
            {
                "callId": _CALL,
                "status": "queued",
                "to": EXAMPLE,
                "voice": "Zeina",
                "price": 100,
                "pricePerMinute": 50,
                "maxMinutes": 2,
                "notes": [],
                "ignoredFields": [],
                "metaData": None,
            }
        ),
        documents.CallDocument: _in_envelope(_AS_IT_IS),
        documents.CallPage: _in_envelope({"calls": [_AS_IT_IS], "next": None}),
        documents.VoiceList: _in_envelope(
            {
                "default": "Zeina",
                "voices": [
                    {
                        "name": "Joanna",
                        "language": "en",
                        "region": "US",
                        "gender": "female",
                        "aliases": ["alice"],
                        "neural": True,
                    }
                ],
                "languages": ["ar", "de", "en", "es"],
            }
        ),
    }
)
"""By struct. Every one is checked against its struct by a test."""
