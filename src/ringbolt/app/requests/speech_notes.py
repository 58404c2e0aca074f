"""What a buyer is told about the texts of a call before paying for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ringbolt.core.calls.call import Gather, Play, Say, Step
from ringbolt.core.commands import CallOrder
from ringbolt.speech.engine import SpeechRequest
from ringbolt.speech.precheck import is_partly_unspoken
from ringbolt.speech.voices import PARTLY_UNSPOKEN


def speech_notes(order: CallOrder, default_voice: str) -> tuple[str, ...]:
    """``PARTLY_UNSPOKEN`` if a text has something that its language has no word for."""
    lacking = (is_partly_unspoken(text, default_voice) for text in _texts(order))
    return (PARTLY_UNSPOKEN,) if any(lacking) else ()


def _texts(order: CallOrder) -> Iterator[SpeechRequest]:
    if order.message:
        yield SpeechRequest(order.message, order.voice, order.language)
    yield from _of_steps(order.steps)


def _of_steps(steps: Iterable[Step]) -> Iterator[SpeechRequest]:
    for step in steps:
        match step:
            case Say():
                yield SpeechRequest(step.text, step.voice, step.language)
            case Play(fallback=Say() as text):
                yield from _of_steps((text,))
            case Gather():
                yield from _of_steps(step.prompt)
