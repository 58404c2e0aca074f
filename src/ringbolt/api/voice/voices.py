"""The voices of calls, and previews of a text."""

from __future__ import annotations

import json
from typing import Final

from ringbolt.api.kit.request import Nothing, Request
from ringbolt.api.kit.response import Response
from ringbolt.api.voice import schema
from ringbolt.api.voice.call_request import DEFAULT_VOICE, check_speakable, voice_of
from ringbolt.api.voice.documents import Voice, VoiceList
from ringbolt.app.calls.preview_speech import preview
from ringbolt.app.shop import Shop
from ringbolt.speech.languages import LANGUAGES
from ringbolt.speech.voices import PERSONAS, Persona, engine_voice

NOTES: Final = b"x-ringbolt-notes"
"""The header with the notes on a preview: a JSON list, in ASCII as a header must be."""


class Voices:
    """Voices and previews."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def listing(self, _: Request[Nothing]) -> VoiceList:
        """The voices that can be requested by name; each of them speaks any language."""
        return VoiceList(
            default=self._shop.settings.speech.default_voice or DEFAULT_VOICE,
            voices=[_voice(persona) for persona in PERSONAS],
            languages=sorted(LANGUAGES),
        )

    async def speech(self, request: Request[schema.Speech]) -> Response:
        """Hear a text as a call would speak it: WAV, 8 kHz."""
        text = request.params.say_text
        if not text.strip():
            raise request.fields.missing("sayText", schema.NO_TEXT)
        check_speakable(request.fields, "sayText", text)
        voiced = voice_of(self._shop, request.params)
        heard = await preview(self._shop, text, voiced.name, voiced.language, voiced.neural)
        notes = json.dumps(list(dict.fromkeys((*voiced.notes, *heard.notes))))
        return Response(
            headers=[(NOTES, notes.encode())], body=heard.wav, content_type=b"audio/wav"
        )


def _voice(persona: Persona) -> Voice:
    voice = engine_voice(persona.language, persona.region, persona.gender)
    return Voice(
        name=persona.id,
        language=persona.language,
        region=persona.region,
        gender=persona.gender,
        aliases=list(persona.aliases),
        neural=voice.tier == "neural",
    )
