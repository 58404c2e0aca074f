"""Make a call's script ready to be played: texts spoken, files fetched and decoded."""

from __future__ import annotations

from dataclasses import dataclass

from ringbolt.app.shop import Shop
from ringbolt.core.call import (
    CallScript,
    Clip,
    Gather,
    Hangup,
    Pause,
    Play,
    RenderedGather,
    RenderedScript,
    Say,
)
from ringbolt.core.errors import AudioUnplayable
from ringbolt.speech.engine import SpeechRequest


@dataclass(frozen=True, slots=True)
class Rendered:
    """A script with its audio at hand. ``notes`` say what differs from the wish."""

    script: RenderedScript
    notes: tuple[str, ...]


async def render(shop: Shop, script: CallScript) -> Rendered:
    """Raises ``SpeechFailed`` or ``AudioUnplayable``."""
    steps: list[Clip | Pause | RenderedGather] = []
    notes: list[str] = []
    for step in script:
        if isinstance(step, Hangup):
            break
        if isinstance(step, Gather):
            prompt: list[Clip | Pause] = []
            for part in step.prompt:
                prompt.extend(await _sound(shop, part, notes))
            steps.append(
                RenderedGather(tuple(prompt), step.max_digits, step.finish_key, step.timeout_ms)
            )
        else:
            steps.extend(await _sound(shop, step, notes))
    return Rendered(tuple(steps), tuple(dict.fromkeys(notes)))


async def _sound(shop: Shop, step: Say | Play | Pause, notes: list[str]) -> list[Clip | Pause]:
    match step:
        case Pause():
            return [step]
        case Play():
            return await _played(shop, step, notes)
        case Say():
            return await _spoken(shop, step, notes)


async def _played(shop: Shop, step: Play, notes: list[str]) -> list[Clip | Pause]:
    try:
        clip = await shop.audio.load(step.url, step.max_ms)
    except AudioUnplayable as error:
        if step.fallback is None:
            raise
        notes.append(f"audio_unplayable_text_spoken: {error.message}")
        return await _spoken(shop, step.fallback, notes)
    return [clip] * step.repeat


async def _spoken(shop: Shop, step: Say, notes: list[str]) -> list[Clip | Pause]:
    speech = await shop.speaker.speak(
        SpeechRequest(step.text, step.voice, step.language, step.neural)
    )
    notes.extend(speech.notes)
    return [Clip(str(speech.path), speech.duration_ms)] * step.repeat
