"""``type = "memory"``: every text is a second of silence, for tests."""

from __future__ import annotations

from ringbolt.registry.types import Context, PartType
from ringbolt.speech.engine import Speaker
from ringbolt.speech.types import SpeakerSettings


class SilentSpeakerSettings(SpeakerSettings):
    """For tests: nothing is spoken ([how](testing-with-memory.md))."""


def _build(settings: SilentSpeakerSettings, context: Context) -> Speaker:
    from ringbolt.speech.memory.speaker import SilentSpeaker  # noqa: PLC0415 - as configured

    return SilentSpeaker(context.data_dir / "silence.pcm")


MEMORY = PartType(SilentSpeakerSettings, _build)
