"""The voices that can be asked for by name, and who really speaks.

A name is a wish for a persona: a gender, a home language, a quality. The text's language picks the
engine: a German text read by an English voice is not understood, whatever its name. So any persona
speaks any language, with a voice of its gender; notes tell what differs from the wish.

English comes from hibari in both genders. Its one voice is a woman's; played slower it stands in
for a man's, noted as ``voice_substituted``. A speech recogniser at the other end of a telephone
line took 4 of 10 words of espeak-ng's English male for something else, and none of that one's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Gender = Literal["female", "male"]
Tier = Literal["standard", "neural"]

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
    tiers: tuple[Tier, ...] = ("standard", "neural")
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EngineVoice:
    """What an engine is told.

    ``name`` is the engine's own. ``depth`` below 1 lowers pitch and formants together by that
    factor; ``substitute`` marks a voice that only stands in for the one wished for.
    ``words_per_minute`` is espeak-ng's usual rate; ``rate`` is how many times faster to speak.
    """

    engine: Literal["hibari", "espeak"]
    name: str
    tier: Tier
    depth: float = 1.0
    substitute: bool = False
    words_per_minute: int = 150
    rate: float = 1.0


_S: Final[tuple[Tier, ...]] = ("standard",)
_N: Final[tuple[Tier, ...]] = ("neural",)

PERSONAS: Final = (
    Persona("Zeina", "ar", "female", tiers=_S),
    Persona("Hala", "ar", "female", "AE", _N),
    Persona("Zayd", "ar", "male", "AE", _N),
    Persona("Joanna", "en", "female", "US", aliases=("alice", "woman", "female", "heart")),
    Persona("Matthew", "en", "male", "US", aliases=("man", "male")),
    Persona("Salli", "en", "female", "US"),
    Persona("Kimberly", "en", "female", "US"),
    Persona("Kendra", "en", "female", "US"),
    Persona("Ivy", "en", "female", "US"),
    Persona("Ruth", "en", "female", "US", _N),
    Persona("Joey", "en", "male", "US"),
    Persona("Justin", "en", "male", "US"),
    Persona("Stephen", "en", "male", "US", _N),
    Persona("Amy", "en", "female", "GB"),
    Persona("Emma", "en", "female", "GB"),
    Persona("Brian", "en", "male", "GB"),
    Persona("Celine", "fr", "female", "FR", _S, ("Céline",)),
    Persona("Lea", "fr", "female", "FR", aliases=("Léa",)),
    Persona("Mathieu", "fr", "male", "FR", _S),
    Persona("Marlene", "de", "female", "DE", _S),
    Persona("Vicki", "de", "female", "DE"),
    Persona("Hans", "de", "male", "DE", _S),
    Persona("Conchita", "es", "female", "ES", _S),
    Persona("Lucia", "es", "female", "ES"),
    Persona("Enrique", "es", "male", "ES", _S),
    Persona("Mia", "es", "female", "MX"),
    Persona("Bianca", "it", "female", "IT"),
    Persona("Carla", "it", "female", "IT", _S),
    Persona("Giorgio", "it", "male", "IT", _S),
    Persona("Vitoria", "pt", "female", "BR", aliases=("Vitória",)),
    Persona("Ricardo", "pt", "male", "BR", _S),
    Persona("Ines", "pt", "female", "PT", aliases=("Inês",)),
    Persona("Cristiano", "pt", "male", "PT", _S),
    Persona("Tatyana", "ru", "female", "RU", _S),
    Persona("Maxim", "ru", "male", "RU", _S),
    Persona("Zhiyu", "zh", "female", "CN"),
    Persona("Filiz", "tr", "female", "TR", _S),
    Persona("Aditi", "hi", "female", "IN", _S),
    Persona("Uzma", "ur", "female", "PK", _N),
    Persona("Asad", "ur", "male", "PK", _N),
    Persona("Ewa", "pl", "female", "PL", _S),
    Persona("Jacek", "pl", "male", "PL", _S),
    Persona("Lotte", "nl", "female", "NL", _S),
    Persona("Ruben", "nl", "male", "NL", _S),
    Persona("Astrid", "sv", "female", "SE", _S),
    Persona("Naja", "da", "female", "DK", _S),
    Persona("Liv", "nb", "female", "NO", _S),
    Persona("Carmen", "ro", "female", "RO", _S),
    Persona("Mizuki", "ja", "female", "JP", _S),
    Persona("Seoyeon", "ko", "female", "KR"),
)

_BY_NAME: Final = {
    name.casefold(): persona for persona in PERSONAS for name in (persona.id, *persona.aliases)
}

_ESPEAK_NAMES: Final = {"zh": "cmn", "en": "en-us", "be": "be", "as": "as"}
"""espeak-ng's names where they are not the language's code."""

_ESPEAK_REGIONS: Final = {
    ("pt", "BR"): "pt-br",
    ("fr", "BE"): "fr-be",
    ("fr", "CH"): "fr-ch",
    **dict.fromkeys(
        [("es", region) for region in ("MX", "US", "AR", "CO", "CL", "PE", "VE", "419")], "es-419"
    ),
}


def find_persona(name: str) -> Persona | None:
    """The persona of that name, in any case, with or without ``Polly.`` and ``-Neural``."""
    wanted = name.strip().casefold().removeprefix("polly.").removesuffix("-neural")
    return _BY_NAME.get(wanted)


def resolve_persona(name: str, default: str) -> tuple[Persona | None, tuple[str, ...]]:
    """The persona asked for, else the default (None: whoever speaks the text's language)."""
    if not name.strip():
        return find_persona(default), ()
    persona = find_persona(name)
    if persona is None:
        return find_persona(default), (VOICE_UNKNOWN,)
    return persona, ()


def persona_for(language: str) -> Persona | None:
    """The first persona at home in that language."""
    return next((persona for persona in PERSONAS if persona.language == language), None)


def engine_voice(language: str, region: str, gender: Gender) -> EngineVoice:
    """Who speaks a language best, of what is built in."""
    if language != "en":
        return espeak_voice(language, region, gender)
    if gender == "male":
        return EngineVoice("hibari", "heart", "neural", depth=0.76, substitute=True)
    return EngineVoice("hibari", "heart", "neural")


def espeak_voice(language: str, region: str, gender: Gender) -> EngineVoice:
    """espeak-ng's voice for a language; also who steps in when another engine fails."""
    name = _ESPEAK_REGIONS.get((language, region)) or _ESPEAK_NAMES.get(language, language)
    variant = "+f3" if gender == "female" else ""
    return EngineVoice("espeak", name + variant, "standard")
