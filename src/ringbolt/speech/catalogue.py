"""The voices that can be asked for by name, as they are shown to whoever chooses one."""

from __future__ import annotations

from typing import Any

from ringbolt.speech.voices import PERSONAS, Persona, engine_voice


def list_voices() -> list[dict[str, Any]]:
    """Every persona with who really speaks its own language here.

    ``tiers`` is what a name promises elsewhere; ``neural`` says whether asking for it changes
    anything here, ``substitute`` that the voice only stands in for the one named.
    """
    return [_shown(persona) for persona in PERSONAS]


def _shown(persona: Persona) -> dict[str, Any]:
    voice = engine_voice(persona.language, persona.region, persona.gender)
    return {
        "id": persona.id,
        "language": f"{persona.language}-{persona.region}".rstrip("-"),
        "gender": persona.gender,
        "aliases": list(persona.aliases),
        "tiers": list(persona.tiers),
        "engine": "espeak-ng" if voice.engine == "espeak" else voice.engine,
        "neural": voice.tier == "neural",
        "substitute": voice.substitute,
    }
