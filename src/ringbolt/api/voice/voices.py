"""What calls can sound like: the voices, and a text to hear before anybody is called."""

from __future__ import annotations

import json
from typing import Final

from ringbolt.api.voice.call_request import DEFAULT_VOICE, speakable_text, voice_of
from ringbolt.api.voice.envelope import Reply
from ringbolt.api.voice.names import SPEECH
from ringbolt.api.voice.request import Asked
from ringbolt.app.calls.preview_speech import preview
from ringbolt.app.shop import Shop
from ringbolt.speech.languages import LANGUAGES
from ringbolt.speech.voices import PERSONAS, Persona, engine_voice

NOTES: Final = b"x-ringbolt-notes"
"""Where the notes on a preview stand: a JSON list, in ASCII as a header must be."""


class Sound:
    """Voices and previews."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def voices(self, _: Asked) -> Reply:
        """The voices that can be asked for by name; any of them speaks any language."""
        return Reply(
            {
                "default": self._shop.settings.speech.default_voice or DEFAULT_VOICE,
                "voices": [_voice(persona) for persona in PERSONAS],
                "languages": sorted(LANGUAGES),
            }
        )

    async def speech(self, asked: Asked) -> Reply:
        """Hear a text as a call would speak it: WAV, 8 kHz."""
        fields = asked.json(SPEECH)
        text = speakable_text(self._shop, fields)
        if not text:
            raise fields.missing("sayText", "It is what is spoken.")
        voiced = voice_of(self._shop, fields)
        heard = await preview(self._shop, text, voiced.name, voiced.language, voiced.neural)
        notes = json.dumps(list(dict.fromkeys((*voiced.notes, *heard.notes))))
        headers = ((NOTES, notes.encode()),)
        return Reply(headers=headers, body=heard.wav, content_type=b"audio/wav")


def _voice(persona: Persona) -> dict[str, object]:
    voice = engine_voice(persona.language, persona.region, persona.gender)
    return {
        "name": persona.id,
        "language": persona.language,
        "region": persona.region,
        "gender": persona.gender,
        "aliases": list(persona.aliases),
        "neural": voice.tier == "neural",
    }
