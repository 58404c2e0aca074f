"""Make a call's script ready to be played: texts spoken, files fetched and decoded."""

from __future__ import annotations

from dataclasses import dataclass

from ringbolt.app.checkout.check_recordings import RECORDING_OFF
from ringbolt.app.shop import Shop
from ringbolt.core.calls.call import (
    SAMPLE_RATE,
    CallScript,
    Clip,
    Gather,
    Hangup,
    Pause,
    Play,
    Record,
    RenderedGather,
    RenderedScript,
    Say,
    Sound,
)
from ringbolt.core.calls.say_as import unmarked
from ringbolt.core.calls.ssml import Piece, Silence, is_ssml, parse_ssml
from ringbolt.core.errors import AudioUnplayable, InvalidInput, SpeechFailed
from ringbolt.speech.engine import SpeechRequest

RECORD_URL_IGNORED = "record_url_ignored"
"""The note on a call whose recordings were to be sent to a URL: they are fetched from here."""


TEXT_INSTEAD = "audio_unplayable_text_spoken"
"""The note of a call whose audio file could not be played, so that its text was spoken."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A script with its audio files. ``notes`` say what differs from the request."""

    script: RenderedScript
    notes: tuple[str, ...]


async def render(shop: Shop, script: CallScript, max_play_ms: int) -> Rendered:
    """Turn a script into audio. A file is played for at most ``max_play_ms``.

    Raises ``SpeechFailed``, ``SpeechBusy`` among them, ``AudioUnplayable`` or ``AudioBusy``.
    """
    steps: list[Clip | Pause | RenderedGather | Record] = []
    notes: list[str] = []
    for step in script:
        if isinstance(step, Hangup):
            break
        if isinstance(step, Record):
            if not shop.policies.calls.has_recordings:  # turned off since the call was bought
                raise AudioUnplayable("Calls are not recorded here.", code=RECORDING_OFF)
            if step.url:
                notes.append(RECORD_URL_IGNORED)
            steps.append(step)
        elif isinstance(step, Gather):
            prompt: list[Clip | Pause] = []
            for part in step.prompt:
                prompt.extend(await _sound(shop, part, max_play_ms, notes))
            steps.append(
                RenderedGather(tuple(prompt), step.max_digits, step.finish_key, step.timeout_ms)
            )
        else:
            steps.extend(await _sound(shop, step, max_play_ms, notes))
    return Rendered(tuple(steps), tuple(dict.fromkeys(notes)))


async def _sound(shop: Shop, step: Sound, max_play_ms: int, notes: list[str]) -> list[Clip | Pause]:
    match step:
        case Pause():
            return [step]
        case Play():
            return await _played(shop, step, max_play_ms, notes)
        case Say():
            return await spoken(shop, step, notes)


async def _played(shop: Shop, step: Play, max_play_ms: int, notes: list[str]) -> list[Clip | Pause]:
    try:
        clip = await shop.audio.load(step.url, max_play_ms)
    except AudioUnplayable as error:
        if step.fallback is None:
            raise
        notes.append(f"{TEXT_INSTEAD}: {error.message}")
        return await spoken(shop, step.fallback, notes)
    return [clip] * step.repeat


async def spoken(
    shop: Shop,
    step: Say,
    notes: list[str],
    *,
    preview: bool = False,
    sample_rate: int = SAMPLE_RATE,
) -> list[Clip | Pause]:
    """The text as clips and pauses; what differs from the request is added to ``notes``. A
    ``preview`` lets the texts of calls go first. ``sample_rate``: of the clips, Hz.

    Raises ``SpeechFailed``, also for SSML that cannot be read.
    """
    parts: list[Clip | Pause] = []
    for part in _parts(step, notes):
        if isinstance(part, Silence):
            parts.append(Pause(part.ms))
            continue
        language = part.language or step.language
        speech = await shop.speaker.speak(
            SpeechRequest(
                part.to_speak, step.voice, language, step.neural, part.rate, preview, sample_rate
            )
        )
        notes.extend(speech.notes)
        parts.append(Clip(str(speech.path), speech.duration_ms))
    return parts * step.repeat


def _parts(step: Say, notes: list[str]) -> tuple[Piece | Silence, ...]:
    if not is_ssml(step.text):
        return (Piece(unmarked(step.text)),)
    try:
        markup = parse_ssml(step.text)
    except InvalidInput as error:
        raise SpeechFailed(error.message, code=error.code, suggestion=error.suggestion) from error
    notes.extend(markup.notes)
    return markup.parts
