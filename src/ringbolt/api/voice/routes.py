"""The family's addresses. Names and shapes are CEQUENS'; all others are additive."""

from __future__ import annotations

from typing import Any, Final

from ringbolt.api.kit.family import Family, browsers
from ringbolt.api.kit.openapi import Documentation, header
from ringbolt.api.kit.request import Nothing
from ringbolt.api.voice import documents, examples, schema
from ringbolt.api.voice.calls import Calls
from ringbolt.api.voice.dialect import VoiceDialect
from ringbolt.api.voice.envelope import Failure, Success
from ringbolt.api.voice.plan import Plans
from ringbolt.api.voice.sign_in import SignIn
from ringbolt.api.voice.voices import Voices
from ringbolt.app.shop import Shop

ROOTS: Final = ("/auth/v1", "/voice/v1")
_ALIAS: Final = "/voice/v1/simple-call"
DOCUMENTATION: Final = Documentation(
    tag="voice",
    error=Failure,
    envelope=Success,
    shows=examples.shown_error,
    answers=examples.ANSWERS,
    key=header(
        "Authorization",
        "Bearer and the access_token of /auth/v1/tokens, or Bearer and the API key.",
        required=True,
    ),
    security={
        "Bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "The access_token of /auth/v1/tokens, or the API key.",
        }
    },
    idempotency="A name of your own for this call: the same request under the same name answers "
    "with the same call, however often it is sent.",
    in_path={
        "call_id": "The callId as it was answered: CA and 32 hex digits.",
        "recording_id": "The id of a recording, from the call's document.",
    },
    dropped=("v1", "_id"),
    faults={
        400: "A field is wrong or missing; replyMessage names it",
        401: "The token or key is missing, unknown, expired or revoked",
        402: "The balance does not cover the call",
        403: "The key may not do this",
        404: "There is no such thing of this account",
        422: "This number is not called, or the audio cannot be played; nothing was charged",
    },
)
_PAYMENT: Final = {
    "x-payment-info": {
        "protocols": ["prepaid key"],
        "method": "lightning",
        "intent": "charge",
        "currency": "sat",
        "amount": None,
        "price": {"mode": "dynamic", "currency": "sat", "unit": "started minute"},
        "description": "`price` is set aside on the balance, which /fund tops up; `cost` is taken "
        "at the end of an answered call.",
    }
}


def voice_api(shop: Shop) -> Family:
    """The family, with all its addresses."""
    family = Family(
        VoiceDialect(shop),
        DOCUMENTATION,
        roots=ROOTS,
        cors=browsers(methods=("GET", "POST", "DELETE")),
    )
    family.add(
        "POST",
        "/auth/v1/tokens",
        SignIn(shop).token,
        schema.SignIn,
        documents.Token,
        errors=(401, 403),
        cost="sign-in",
        examples=schema.SIGN_IN_EXAMPLES,
    )
    _add_placing(family, shop)
    _add_placed(family, Calls(shop))
    _add_speech(family, shop)
    return family


def _add_placing(family: Family, shop: Shop) -> None:
    """Calls are placed here, by fields or by a plan."""
    calls, voice = Calls(shop), shop.settings.voice
    placing: dict[str, Any] = {
        "errors": (402, 422),
        "cost": "call",
        "right": "spend",
        "idempotent": True,
        "sells": ("call",),
        "more": _PAYMENT,
    }
    for path in ("/voice/v1/calls", _ALIAS):
        family.add(
            "POST",
            path,
            calls.place,
            schema.Call,
            documents.PlacedCall,
            at_most={"sayText": voice.max_chars, "maxMinutes": voice.max_minutes},
            examples=schema.CALL_EXAMPLES,
            hidden=path == _ALIAS,
            **placing,
        )
    family.add(
        "POST",
        "/voice/v1/calls/plan",
        Plans(shop).place,
        schema.PlanCall,
        documents.PlacedCall,
        at_most={"maxMinutes": voice.max_minutes},
        examples=schema.PLAN_EXAMPLES,
        xml=schema.PLAN_EXAMPLE,
        **placing,
    )


def _add_placed(family: Family, calls: Calls) -> None:
    """What became of calls that were placed."""
    call, recording = "/voice/v1/calls/{call_id}", "/voice/v1/recordings/{recording_id}"
    one, own = documents.CallDocument, {"errors": (404,), "right": "read"}
    family.add(
        "GET", "/voice/v1/calls", calls.listing, schema.Page, documents.CallPage, right="read"
    )
    family.add("GET", call, calls.status, Nothing, one, **own)
    family.add("DELETE", call, calls.hang_up, Nothing, one, errors=(404,), right="spend")
    family.add("GET", recording, calls.recording, Nothing, "audio/wav", **own)


def _add_speech(family: Family, shop: Shop) -> None:
    voices = Voices(shop)
    family.add("GET", "/voice/v1/voices", voices.listing, Nothing, documents.VoiceList)
    family.add(
        "POST",
        "/voice/v1/speech",
        voices.speech,
        schema.Speech,
        "audio/wav",
        errors=(422,),
        cost="speech",
        right="read",
        at_most={"sayText": shop.settings.voice.max_chars},
        examples=schema.SPEECH_EXAMPLES,
    )
