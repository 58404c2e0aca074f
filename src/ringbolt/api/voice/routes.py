"""The family's addresses. Names and shapes are CEQUENS'; what is beside them is additive."""

from __future__ import annotations

from fastapi import APIRouter

from ringbolt.api.voice import documents, schema
from ringbolt.api.voice.calls import Calls
from ringbolt.api.voice.family import VoiceApi
from ringbolt.api.voice.openapi import BEARER, IDEMPOTENCY, Documented
from ringbolt.api.voice.plan import Plans
from ringbolt.api.voice.sign_in import SignIn
from ringbolt.api.voice.voices import Sound
from ringbolt.app.shop import Shop

_PLACING = (400, 401, 402, 403, 413, 422, 429, 503)
_LOOKING = (401, 403, 404, 429, 503)


def voice_api(shop: Shop) -> VoiceApi:
    """The family, with all its addresses."""
    api = VoiceApi(shop)
    _add_sign_in(api, shop)
    _add_placing(api, shop)
    _add_calls(api, shop)
    _add_sound(api, shop)
    return api


def router(shop: Shop) -> APIRouter:
    """The same for FastAPI alone."""
    return voice_api(shop).router()


def _add_sign_in(api: VoiceApi, shop: Shop) -> None:
    documented = Documented(
        documents.SignedIn, (400, 401, 403, 413, 429, 503), body=schema.SignIn, headers=()
    )
    sign_in = SignIn(shop).token
    api.add("POST", "/auth/v1/tokens", sign_in, documented, cost="sign-in", right="")


def _add_placing(api: VoiceApi, shop: Shop) -> None:
    calls, headers = Calls(shop), (BEARER, IDEMPOTENCY)
    call = Documented(documents.Placed, _PLACING, body=schema.Call, headers=headers)
    plan = Documented(
        documents.Placed,
        _PLACING,
        body=schema.PlanCall,
        headers=headers,
        xml=schema.PLAN_EXAMPLE,
    )
    for path, answer, documented in (
        ("/voice/v1/calls", calls.place, call),
        ("/voice/v1/simple-call", calls.place, None),
        ("/voice/v1/calls/plan", Plans(shop).place, plan),
    ):
        api.add("POST", path, answer, documented, cost="call", right="spend")


def _add_calls(api: VoiceApi, shop: Shop) -> None:
    calls = Calls(shop)
    listed = Documented(documents.Calls, (400, *_LOOKING), query=schema.Page)
    looked_at = Documented(documents.CallStatus, _LOOKING)
    call = "/voice/v1/calls/{call_id}"
    api.add("GET", "/voice/v1/calls", calls.listing, listed)
    api.add("GET", call, calls.status, looked_at)
    api.add("DELETE", call, calls.hang_up, looked_at, right="spend")
    recorded = Documented("audio/wav", _LOOKING)
    api.add("GET", "/voice/v1/recordings/{recording_id}", calls.recording, recorded)


def _add_sound(api: VoiceApi, shop: Shop) -> None:
    sound = Sound(shop)
    voices = Documented(documents.Voices, (429,), headers=())
    speech = Documented("audio/wav", (400, *_LOOKING), body=schema.Speech)
    api.add("GET", "/voice/v1/voices", sound.voices, voices, right="")
    api.add("POST", "/voice/v1/speech", sound.speech, speech, cost="speech")
