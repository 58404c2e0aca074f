"""The texts of a call, as the content rules check them."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from ringbolt.core.calls.call import Gather, Play, Say, Step
from ringbolt.core.calls.ssml import is_ssml, parse_ssml, whole_text
from ringbolt.core.commands import CallOrder
from ringbolt.core.errors import InvalidInput


def spoken_texts(order: CallOrder) -> tuple[str, ...]:
    """Every text of a call, those included that are spoken only if a file cannot be played.

    A marked-up one stands there as it is heard and as it is written, and as it came.
    """
    texts = [step.text for step in _sounds(order) if isinstance(step, Say)]
    apart = [form for text in texts for form in forms_of(text)]
    return (*apart, " ".join(texts)) if len(texts) > 1 else tuple(apart)


def heard(order: CallOrder) -> tuple[str, ...]:
    """What the called person hears, each text once; for a file its address, without the query."""
    said: list[str] = []
    for step in _sounds(order):
        if isinstance(step, Play):
            parts = urlsplit(step.url)
            said.append(f"{parts.hostname or ''}{parts.path}")
        elif isinstance(step, Say):
            said.append(forms_of(step.text)[-1])
    return tuple(said)


def _sounds(order: CallOrder) -> Iterator[Step]:
    steps: tuple[Step, ...] = order.steps
    if order.message:
        steps = (Say(order.message), *steps)
    if order.audio_url:
        steps = (Play(order.audio_url), *steps)
    for step in steps:
        inside = step.prompt if isinstance(step, Gather) else (step,)
        for each in inside:
            yield each
            if isinstance(each, Play) and each.fallback is not None:
                yield each.fallback


def forms_of(text: str) -> tuple[str, ...]:
    """The text as it came; before it, if it is marked up, what is between its tags; after it,
    what is heard."""
    if not is_ssml(text):
        return (text,)
    try:
        return whole_text(text), text, parse_ssml(text).text
    except InvalidInput:  # it is spoken as it stands
        return (text,)
