"""What a request to speak means: the cleaned text, its persona, and how it is to be read. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ringbolt.core.errors import Role, SpeechFailed
from ringbolt.speech.engine import SpeechRequest
from ringbolt.speech.language import parse_tag, refusal
from ringbolt.speech.normalise import clean
from ringbolt.speech.plan import SpeechJob
from ringbolt.speech.voices import Persona, resolve_persona

MAX_TEXT = 3000
"""Code points in one text; about four minutes of speech."""

MIN_RATE, MAX_RATE = 0.5, 2.0
"""How much slower and faster than usual a voice is still understood."""


@dataclass(frozen=True, slots=True)
class Understood:
    """A parsed request: what to say, as which persona, and notes on what was ignored."""

    job: SpeechJob
    persona: Persona | None
    notes: tuple[str, ...]


def understand(request: SpeechRequest, default_voice: str) -> Understood:
    """Clean the text and find the persona. Raises ``SpeechFailed`` if no voice can speak it."""
    if len(request.text) > MAX_TEXT:
        raise SpeechFailed(
            f"The text has more than {MAX_TEXT} characters.", code="SPEECH_TOO_LONG", role=Role.TEXT
        )
    text = clean(request.text)
    reason = refusal(text)
    if reason:
        raise SpeechFailed(reason, code="SPEECH_UNSPEAKABLE", role=Role.TEXT)
    persona, notes = resolve_persona(request.voice, default_voice)
    tag = parse_tag(request.language)
    job = SpeechJob(
        text=text,
        language=f"{tag.language}-{tag.region}".rstrip("-") if tag else "",
        gender=persona.gender if persona else "female",
        home=persona.language if persona else "",
        region=persona.region if persona else "",
        rate=min(MAX_RATE, max(MIN_RATE, request.rate)),
        sample_rate=request.sample_rate,
    )
    return Understood(job, persona, notes)
