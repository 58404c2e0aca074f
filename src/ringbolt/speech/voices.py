"""The voices that a request can name (personas), and the engine voices that implement them.

A persona has a gender, a home language and a quality. The text's language selects the engine,
because a German text read by an English voice is not understood. So any persona speaks any
language, with a voice of its gender; notes say what differs from the request.

hibari speaks English in both genders. Its one voice is a woman's; played slower it substitutes a
man's, noted as ``voice_substituted``. Over a telephone line a speech recogniser misunderstood 4 of
10 words of espeak-ng's English male voice, and none of that one's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from ringbolt.core.tables import entries, shipped_rows
from ringbolt.speech.languages import LANGUAGES

Gender = Literal["female", "male"]
Tier = Literal["standard", "neural"]
TIERS: Final[tuple[Tier, ...]] = ("standard", "neural")

VOICE_UNKNOWN: Final = "voice_unknown"
VOICE_SUBSTITUTED: Final = "voice_substituted"
NEURAL_DOWNGRADED: Final = "neural_downgraded"
LANGUAGE_DIFFERS: Final = "language_differs"
LANGUAGE_IGNORED: Final = "language_ignored"
ENGINE_FALLBACK: Final = "engine_fallback"
PARTLY_UNSPOKEN: Final = "partly_unspoken"


@dataclass(frozen=True, slots=True)
class Persona:
    """A voice as callers know it; names of Amazon Polly, because the telephone APIs use them."""

    id: str
    language: str
    gender: Gender
    region: str = ""
    tiers: tuple[Tier, ...] = TIERS
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EngineVoice:
    """A voice as an engine knows it.

    ``name`` is the engine's own. ``depth`` below 1 lowers pitch and formants together by that
    factor; ``substitute`` marks a voice that replaces the one asked for.
    ``words_per_minute`` is espeak-ng's usual rate; ``rate`` is how many times faster to speak.
    """

    engine: Literal["hibari", "espeak"]
    name: str
    tier: Tier
    depth: float = 1.0
    substitute: bool = False
    words_per_minute: int = 150
    rate: float = 1.0


def _load() -> tuple[Persona, ...]:
    return tuple(map(_persona, shipped_rows("ringbolt.speech", "personas.csv")))


def _persona(row: dict[str, str]) -> Persona:
    gender: Gender = "female" if row["gender"] == "female" else "male"
    has = entries(row["tiers"])
    tiers = tuple(tier for tier in TIERS if tier in has)
    return Persona(
        row["id"], row["language"], gender, row["region"], tiers, entries(row["aliases"])
    )


PERSONAS: Final = _load()
"""Every persona; the first of a language is its usual voice."""

_BY_NAME: Final = {
    name.casefold(): persona for persona in PERSONAS for name in (persona.id, *persona.aliases)
}


def find_persona(name: str) -> Persona | None:
    """The persona of that name, in any case, with or without ``Polly.`` and ``-Neural``."""
    wanted = name.strip().casefold().removeprefix("polly.").removesuffix("-neural")
    return _BY_NAME.get(wanted)


def resolve_persona(name: str, default: str) -> tuple[Persona | None, tuple[str, ...]]:
    """The requested persona, else the default (None: the usual one of the text's language)."""
    if not name.strip():
        return find_persona(default), ()
    persona = find_persona(name)
    if persona is None:
        return find_persona(default), (VOICE_UNKNOWN,)
    return persona, ()


def persona_for(language: str) -> Persona | None:
    """The usual persona of a language."""
    return next((persona for persona in PERSONAS if persona.language == language), None)


def engine_voice(language: str, region: str, gender: Gender) -> EngineVoice:
    """The best built-in voice for a language."""
    if language != "en":
        return espeak_voice(language, region, gender)
    if gender == "male":
        return EngineVoice("hibari", "heart", "neural", depth=0.76, substitute=True)
    return EngineVoice("hibari", "heart", "neural")


def espeak_voice(language: str, region: str, gender: Gender) -> EngineVoice:
    """espeak-ng's voice for a language; also the fallback when another engine fails."""
    known = LANGUAGES.get(language)
    name = known.espeak_name(region) if known else language
    variant = "+f3" if gender == "female" else ""
    substitute = known is not None and known.substitute
    return EngineVoice("espeak", name + variant, "standard", substitute=substitute)
